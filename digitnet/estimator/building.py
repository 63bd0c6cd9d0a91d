"""From hyperparameters to the parts of a training run: network, loss, optimiser and schedule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from digitnet.data.batches import Batches
from digitnet.estimator.classes import Classes
from digitnet.estimator.parameters import Parameters
from digitnet.estimator.rows import Rows
from digitnet.estimator.sparse_batches import SparseBatches
from digitnet.nn import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    Constant,
    Cosine,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Loss,
    Network,
    OneCycle,
    Optimizer,
    ReLU,
    Schedule,
    Sigmoid,
    Tanh,
    dense_layers,
)

HIDDEN: dict[str, type[Layer] | None] = {
    "identity": None,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
}


def build_layers(parameters: Parameters, features: int, outputs: int) -> list[Layer]:
    """The layers, not yet in a network: the last one gives logits."""
    layers: list[Layer] = []
    activation = HIDDEN[parameters.activation]
    for width in parameters._hidden_widths():
        layers.append(Dense(features, width))
        if parameters.batch_norm:
            layers.append(BatchNorm(width))
        if activation is not None:
            layers.append(activation())
        if parameters.dropout:
            layers.append(Dropout(parameters.dropout))
        features = width
    return [*layers, Dense(features, outputs)]


def build_network(
    parameters: Parameters, features: int, outputs: int, *, rng: np.random.Generator, dtype: DTypeLike
) -> Network:
    """The network with its first weights and biases, U(-b, b) with b = √(6 / (fan_in + fan_out)).

    For logistic hidden units b = √(2 / (fan_in + fan_out)). Both are Glorot & Bengio's (2010), as
    scikit-learn starts; the biases are drawn too, which spreads the kinks of ReLU over the inputs.
    """
    network = Network(build_layers(parameters, features, outputs), rng=rng, dtype=dtype)
    numerator = 2.0 if parameters.activation == "logistic" else 6.0
    for layer in dense_layers(network.layers):
        bound = math.sqrt(numerator / (layer.in_features + layer.out_features))
        layer.weight[...] = rng.uniform(-bound, bound, layer.weight.shape)
        layer.bias[...] = rng.uniform(-bound, bound, layer.bias.shape)
    return network


class PenalisedLoss(Loss):
    """A loss with the L2 penalty that is minimised beside it: ``L + ½ λ ‖w‖²`` over all weights.

    It reports the penalty, as scikit-learn's ``loss_curve_`` does; its gradient is the optimiser's
    ``weight_decay``, so that ``backward`` is the loss's own.

    Args:
        loss: what the penalty is added to.
        network: whose weights are penalised.
        strength: λ.

    >>> from digitnet.nn import MeanSquaredError
    >>> network = Network([Dense(1, 1)], rng=None)
    >>> network.layers[0].weight[...] = 3.0
    >>> loss = PenalisedLoss(MeanSquaredError(), network, 2.0)
    >>> loss.forward(np.array([[1.0]]), np.array([1.0]))
    9.0
    """

    def __init__(self, loss: Loss, network: Network, strength: float) -> None:
        super().__init__()
        self.loss, self.strength = loss, float(strength)
        self._weights = network.parameters[: network.weight_count]

    def config(self) -> dict[str, Any]:
        return self.loss.config() | {"penalty": self.strength}

    def check_targets(self, targets: NDArray[Any], outputs: int) -> None:
        self.loss.check_targets(targets, outputs)

    def forward(
        self, predictions: NDArray[Any], targets: NDArray[Any], weights: NDArray[Any] | None = None
    ) -> float:
        penalty = 0.5 * self.strength * float(self._weights @ self._weights)
        return self.loss.forward(predictions, targets, weights) + penalty

    def backward(self) -> NDArray[Any]:
        return self.loss.backward()


class AdamWithFixedEpsilon(Adam):
    """Adam with ε beside √v instead of √v̂, as scikit-learn has it (Kingma & Ba 2015, end of section 2).

    ``θ ← θ - α √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)``, which is Adam's own formula with
    ``ε / √(1 - β₂ᵗ)`` for ε. The difference shows where gradients are not much larger than ε.
    """

    def __init__(self, *, epsilon: float, **settings: float) -> None:
        super().__init__(epsilon=epsilon, **settings)
        self.fixed_epsilon = self.epsilon

    def step(self, learning_rate: float) -> None:
        self.epsilon = self.fixed_epsilon / math.sqrt(1.0 - self.beta2 ** (self.steps + 1))
        super().step(learning_rate)


def build_optimizer(parameters: Parameters, decay: float) -> Optimizer:
    """The optimiser; ``decay`` is λ of the penalty, while AdamW takes alpha itself."""
    if parameters.solver == "sgd":
        return SGD(
            momentum=parameters.momentum,
            nesterov=bool(parameters.nesterovs_momentum) and parameters.momentum > 0,
            weight_decay=decay,
        )
    settings = {"beta1": parameters.beta_1, "beta2": parameters.beta_2, "epsilon": parameters.epsilon}
    if parameters.solver == "adamw":
        return AdamW(**settings, weight_decay=parameters.alpha)
    return AdamWithFixedEpsilon(**settings, weight_decay=decay)


def build_schedule(parameters: Parameters, steps_per_epoch: int, *, seen: int = 0) -> Schedule:
    """The learning rate of each step, after so many samples have been seen in earlier calls.

    ``'invscaling'`` and ``'adaptive'`` are constant within an epoch: what they do, they do between epochs.
    """
    rate, total_steps = parameters.learning_rate_init, parameters.max_iter * steps_per_epoch
    if callable(parameters.learning_rate):
        return parameters.learning_rate
    if parameters.learning_rate == "cosine":
        return Cosine(rate, total_steps=total_steps)
    if parameters.learning_rate == "one_cycle":
        return OneCycle(rate, total_steps=total_steps)
    return inverse_scaling(parameters, seen) if seen else Constant(rate)


def inverse_scaling(parameters: Parameters, seen: int) -> Constant:
    """The rate of the next epoch: ``α₀ / (t + 1)^power_t`` after t samples where ``'invscaling'`` applies."""
    applies = parameters.solver == "sgd" and parameters.learning_rate == "invscaling"
    return Constant(parameters.learning_rate_init / ((seen + 1) ** parameters.power_t if applies else 1.0))


def build_batches(parameters: Parameters, rows: Rows, classes: Classes, *, seed: int) -> Batches:
    """The training split cut into batches; weights have mean one, and none are given where all are."""
    dtype = rows.inputs.dtype
    targets = classes.targets(rows.codes, parameters.label_smoothing, dtype)
    weights = relative_weights(rows, classes)
    size = parameters._batch_size(len(rows))
    if sparse.issparse(rows.inputs):
        return SparseBatches(
            rows.inputs, targets, weights=weights, batch_size=size, seed=seed, shuffle=parameters.shuffle
        )
    return Batches(
        rows.inputs,
        targets,
        weights=weights,
        batch_size=size,
        seed=seed,
        shuffle=parameters.shuffle,
        dtype=dtype,
    )


def relative_weights(rows: Rows, classes: Classes) -> NDArray[np.float64] | None:
    """Weights for the loss, of mean one times its scale, or None where all of them are one.

    The mean is over the whole split and not over each batch, so that the mean of the batches' gradients
    is the gradient of the whole: a batch of light rows makes a light step.
    """
    weights: NDArray[np.float64] = rows.weights * (classes.loss_scale / rows.weights.mean())
    return None if (weights == 1.0).all() else weights
