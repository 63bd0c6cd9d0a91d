"""What training minimises: the base of all losses, and the mean squared error.

``forward(predictions, targets, weights)`` returns a builtin float, ``backward()`` the gradient of that
number with respect to the predictions, in a buffer that the next call reuses. The cross-entropies stand
in :mod:`digitnet.nn.cross_entropy`.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, Literal

from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.arrays import array_module
from digitnet.nn.buffers import Buffers
from digitnet.nn.layers import Array


class Loss:
    """Base of all losses: a number to minimise, and its gradient.

    A loss of one's own overrides :meth:`forward` and :meth:`backward`, and :meth:`check_targets` if it
    takes other targets than one number for each output.

    >>> from digitnet.nn import MeanSquaredError, SoftmaxCrossEntropy
    >>> isinstance(MeanSquaredError(), Loss), SoftmaxCrossEntropy().config()
    (True, {'kind': 'SoftmaxCrossEntropy', 'label_smoothing': 0.0})
    """

    def __init__(self) -> None:
        self._buffers = Buffers()

    def config(self) -> dict[str, Any]:
        """Settings as plain values, for the record of a run."""
        return {"kind": type(self).__name__}

    def check_targets(self, targets: NDArray[Any], outputs: int) -> None:
        """Find out once whether targets fit a network with so many outputs; ``forward`` does not check.

        Raises:
            ConfigurationError: another shape, or values that the loss cannot take.
        """
        if targets.shape[1:] != (outputs,) and not (targets.ndim == 1 and outputs == 1):
            raise ConfigurationError(
                f"{type(self).__name__} takes targets of shape (n, {outputs}) for a network with {outputs} "
                f"outputs; got {targets.shape}."
            )

    def forward(
        self, predictions: Array, targets: NDArray[Any], weights: NDArray[Any] | None = None
    ) -> float:
        """The loss of predictions ``(batch, outputs)`` against their targets.

        Args:
            predictions: ``(batch, outputs)`` floats.
            targets: what the loss takes.
            weights: ``(batch,)``, how much each row counts: its terms of the sum and its gradient are
                multiplied by its weight. The divisor stays the number of rows, so that a weight of 2 is
                worth the row twice, and a weight of 0 no row at all, in a batch of the same size.

        Nothing is checked here: this is the inner loop.
        """
        raise NotImplementedError

    def backward(self) -> Array:
        """∂loss/∂predictions, of the predictions' shape and dtype, for the last ``forward``."""
        raise NotImplementedError

    def _arrays_of(self, predictions: Array) -> ModuleType:
        """The library to compute with: the predictions'. The buffers follow."""
        xp = array_module(predictions)
        if xp is not self._buffers.xp:
            self._buffers = Buffers(xp)
        return xp

    def _like(self, name: str, array: Array) -> Array:
        return self._buffers.get(name, array.shape, array.dtype)


def weigh(weights: NDArray[Any] | None, *arrays: Array) -> None:
    """Multiply the rows of arrays ``(batch, …)`` by weights ``(batch,)`` in place; None changes nothing."""
    if weights is not None:
        column = weights.reshape(-1, 1)
        for array in arrays:
            array *= column


class MeanSquaredError(Loss):
    """``L = factor · mean((ŷ - y)²)``, or the sum instead of the mean; ``∂L/∂ŷ = 2 factor (ŷ - y) [/ n]``.

    Shapes: predictions and targets ``(batch, outputs)``, weights ``(batch,)``; targets of shape
    ``(batch,)`` are read as one column. The gradient has the predictions' dtype.

    Args:
        reduction: ``"mean"`` divides by n, the number of predictions; ``"sum"`` does not.
        factor: 0.5 gives the half squared error whose derivative has no 2.

    Raises:
        ConfigurationError: another reduction, or a factor that is not a positive number.

    >>> import numpy as np
    >>> loss = MeanSquaredError()
    >>> loss.forward(np.array([[1.0], [3.0]]), np.array([0.0, 0.0]))
    5.0
    >>> loss.backward().ravel()
    array([1., 3.])
    >>> loss.forward(np.array([[1.0], [3.0]]), np.array([0.0, 0.0]), weights=np.array([2.0, 0.0]))
    1.0
    """

    def __init__(self, *, reduction: Literal["mean", "sum"] = "mean", factor: float = 1.0) -> None:
        super().__init__()
        if reduction not in ("mean", "sum"):
            raise ConfigurationError(f'The reduction is "mean" or "sum"; got {reduction!r}.')
        if not 0.0 < factor < math.inf:
            raise ConfigurationError(f"The factor of MeanSquaredError is a positive number; got {factor}.")
        self.reduction = reduction
        self.factor = float(factor)

    def config(self) -> dict[str, Any]:
        return super().config() | {"reduction": self.reduction, "factor": self.factor}

    def forward(
        self, predictions: Array, targets: NDArray[Any], weights: NDArray[Any] | None = None
    ) -> float:
        xp = self._arrays_of(predictions)
        scale = self.factor / (predictions.size if self.reduction == "mean" else 1)
        grad, squares = self._like("grad", predictions), self._like("squares", predictions)
        xp.subtract(predictions, targets.reshape(predictions.shape), out=grad)
        xp.multiply(grad, grad, out=squares)
        weigh(weights, squares, grad)
        grad *= 2.0 * scale
        self._grad = grad
        return scale * float(squares.sum())

    def backward(self) -> Array:
        return self._grad
