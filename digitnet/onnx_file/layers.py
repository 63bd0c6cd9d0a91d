"""Each kind of layer as the ONNX operator that computes what it computes in prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn import BatchNorm, Dense, Layer, LeakyReLU, Network, ReLU, Sigmoid, Softmax, Tanh
from digitnet.nn.arrays import to_numpy
from digitnet.onnx_file.builder import GraphBuilder

#: Kinds of layers that only training sees; in prediction, what goes in comes out.
INVISIBLE = frozenset({"dropout", "gradient_clip"})

# Layer -> operator and its attributes. Operators take a layer's arrays in the order in which the layer names
# them: Gemm weight and bias, BatchNormalization gain, shift, mean and variance.
_COUNTERPARTS: dict[type[Layer], tuple[str, Callable[[Any], dict[str, Any]]]] = {
    Dense: ("Gemm", lambda _: {}),
    # Momentum weighs the newest batch here and the old statistics there.
    BatchNorm: (
        "BatchNormalization",
        lambda layer: {"epsilon": layer.epsilon, "momentum": 1.0 - layer.momentum},
    ),
    ReLU: ("Relu", lambda _: {}),
    LeakyReLU: ("LeakyRelu", lambda layer: {"alpha": layer.slope}),
    Sigmoid: ("Sigmoid", lambda _: {}),
    Tanh: ("Tanh", lambda _: {}),
    Softmax: ("Softmax", lambda _: {"axis": 1}),
}


def add_network(builder: GraphBuilder, network: Network, inputs: str, outputs: str) -> None:
    """Add a network's layers to a graph, from the tensor ``inputs`` to the tensor ``outputs``.

    Arrays keep the network's dtype and the names that :meth:`~digitnet.nn.Network.named_arrays` gives them.

    Raises:
        ConfigurationError: a kind of layer that has no counterpart, or a weight that is no number.
    """
    arrays = {name: to_numpy(array) for name, array in network.named_arrays().items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ConfigurationError(
                f"The network is not exported: {name} holds numbers that are NaN or infinite. Train it anew."
            )
    visible = [index for index, layer in enumerate(network.layers) if layer.kind not in INVISIBLE]
    value = inputs
    for index in visible:
        layer, prefix = network.layers[index], f"layers.{index}"
        operator, attributes = _counterpart(index, layer)
        names = [f"{prefix}.{spec.name}" for spec in layer.parameter_specs()]
        stored = [builder.constant(name, arrays[name]) for name in names]
        result = outputs if index == visible[-1] else f"{prefix}.outputs"
        value = builder.node(operator, [value, *stored], result, **attributes(layer))


def _counterpart(index: int, layer: Layer) -> tuple[str, Callable[[Any], dict[str, Any]]]:
    # By the very class: a subclass may compute something else.
    if type(layer) not in _COUNTERPARTS:
        known = sorted({kind.kind for kind in _COUNTERPARTS} | INVISIBLE)
        raise ConfigurationError(
            f"Layer {index}, {layer!r}, has no counterpart in ONNX here; kinds that have one are "
            f"{', '.join(known)}."
        )
    return _COUNTERPARTS[type(layer)]
