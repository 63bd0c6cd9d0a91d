"""The network: a chain of layers on one flat vector of parameters and one of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.activations import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.layers import Array, Dense, Dropout, Layer, ParameterSpec

LAYER_KINDS: dict[str, type[Layer]] = {
    layer.kind: layer for layer in (Dense, Dropout, BatchNorm, ReLU, LeakyReLU, Sigmoid, Tanh, Softmax)
}


class Network:
    """A multi-layer perceptron, ``outputs = f_n(… f_2(f_1(inputs)))``.

    All learned numbers live in one vector ``parameters`` (weights first, then biases and gains) and
    all their gradients in ``gradients``; each layer holds views into them. An optimiser step is then a
    few in-place operations on one array, and a checkpoint is one copy. What is not learned by gradient
    (running statistics) lives in ``state``.

    Args:
        layers: in order; the first one with a known width fixes ``in_features``.
        rng: draws the initial weights and, in training, the dropout masks. None leaves all parameters
            zero, for a network whose weights are read from a file.
        dtype: float32, or float64 for gradient checks.

    Raises:
        ConfigurationError: widths of neighbouring layers do not fit, or the dtype is not a float.

    >>> network = Network([Dense(64, 32), ReLU(), Dense(32, 10)], rng=np.random.default_rng(0))
    >>> network.in_features, network.out_features, network.parameters.size
    (64, 10, 2410)
    >>> network.predict(np.zeros((5, 64))).shape
    (5, 10)
    """

    def __init__(
        self, layers: Sequence[Layer], *, rng: np.random.Generator | None, dtype: DTypeLike = np.float32
    ) -> None:
        self.layers = list(layers)
        if len({id(layer) for layer in self.layers}) < len(self.layers) or any(
            layer.in_use for layer in self.layers
        ):
            raise ConfigurationError(
                "A layer stands more than once in a network, or in another network already. It remembers "
                "what passed through it, so make a new one for each place."
            )
        self.rng = rng or np.random.default_rng()
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ConfigurationError(f"A network computes in float32 or float64; got {self.dtype}.")
        self.in_features, self.out_features = _widths(self.layers)
        self._hand_out_memory()
        for layer in self.layers:
            layer.rng, layer.in_use = self.rng, True
        if rng is not None:
            self._initialize()
        # Below the first layer with parameters nobody needs a gradient, so training stops there.
        self._first_trained = next(i for i, layer in enumerate(self.layers) if layer.parameter_specs())
        self.layers[self._first_trained].wants_input_gradient = False

    def _hand_out_memory(self) -> None:
        specs = [(layer, spec) for layer in self.layers for spec in layer.parameter_specs()]
        weights = [pair for pair in specs if pair[1].kind == "weight"]
        biases = [pair for pair in specs if pair[1].kind == "bias"]
        states = [pair for pair in specs if pair[1].kind == "state"]
        self.weight_count = _total(weights)
        self.parameters: Array = np.zeros(self.weight_count + _total(biases), self.dtype)
        self.gradients: Array = np.zeros_like(self.parameters)
        self.state: Array = np.zeros(_total(states), self.dtype)
        offset = 0
        for layer, spec in weights + biases:
            setattr(layer, spec.name, _view(self.parameters, offset, spec.shape))
            setattr(layer, "grad_" + spec.name, _view(self.gradients, offset, spec.shape))
            offset += int(np.prod(spec.shape))
        offset = 0
        for layer, spec in states:
            setattr(layer, spec.name, _view(self.state, offset, spec.shape))
            offset += int(np.prod(spec.shape))

    def _initialize(self) -> None:
        for layer in self.layers:
            for spec in layer.parameter_specs():
                getattr(layer, spec.name)[...] = spec.initializer(self.rng, spec.shape)

    def forward(self, inputs: Array, training: bool = False) -> Array:
        """Outputs ``(batch, out_features)`` of inputs ``(batch, in_features)`` in the network's dtype.

        Nothing is checked here: this is the inner loop. :meth:`predict` checks. In training the result
        is a buffer that the next step overwrites.
        """
        for layer in self.layers:
            inputs = layer.forward(inputs, training)
        return inputs

    def backward(self, grad_output: Array) -> None:
        """Fill ``gradients`` from ∂loss/∂outputs ``(batch, out_features)`` of the last training pass."""
        for layer in reversed(self.layers[self._first_trained :]):
            grad_output = layer.backward(grad_output)

    def input_gradient(self, inputs: Array, grad_output: Array) -> Array:
        """∂loss/∂inputs: which way each input pixel would have to change to change the outputs.

        It is the gradient of a training pass: BatchNorm takes the statistics of this batch, Dropout a new
        mask. The network is as before afterwards, but call it from one thread at a time.

        Args:
            inputs: ``(batch, in_features)``.
            grad_output: ∂loss/∂outputs, ``(batch, out_features)``.
        """
        first = self.layers[self._first_trained]
        first.wants_input_gradient = True
        state, rng_state = self.state.copy(), self.rng.bit_generator.state
        try:
            self.forward(np.asarray(inputs, self.dtype), training=True)
            grad = np.asarray(grad_output, self.dtype)
            for layer in reversed(self.layers):
                grad = layer.backward(grad)
            return grad.copy()
        finally:
            first.wants_input_gradient = False
            self.state[...], self.rng.bit_generator.state = state, rng_state

    def predict(self, inputs: NDArray[Any], *, batch_size: int = 4096) -> Array:
        """Outputs ``(n, out_features)``, computed in batches so that memory stays bounded; thread-safe.

        Raises:
            ConfigurationError: the inputs are not ``(n, in_features)``, or the batch size is below 1.
        """
        if batch_size < 1:
            raise ConfigurationError(f"A batch size is at least 1; got {batch_size}.")
        inputs = np.asarray(inputs, self.dtype)
        if inputs.ndim != 2 or inputs.shape[1] != self.in_features:
            raise ConfigurationError(
                f"The network expects inputs of shape (n, {self.in_features}); got {inputs.shape}."
            )
        if len(inputs) <= batch_size:
            return self.forward(inputs)
        outputs = np.empty((len(inputs), self.out_features), self.dtype)
        for start in range(0, len(inputs), batch_size):
            outputs[start : start + batch_size] = self.forward(inputs[start : start + batch_size])
        return outputs

    def named_arrays(self) -> dict[str, Array]:
        """Views of every array by name, such as ``layers.0.weight``: what a model file holds."""
        return {
            f"layers.{index}.{spec.name}": getattr(layer, spec.name)
            for index, layer in enumerate(self.layers)
            for spec in layer.parameter_specs()
        }

    def architecture(self) -> list[dict[str, Any]]:
        """The layers as plain values; :meth:`from_architecture` builds the network again."""
        return [{"kind": layer.kind, **layer.config()} for layer in self.layers]

    @classmethod
    def from_architecture(
        cls,
        architecture: Sequence[dict[str, Any]],
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Network:
        """Build a network from :meth:`architecture`; without an ``rng`` its parameters are zero.

        Raises:
            ConfigurationError: a kind of layer or an argument that is not known.
        """
        return cls(build_layers(architecture), rng=rng, dtype=dtype)


def build_layers(architecture: Sequence[dict[str, Any]]) -> list[Layer]:
    """Layers from their plain values, without memory yet; raises ConfigurationError on unknown ones."""
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


def _widths(layers: Sequence[Layer]) -> tuple[int, int]:
    """Input and output width of a chain, each layer checked against the one before it."""
    known = [layer for layer in layers if isinstance(layer, (Dense, BatchNorm))]
    if not known:
        raise ConfigurationError("A network needs at least one Dense layer; got none.")
    first = known[0]
    in_features = first.in_features if isinstance(first, Dense) else first.features
    width = in_features
    for layer in layers:
        width = layer.output_width(width)
    return in_features, width


def _total(pairs: list[tuple[Layer, ParameterSpec]]) -> int:
    return sum(int(np.prod(spec.shape)) for _, spec in pairs)


def _view(vector: Array, offset: int, shape: tuple[int, ...]) -> Array:
    return vector[offset : offset + int(np.prod(shape))].reshape(shape)
