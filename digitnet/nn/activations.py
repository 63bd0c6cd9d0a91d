"""Element-wise non-linearities, each with its derivative written on its own output.

Writing the derivative on the output rather than on the input means that a layer remembers one array.
All of them map ``(batch, features)`` to the same shape and dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn.layers import Array, Layer


class Activation(Layer):
    """Base: ``outputs = f(inputs)`` and ``grad_input = grad_output · f'``, f' as a function of f."""

    def function(self, inputs: Array, out: Array) -> Array:
        """Write f(inputs) into ``out`` and return it."""
        raise NotImplementedError

    def derivative(self, outputs: Array, out: Array) -> Array:
        """Write f'(inputs), expressed by the outputs, into ``out`` and return it."""
        raise NotImplementedError

    def forward(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return self.function(inputs, np.empty_like(inputs))
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        self._outputs = self.function(inputs, outputs)
        return self._outputs

    def backward(self, grad_output: Array) -> Array:
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        self.derivative(self._outputs, grad_input)
        grad_input *= grad_output
        return grad_input


class ReLU(Activation):
    """``max(x, 0)``; derivative 1 where the output is positive, else 0 (Nair & Hinton 2010).

    >>> ReLU().forward(np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 2.]])
    """

    kind = "relu"

    def function(self, inputs: Array, out: Array) -> Array:
        return np.maximum(inputs, 0.0, out=out)

    def derivative(self, outputs: Array, out: Array) -> Array:
        # The output is never negative, so its sign is the derivative, without a detour over booleans.
        return np.sign(outputs, out=out)


class LeakyReLU(Activation):
    """``x`` if x > 0 else ``slope · x``; derivative 1 or ``slope`` (Maas et al. 2013).

    Args:
        slope: in [0, 1): the output then has the sign of the input, which the derivative relies on.
    """

    kind = "leaky_relu"

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__()
        if not 0.0 <= slope < 1.0:
            raise ConfigurationError(f"The slope of a LeakyReLU lies in [0, 1); got {slope}.")
        self.slope = float(slope)

    def config(self) -> dict[str, Any]:
        return {"slope": self.slope}

    def function(self, inputs: Array, out: Array) -> Array:
        np.multiply(inputs, self.slope, out=out)
        return np.maximum(inputs, out, out=out)

    def derivative(self, outputs: Array, out: Array) -> Array:
        np.heaviside(outputs, 0.0, out=out)
        out *= 1.0 - self.slope
        out += self.slope
        return out


class Sigmoid(Activation):
    """``σ(x) = 1 / (1 + e^-x)``, in (0, 1); derivative ``σ (1 - σ)``.

    Computed as ``½ (1 + tanh(x / 2))``, the same function, which cannot overflow.

    >>> Sigmoid().forward(np.array([[0.0, 1000.0, -1000.0]]))
    array([[0.5, 1. , 0. ]])
    """

    kind = "sigmoid"

    def function(self, inputs: Array, out: Array) -> Array:
        np.multiply(inputs, 0.5, out=out)
        np.tanh(out, out=out)
        out += 1.0
        out *= 0.5
        return out

    def derivative(self, outputs: Array, out: Array) -> Array:
        np.subtract(1.0, outputs, out=out)
        out *= outputs
        return out


class Tanh(Activation):
    """``tanh(x)``, in (-1, 1); derivative ``1 - tanh²``."""

    kind = "tanh"

    def function(self, inputs: Array, out: Array) -> Array:
        return np.tanh(inputs, out=out)

    def derivative(self, outputs: Array, out: Array) -> Array:
        np.multiply(outputs, outputs, out=out)
        np.subtract(1.0, out, out=out)
        return out


class Softmax(Layer):
    """``s_i = e^{x_i} / Σ_j e^{x_j}`` along each row: positive numbers that sum to one.

    The Jacobian is ``∂s_i/∂x_j = s_i (δ_ij - s_j)``, hence
    ``grad_input = s · (grad_output - Σ_j grad_output_j s_j)``. For classification prefer
    :class:`~digitnet.nn.losses.SoftmaxCrossEntropy` on logits: fused, it is cheaper and more exact.

    >>> Softmax().forward(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """

    kind = "softmax"

    def forward(self, inputs: Array, training: bool = False) -> Array:
        outputs: Array = (
            self._buffers.get("outputs", inputs.shape, inputs.dtype) if training else np.empty_like(inputs)
        )
        np.subtract(inputs, inputs.max(axis=1, keepdims=True), out=outputs)
        np.exp(outputs, out=outputs)
        outputs /= outputs.sum(axis=1, keepdims=True)
        if training:
            self._outputs = outputs
        return outputs

    def backward(self, grad_output: Array) -> Array:
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        np.multiply(grad_output, self._outputs, out=grad_input)
        total = grad_input.sum(axis=1, keepdims=True)
        np.subtract(grad_output, total, out=grad_input)
        grad_input *= self._outputs
        return grad_input


def softmax(logits: Array) -> Array:
    """Probabilities ``(batch, classes)`` from logits of the same shape, in the logits' dtype."""
    return Softmax().forward(logits)
