"""Every layer with every activation and every loss of the library, each as a small network to check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.activations import Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from digitnet.nn.architecture import LAYER_KINDS
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.cross_entropy import BinaryCrossEntropy, SoftmaxCrossEntropy
from digitnet.nn.dropout import Dropout
from digitnet.nn.gradcheck.check import GradientCheck, check_gradients
from digitnet.nn.gradient_clip import GradientClip
from digitnet.nn.initializers import glorot_normal
from digitnet.nn.layers import Array, Dense, Layer
from digitnet.nn.losses import Loss, MeanSquaredError
from digitnet.nn.network import Network

BATCH, FEATURES, WIDTH, OUTPUTS = 6, 3, 4, 3
#: No value that enters an activation lies nearer to zero than this, hundreds of steps of the difference,
MARGIN = 0.01
#: nor farther away than this, where saturated units leave differences no digits to be measured by.
REACH = 5.0
#: A limit that no error signal here comes near: where GradientClip clips, it passes no gradient on.
OUT_OF_REACH = 1e6


def _dense(in_features: int, out_features: int, *, use_bias: bool = True) -> Dense:
    return Dense(in_features, out_features, use_bias=use_bias, initializer=glorot_normal)


#: What stands before the activation, by the layer it is there for.
LAYERS: dict[type[Layer], dict[str, Callable[[], list[Layer]]]] = {
    Dense: {
        "Dense": lambda: [_dense(FEATURES, WIDTH)],
        "Dense, no bias": lambda: [_dense(FEATURES, WIDTH, use_bias=False)],
    },
    Dropout: {"Dropout": lambda: [_dense(FEATURES, WIDTH), Dropout(0.4)]},
    BatchNorm: {"BatchNorm": lambda: [_dense(FEATURES, WIDTH), BatchNorm(WIDTH)]},
    GradientClip: {"GradientClip": lambda: [_dense(FEATURES, WIDTH), GradientClip(OUT_OF_REACH)]},
}

ACTIVATIONS: dict[type[Layer] | None, dict[str, Callable[[], list[Layer]]]] = {
    None: {"none": list},
    ReLU: {"ReLU": lambda: [ReLU()]},
    LeakyReLU: {"LeakyReLU": lambda: [LeakyReLU(0.1)]},
    Sigmoid: {"Sigmoid": lambda: [Sigmoid()]},
    Tanh: {"Tanh": lambda: [Tanh()]},
    Softmax: {"Softmax": lambda: [Softmax()]},
}

LOSSES: dict[type[Loss], dict[str, Callable[[], Loss]]] = {
    SoftmaxCrossEntropy: {
        "SoftmaxCrossEntropy": SoftmaxCrossEntropy,
        "SoftmaxCrossEntropy, label smoothing": lambda: SoftmaxCrossEntropy(label_smoothing=0.1),
    },
    BinaryCrossEntropy: {
        "BinaryCrossEntropy of probabilities": BinaryCrossEntropy,
        "BinaryCrossEntropy of logits": lambda: BinaryCrossEntropy(from_logits=True),
    },
    MeanSquaredError: {
        "MeanSquaredError": MeanSquaredError,
        "MeanSquaredError, sum": lambda: MeanSquaredError(reduction="sum"),
    },
}


@dataclass(frozen=True)
class Combination:
    """One network to check: ``Dense and layer, activation, Dense, loss``.

    Attributes:
        layer, activation, loss: their names in the table.
        weighted: whether the samples have weights, one of them zero.
    """

    layer: str
    activation: str
    loss: str
    weighted: bool

    def __str__(self) -> str:
        return f"{self.layer}; {self.activation}; {self.loss_title}"

    @property
    def loss_title(self) -> str:
        """The loss and whether it is weighted."""
        return f"{self.loss}, sample weights" if self.weighted else self.loss

    def check(self, seed: int) -> GradientCheck:
        """Build the network, draw a batch that keeps away from kinks, compare all gradients."""
        rng, mask_rng = np.random.default_rng(seed).spawn(2)
        loss = _make(LOSSES)[self.loss]()
        layers = [
            *_make(LAYERS)[self.layer](),
            *_make(ACTIVATIONS)[self.activation](),
            _dense(WIDTH, OUTPUTS),
        ]
        if isinstance(loss, BinaryCrossEntropy) and not loss.from_logits:
            layers.append(Sigmoid())
        network = Network(layers, rng=mask_rng, dtype=np.float64)
        inputs = draw_clear_of_kinks(network, rng)
        targets: NDArray[Any] = rng.random((BATCH, OUTPUTS))
        if isinstance(loss, SoftmaxCrossEntropy):
            targets = rng.integers(0, OUTPUTS, BATCH)
        weights = np.append(0.0, rng.uniform(0.5, 2.0, BATCH - 1)) if self.weighted else None
        return check_gradients(network, loss, inputs, targets, weights)


def draw_clear_of_kinks(network: Network, rng: np.random.Generator) -> Array:
    """Inputs, and biases in the network, for which every value that enters an activation is measurable.

    At zero ReLU and its like have a kink, where a difference quotient is no derivative; far away, sigmoids
    saturate. Biases and whole batches are drawn until all values z have ``MARGIN ≤ |z| ≤ REACH``, so this
    holds by construction and not by luck with the seed. Values that Dropout has masked are exactly zero and
    stay so. The network's generator is left as it was, and Dropout draws the same masks again.
    """
    start, state = network.parameters.copy(), network.rng.bit_generator.state
    while True:
        # Biases start at zero and gains at one, which would be special points.
        network.parameters[...] = start + rng.normal(0.0, 0.2, start.size)
        inputs: Array = rng.standard_normal((BATCH, FEATURES))
        network.rng.bit_generator.state = state
        values, clear = inputs, True
        for layer in network.layers:
            if isinstance(layer, Activation):
                size = np.abs(values[values != 0.0])
                clear &= bool(size.min() >= MARGIN and size.max() <= REACH)
            values = layer.forward(values, training=True)
        network.rng.bit_generator.state = state
        if clear:
            return inputs


def combinations() -> Iterator[Combination]:
    """All of them, loss by loss.

    Raises:
        ConfigurationError: the library has a layer, activation or loss that the tables above lack.
    """
    missing = uncovered()
    if missing:
        raise ConfigurationError(
            f"The gradient check does not know how to build {', '.join(missing)}; "
            "add it to the tables in digitnet/nn/gradcheck/combinations.py."
        )
    for loss in _make(LOSSES):
        for weighted in (False, True):
            for layer in _make(LAYERS):
                for activation in _make(ACTIVATIONS):
                    yield Combination(layer, activation, loss, weighted)


def uncovered() -> list[str]:
    """Names of the library's layers, activations and losses that the tables do not cover."""
    known = {*LAYERS, *ACTIVATIONS, *LOSSES}
    library: list[type[object]] = [*LAYER_KINDS.values(), *_library_subclasses(Loss)]
    return [kind.__name__ for kind in library if kind not in known]


def _library_subclasses(base: type[object]) -> list[type[object]]:
    return [
        found
        for kind in base.__subclasses__()
        for found in (kind, *_library_subclasses(kind))
        if found.__module__.startswith("digitnet.nn.")
    ]


def _make(table: dict[Any, dict[str, Callable[[], Any]]]) -> dict[str, Callable[[], Any]]:
    return {name: make for variants in table.values() for name, make in variants.items()}
