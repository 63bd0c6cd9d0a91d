"""Element-wise non-linearities, each with its derivative written on its own output.

Writing the derivative on the output rather than on the input means that a layer remembers one array.
All of them map ``(batch, features)`` to the same shape and dtype.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn.arrays import array_module
from digitnet.nn.layers import Array, Layer


class Activation(Layer):
    """Base: ``outputs = f(inputs)`` and ``grad_input = grad_output · f'``, f' as a function of f.

    An activation of one's own overrides :meth:`function` and :meth:`derivative`. Both write into ``out``,
    which has the shape and dtype of the other argument, by functions of ``self.xp``.

    >>> import numpy as np
    >>> class Square(Activation):
    ...     def function(self, inputs, out):
    ...         return self.xp.multiply(inputs, inputs, out=out)
    >>> Square().forward(np.array([[3.0, -4.0]]))
    array([[ 9., 16.]])
    """

    def function(self, inputs: Array, out: Array) -> Array:
        """Write f(inputs) into ``out`` and return it."""
        raise NotImplementedError

    def derivative(self, outputs: Array, out: Array) -> Array:
        """Write f'(inputs), expressed by the outputs, into ``out`` and return it."""
        raise NotImplementedError

    def forward(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return self.function(inputs, self.xp.empty_like(inputs))
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        self._outputs = self.function(inputs, outputs)
        return self._outputs

    def backward(self, grad_output: Array) -> Array:
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        self.derivative(self._outputs, grad_input)
        grad_input *= grad_output
        return grad_input

    def input_gradient(self, inputs: Array, outputs: Array, grad_output: Array) -> Array:  # noqa: ARG002
        grad_input = self.derivative(outputs, self.xp.empty_like(outputs))
        grad_input *= grad_output
        return grad_input


class ReLU(Activation):
    """``max(x, 0)``; derivative 1 where the output is positive, else 0 (Nair & Hinton 2010).

    Shapes: ``(batch, features)`` to the same; outputs in [0, ∞).

    >>> import numpy as np
    >>> ReLU().forward(np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 2.]])
    """

    kind = "relu"

    def backward(self, grad_output: Array) -> Array:
        # The derivative is a comparison, so it is kept as booleans: 0.44 ns a number against 0.63.
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        positive = self._buffers.get("positive", grad_output.shape, np.bool_)
        self.xp.greater(self._outputs, 0.0, out=positive)
        self.xp.multiply(grad_output, positive, out=grad_input)
        return grad_input

    def function(self, inputs: Array, out: Array) -> Array:
        result: Array = self.xp.maximum(inputs, 0.0, out=out)
        return result

    def derivative(self, outputs: Array, out: Array) -> Array:
        # The output is never negative, so its sign is the derivative, without a detour over booleans.
        result: Array = self.xp.sign(outputs, out=out)
        return result


class LeakyReLU(Activation):
    """``x`` if x > 0 else ``slope · x``; derivative 1 or ``slope`` (Maas et al. 2013).

    Shapes: ``(batch, features)`` to the same; any output.

    Args:
        slope: in [0, 1): the output then has the sign of the input, which the derivative relies on.

    Raises:
        ConfigurationError: a slope outside [0, 1).

    >>> import numpy as np
    >>> LeakyReLU(0.1).forward(np.array([[-1.0, 0.0, 2.0]]))
    array([[-0.1,  0. ,  2. ]])
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
        self.xp.multiply(inputs, self.slope, out=out)
        result: Array = self.xp.maximum(inputs, out, out=out)
        return result

    def derivative(self, outputs: Array, out: Array) -> Array:
        self.xp.heaviside(outputs, 0.0, out=out)
        out *= 1.0 - self.slope
        out += self.slope
        return out


class Sigmoid(Activation):
    """``σ(x) = 1 / (1 + e^-x)``, in (0, 1); derivative ``σ (1 - σ)``.

    Computed as ``½ (1 + tanh(x / 2))``, the same function, which cannot overflow. Its rounding is that of
    numbers near one, so tiny values are inexact: in float32 σ(-10) is right to three digits, σ(-15) is off
    by 3 %, and from -18 on (in float64 from -38) it is zero. To classify, prefer no Sigmoid and a
    :class:`~digitnet.nn.BinaryCrossEntropy` with ``from_logits=True``, which is exact everywhere.

    Shapes: ``(batch, features)`` to the same.

    >>> import numpy as np
    >>> Sigmoid().forward(np.array([[0.0, 1000.0, -1000.0]]))
    array([[0.5, 1. , 0. ]])
    """

    kind = "sigmoid"

    def function(self, inputs: Array, out: Array) -> Array:
        self.xp.multiply(inputs, 0.5, out=out)
        self.xp.tanh(out, out=out)
        out += 1.0
        out *= 0.5
        return out

    def derivative(self, outputs: Array, out: Array) -> Array:
        self.xp.subtract(1.0, outputs, out=out)
        out *= outputs
        return out


class Tanh(Activation):
    """``tanh(x) = (e^x - e^-x) / (e^x + e^-x)``, in (-1, 1); derivative ``1 - tanh²``.

    Shapes: ``(batch, features)`` to the same. It is zero at zero, which keeps a layer's outputs centred
    (LeCun et al. 1998).

    >>> import numpy as np
    >>> Tanh().forward(np.array([[0.0, 1000.0, -1000.0]]))
    array([[ 0.,  1., -1.]])
    """

    kind = "tanh"

    def function(self, inputs: Array, out: Array) -> Array:
        result: Array = self.xp.tanh(inputs, out=out)
        return result

    def derivative(self, outputs: Array, out: Array) -> Array:
        self.xp.multiply(outputs, outputs, out=out)
        self.xp.subtract(1.0, out, out=out)
        return out


class Softmax(Layer):
    """``s_i = e^{x_i} / Σ_j e^{x_j}`` along each row: positive numbers that sum to one (Bridle 1990).

    The Jacobian is ``∂s_i/∂x_j = s_i (δ_ij - s_j)``, hence
    ``grad_input = s · (grad_output - Σ_j grad_output_j s_j)``. For classification prefer
    :class:`~digitnet.nn.SoftmaxCrossEntropy` on logits: fused, it is cheaper and more exact.

    Shapes: ``(batch, classes)`` to the same; the row's maximum is subtracted first, so that no logit
    overflows.

    >>> import numpy as np
    >>> Softmax().forward(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """

    kind = "softmax"

    def forward(self, inputs: Array, training: bool = False) -> Array:
        xp = self.xp
        outputs: Array = (
            self._buffers.get("outputs", inputs.shape, inputs.dtype) if training else xp.empty_like(inputs)
        )
        _softmax(xp, inputs, outputs)
        if training:
            self._outputs = outputs
        return outputs

    def backward(self, grad_output: Array) -> Array:
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        return self._pull_back(self._outputs, grad_output, grad_input)

    def input_gradient(self, inputs: Array, outputs: Array, grad_output: Array) -> Array:  # noqa: ARG002
        return self._pull_back(outputs, grad_output, self.xp.empty_like(outputs))

    def _pull_back(self, outputs: Array, grad_output: Array, out: Array) -> Array:
        self.xp.multiply(grad_output, outputs, out=out)
        total = out.sum(axis=1, keepdims=True)
        self.xp.subtract(grad_output, total, out=out)
        out *= outputs
        return out


def softmax(logits: Array) -> Array:
    """Probabilities ``(batch, classes)`` from logits of the same shape, in the logits' dtype and library.

    >>> import numpy as np
    >>> softmax(np.array([[0.0, np.log(3.0)]]))
    array([[0.25, 0.75]])
    """
    xp = array_module(logits)
    return _softmax(xp, logits, xp.empty_like(logits))


def _softmax(xp: ModuleType, logits: Array, out: Array) -> Array:
    """``e^z / Σ e^z``, with the largest z of a row taken from all of it, lest e^z overflow."""
    xp.subtract(logits, logits.max(axis=1, keepdims=True), out=out)
    xp.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
    return out
