"""The network: a chain of layers on one flat vector of parameters and one of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digitnet.errors import ConfigurationError, whole_number
from digitnet.nn.architecture import build_layers, checked_widths
from digitnet.nn.frozen import FrozenNetwork
from digitnet.nn.inference import infer
from digitnet.nn.layers import Array, Layer
from digitnet.nn.memory import generator, hand_out_memory, initialize
from digitnet.nn.mistakes import check_shape, no_pass


class Network:
    """A multi-layer perceptron, ``outputs = f_n(… f_2(f_1(inputs)))``.

    All learned numbers live in one vector ``parameters`` (weights first, then biases and gains) and
    all their gradients in ``gradients``; each layer holds views into them. An optimiser step is then a
    few in-place operations on one array, and a checkpoint is one copy. What is not learned by gradient
    (running statistics) lives in ``state``.

    Args:
        layers: in order; the first one with a known width fixes ``in_features``.
        rng: draws the initial weights and, in training, the dropout masks: a generator, or a seed for one.
            None leaves the weights zero, for a network that is read from a file; biases, gains and running
            statistics start as ever, and dropout draws what it likes.
        dtype: float32, or float64 for gradient checks.
        xp: the library whose arrays the network computes with: NumPy, or another one with its interface,
            such as CuPy for a GPU. This is the one place where it is chosen; see
            :mod:`digitnet.nn.arrays` for what it must offer and what was tried.

    Attributes:
        layers: as a list.
        in_features, out_features: the width of the inputs and of the outputs.
        rng: the generator.
        dtype: of all its numbers.
        xp: the library whose arrays they are.
        parameters: ``(n,)``, all that is learned; change it in place.
        gradients: ``(n,)``, theirs, after :meth:`backward`.
        state: running statistics.
        weight_count: how many leading entries of ``parameters`` are weights.

    Raises:
        ConfigurationError: widths of neighbouring layers do not fit, no layer has a width or parameters,
            something is no layer or stands in a network already, an initializer gives another shape than it
            was asked for, the rng is none of the above, or the dtype is not float32 or float64.

    >>> from digitnet.nn import Dense, Network, ReLU
    >>> network = Network([Dense(64, 32), ReLU(), Dense(32, 10)], rng=0)
    >>> network.in_features, network.out_features, network.parameters.size
    (64, 10, 2410)
    >>> network.predict(np.zeros((5, 64))).shape
    (5, 10)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        rng: int | np.random.Generator | None,
        dtype: DTypeLike = np.float32,
        xp: ModuleType = np,
    ) -> None:
        self.layers = list(layers)
        self.in_features, self.out_features = checked_widths(self.layers)
        self.rng, self.xp = generator(rng), xp
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ConfigurationError(f"A network computes in float32 or float64; got {self.dtype}.")
        memory = hand_out_memory(self.layers, xp, self.dtype)
        self.parameters, self.gradients, self.state = memory.parameters, memory.gradients, memory.state
        self.weight_count = memory.weight_count
        initialize(self.layers, xp, self.dtype, self.rng, weights=rng is not None)
        for layer in self.layers:
            layer.rng, layer.in_use = self.rng, True
            layer.use_arrays_of(xp)
        # Below the first layer with parameters nobody needs a gradient, so training stops there.
        first = next(i for i, layer in enumerate(self.layers) if layer.parameter_specs())
        self._backwards = self.layers[first:][::-1]
        self._backwards[-1].wants_input_gradient = False
        self._has_trained = False

    def forward(self, inputs: Array, training: bool = False) -> Array:
        """Outputs ``(batch, out_features)`` of inputs ``(batch, in_features)`` in the network's dtype.

        Nothing is checked here: this is the inner loop. :meth:`predict` checks. In training the result
        is a buffer that the next step overwrites.

        >>> from digitnet.nn import Dense, MeanSquaredError
        >>> network, loss = Network([Dense(2, 1)], rng=None), MeanSquaredError()
        >>> loss.forward(network.forward(np.ones((1, 2), np.float32), training=True), np.ones((1, 1)))
        1.0
        >>> network.backward(loss.backward())
        >>> network.gradients
        array([-2., -2., -2.], dtype=float32)
        """
        if training:
            self._has_trained = True
        for layer in self.layers:
            inputs = layer.forward(inputs, training)
        return inputs

    def backward(self, grad_output: Array) -> None:
        """Fill ``gradients`` from ∂loss/∂outputs ``(batch, out_features)`` of the last training pass.

        Each layer's backward pass hands the gradient of its inputs to the layer before it: the chain rule
        from the last layer to the first (Rumelhart et al. 1986).

        Raises:
            ConfigurationError: there was no training pass.
        """
        if not self._has_trained:
            raise no_pass()
        for layer in self._backwards:
            grad_output = layer.backward(grad_output)

    def backward_to_inputs(self, grad_output: Array) -> Array:
        """:meth:`backward`, and ∂loss/∂inputs of the training pass as well.

        The result is a buffer that the next step overwrites. Here BatchNorm goes by the batch's statistics
        and Dropout by its mask, as in training; for the gradient of a prediction, see :meth:`input_gradient`.
        """
        if not self._has_trained:
            raise no_pass()
        first = self._backwards[-1]
        first.wants_input_gradient = True
        try:
            for layer in reversed(self.layers):
                grad_output = layer.backward(grad_output)
        finally:
            first.wants_input_gradient = False
        return grad_output

    def input_gradient(self, inputs: Array, grad_output: Array) -> Array:
        """∂loss/∂inputs: which way each input pixel would have to change to change the outputs.

        It is the gradient of what :meth:`predict` computes: BatchNorm goes by its running statistics, Dropout
        passes everything on. Like ``predict`` it changes nothing and is thread-safe.

        Args:
            inputs: ``(n, in_features)``, of NumPy or of the network's library; the result is the library's.
            grad_output: ∂loss/∂outputs, ``(n, out_features)``, likewise.

        Raises:
            ConfigurationError: other shapes, or a layer of one's own without ``input_gradient``.

        >>> from digitnet.nn import Dense
        >>> network = Network([Dense(3, 1)], rng=0)
        >>> gradient = network.input_gradient(np.ones((1, 3)), np.ones((1, 1)))
        >>> bool((gradient == network.layers[0].weight.T).all())
        True
        """
        values = [self._checked(inputs)]
        for layer in self.layers:
            values.append(layer.forward(values[-1]))
        grad: Array = self.xp.asarray(grad_output, self.dtype)
        if grad.shape != values[-1].shape:
            raise ConfigurationError(
                f"∂loss/∂outputs has the outputs' shape, here {values[-1].shape}; got {grad.shape}."
            )
        for layer, before, after in zip(self.layers[::-1], values[-2::-1], values[:0:-1], strict=True):
            grad = layer.input_gradient(before, after, grad)
        return grad

    def predict(self, inputs: NDArray[Any], *, batch_size: int = 4096) -> Array:
        """Outputs ``(n, out_features)``, computed in batches so that memory stays bounded; thread-safe.

        Args:
            inputs: ``(n, in_features)``, of NumPy or of the network's library; the outputs are the library's.
            batch_size: rows that go through the layers at once.

        Raises:
            ConfigurationError: the inputs are not ``(n, in_features)``, or the batch size is no whole number
                from 1 on.
        """
        batch_size = whole_number(batch_size, "A batch size")
        inputs = self._checked(inputs)
        compute = partial(infer, self.layers) if self.xp is np else self.forward
        if len(inputs) <= batch_size:
            return compute(inputs)
        outputs: Array = self.xp.empty((len(inputs), self.out_features), self.dtype)
        for start in range(0, len(inputs), batch_size):
            outputs[start : start + batch_size] = compute(inputs[start : start + batch_size])
        return outputs

    def frozen(self) -> FrozenNetwork:
        """A copy that only predicts, for speed; see :class:`~digitnet.nn.FrozenNetwork`.

        Raises:
            ConfigurationError: the arrays are not NumPy's.
        """
        if self.xp is not np:
            raise ConfigurationError(
                f"Only NumPy's arrays can be frozen, these are {self.xp.__name__}'s; let the network predict."
            )
        return FrozenNetwork(self.layers, self.in_features, self.out_features, self.dtype)

    def _checked(self, inputs: NDArray[Any]) -> Array:
        array: Array = self.xp.asarray(inputs, self.dtype)
        check_shape(array.shape, self.in_features)
        return array

    def named_arrays(self) -> dict[str, Array]:
        """Views of every array by name, such as ``layers.0.weight``: what a model file holds.

        >>> from digitnet.nn import Dense
        >>> [(name, array.shape) for name, array in Network([Dense(2, 3)], rng=None).named_arrays().items()]
        [('layers.0.weight', (2, 3)), ('layers.0.bias', (3,))]
        """
        return {
            f"layers.{index}.{spec.name}": getattr(layer, spec.name)
            for index, layer in enumerate(self.layers)
            for spec in layer.parameter_specs()
        }

    def named_gradients(self) -> dict[str, Array]:
        """Views of the gradients, under the names that :meth:`named_arrays` gives what they belong to."""
        return {
            f"layers.{index}.{spec.name}": getattr(layer, "grad_" + spec.name)
            for index, layer in enumerate(self.layers)
            for spec in layer.parameter_specs()
            if spec.kind != "state"
        }

    def architecture(self) -> list[dict[str, Any]]:
        """The layers as plain values; :meth:`from_architecture` builds the network again.

        >>> from digitnet.nn import Dense
        >>> Network([Dense(2, 3, use_bias=False)], rng=None).architecture()
        [{'kind': 'dense', 'in_features': 2, 'out_features': 3, 'use_bias': False}]
        """
        return [{"kind": layer.kind, **layer.config()} for layer in self.layers]

    @classmethod
    def from_architecture(
        cls,
        architecture: Sequence[dict[str, Any]],
        *,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
        xp: ModuleType = np,
    ) -> Network:
        """Build a network from :meth:`architecture`; without an ``rng`` its weights are zero.

        Raises:
            ConfigurationError: a kind of layer or an argument that is not known.
        """
        return cls(build_layers(architecture), rng=rng, dtype=dtype, xp=xp)
