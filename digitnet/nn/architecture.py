"""Which layers there are, how plain values become layers, and whether layers make a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digitnet.errors import ConfigurationError
from digitnet.nn.activations import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.dropout import Dropout
from digitnet.nn.gradient_clip import GradientClip
from digitnet.nn.layers import Dense, Layer

LAYER_KINDS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (Dense, Dropout, BatchNorm, GradientClip, ReLU, LeakyReLU, Sigmoid, Tanh, Softmax)
}


def build_layers(architecture: Sequence[dict[str, Any]]) -> list[Layer]:
    """Layers from their plain values, as :meth:`Network.architecture` gives them; without memory yet.

    Raises:
        ConfigurationError: a kind of layer or an argument that is not known.

    >>> build_layers([{"kind": "dense", "in_features": 3, "out_features": 2}, {"kind": "relu"}])
    [Dense(in_features=3, out_features=2, use_bias=True), ReLU()]
    """
    layers = []
    for entry in architecture:
        try:
            arguments = {name: value for name, value in entry.items() if name != "kind"}
            layers.append(LAYER_KINDS[entry["kind"]](**arguments))
        except (AttributeError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"Not a layer that is known here: {entry!r}; known kinds are {', '.join(LAYER_KINDS)}."
            ) from error
    return layers


def dense_layers(layers: Sequence[Layer]) -> list[Dense]:
    """Those of the layers that have a weight, from the inputs to the outputs.

    >>> dense_layers([Dense(64, 32), ReLU(), Dense(32, 10)])[-1].out_features
    10
    """
    return [layer for layer in layers if isinstance(layer, Dense)]


def checked_widths(layers: Sequence[Layer]) -> tuple[int, int]:
    """Input and output width of layers that are to make a network.

    Raises:
        ConfigurationError: something is no layer or serves a network already, no layer has parameters, or
            neighbours do not fit.

    >>> checked_widths([Dense(64, 32), ReLU(), Dense(32, 10)])
    (64, 10)
    """
    _check_layers(layers)
    return _widths(layers)


def _check_layers(layers: Sequence[Layer]) -> None:
    for layer in layers:
        if not isinstance(layer, Layer):
            raise ConfigurationError(
                f"A network is made of layers, such as Dense(64, 10) or ReLU(); got {layer!r}."
            )
        if not hasattr(layer, "in_use"):
            raise ConfigurationError(
                f"The constructor of {type(layer).__name__} does not call super().__init__(); add that call."
            )
    if len({id(layer) for layer in layers}) < len(layers) or any(layer.in_use for layer in layers):
        raise ConfigurationError(
            "A layer stands more than once in a network, or in another network already. It remembers "
            "what passed through it, so make a new one for each place."
        )
    if not any(layer.parameter_specs() for layer in layers):
        raise ConfigurationError("A network needs at least one layer with parameters, such as Dense.")


def _widths(layers: Sequence[Layer]) -> tuple[int, int]:
    """Input and output width of a chain, each layer checked against the one before it."""
    in_features = next((layer.in_features for layer in layers if layer.in_features is not None), None)
    if in_features is None:
        raise ConfigurationError(
            "A network needs at least one layer that says how wide its inputs are, such as Dense; a layer of "
            "your own does so by its attribute in_features."
        )
    width = in_features
    known = False
    for layer in layers:
        known = known or layer.in_features is not None
        after = layer.output_width(width)
        if not known and after != width:
            raise ConfigurationError(
                f"{layer!r} gives another width than it takes, and no layer so far says how wide its inputs "
                "are. Set its attribute in_features."
            )
        width = after
    return in_features, width
