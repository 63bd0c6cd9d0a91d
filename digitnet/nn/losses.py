"""What training minimises: each loss gives a number and the gradient that starts backpropagation.

``forward(predictions, targets)`` returns a builtin float, ``backward()`` the gradient of that number
with respect to the predictions, in a buffer that the next call reuses.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.buffers import Buffers
from digitnet.nn.layers import Array


class Loss:
    """Base of all losses."""

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

    def forward(self, predictions: Array, targets: NDArray[Any]) -> float:
        """The loss of predictions ``(batch, outputs)`` against their targets."""
        raise NotImplementedError

    def backward(self) -> Array:
        """∂loss/∂predictions, of the predictions' shape and dtype, for the last ``forward``."""
        raise NotImplementedError

    def _like(self, name: str, array: Array) -> Array:
        return self._buffers.get(name, array.shape, array.dtype)


class SoftmaxCrossEntropy(Loss):
    """Cross-entropy of softmax probabilities, computed from logits and integer labels.

    ``L = -1/m Σ_b log p_b[label_b]`` with ``p = softmax(logits)``, and, because the two fit together,
    simply ``∂L/∂logits = (p - onehot(label)) / m``. With label smoothing ε the target is
    ``(1 - ε) onehot + ε / classes`` (Szegedy et al. 2016).

    Shapes: logits ``(batch, classes)`` floats, labels ``(batch,)`` integers in [0, classes).

    >>> loss = SoftmaxCrossEntropy()
    >>> round(loss.forward(np.zeros((2, 4)), np.array([0, 3])), 6)      # log 4
    1.386294
    >>> loss.backward()[0]
    array([-0.375,  0.125,  0.125,  0.125])
    """

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0.0 <= label_smoothing < 1.0:
            raise ConfigurationError(f"Label smoothing lies in [0, 1); got {label_smoothing}.")
        self.label_smoothing = float(label_smoothing)

    def config(self) -> dict[str, Any]:
        return super().config() | {"label_smoothing": self.label_smoothing}

    def check_targets(self, targets: NDArray[Any], outputs: int) -> None:
        if targets.ndim != 1 or not np.issubdtype(targets.dtype, np.integer):
            raise ConfigurationError(
                "SoftmaxCrossEntropy takes integer labels of shape (n,); "
                f"got {targets.dtype} of shape {targets.shape}."
            )
        if targets.size and not 0 <= targets.min() <= targets.max() < outputs:
            raise ConfigurationError(
                f"Labels for a network with {outputs} outputs lie between 0 and {outputs - 1}; "
                f"got {targets.min()} to {targets.max()}."
            )

    def forward(self, predictions: Array, targets: NDArray[Any]) -> float:
        batch, classes = predictions.shape
        log_p = self._like("log_p", predictions)
        grad = self._like("grad", predictions)
        column = self._buffers.get("column", (batch, 1), predictions.dtype)
        # log p = x - max - log Σ e^(x - max): subtracting the row's maximum keeps e^x finite.
        np.maximum.reduce(predictions, axis=1, keepdims=True, out=column)
        np.subtract(predictions, column, out=log_p)
        np.exp(log_p, out=grad)
        np.add.reduce(grad, axis=1, keepdims=True, out=column)
        grad /= column
        np.log(column, out=column)
        log_p -= column

        rows = np.arange(batch)
        loss = -float(log_p[rows, targets].mean())
        smoothing = self.label_smoothing
        if smoothing:
            loss = (1.0 - smoothing) * loss - smoothing * float(log_p.mean())
            grad -= smoothing / classes
        grad[rows, targets] -= 1.0 - smoothing
        grad *= 1.0 / batch
        self._grad = grad
        return loss

    def backward(self) -> Array:
        return self._grad


class BinaryCrossEntropy(Loss):
    """``L = -mean(y log p + (1 - y) log(1 - p))`` for targets y in [0, 1].

    With ``from_logits=False`` the predictions are probabilities, usually of a Sigmoid layer, and
    ``∂L/∂p = (p - y) / (p (1 - p)) / n``; p is kept ``epsilon`` away from 0 and 1, where the logarithm
    would be infinite. With ``from_logits=True`` they are logits z, p = σ(z),
    ``L = mean(max(z, 0) - z y + log(1 + e^-|z|))`` and ``∂L/∂z = (σ(z) - y) / n``, exact at any z.
    ``n`` is the number of predictions.

    Shapes: predictions and targets ``(batch, outputs)``; targets of shape ``(batch,)`` are read as one
    column.
    """

    def __init__(self, *, from_logits: bool = False, epsilon: float = 1e-7) -> None:
        super().__init__()
        if not 0.0 < epsilon < 0.5:
            raise ConfigurationError(f"The epsilon of BinaryCrossEntropy lies in (0, 0.5); got {epsilon}.")
        self.from_logits = from_logits
        self.epsilon = float(epsilon)

    def config(self) -> dict[str, Any]:
        return super().config() | {"from_logits": self.from_logits, "epsilon": self.epsilon}

    def forward(self, predictions: Array, targets: NDArray[Any]) -> float:
        y = targets.reshape(predictions.shape)
        p, grad = self._like("p", predictions), self._like("grad", predictions)
        if self.from_logits:
            np.abs(predictions, out=p)
            np.negative(p, out=p)
            np.exp(p, out=p)
            np.log1p(p, out=p)
            np.maximum(predictions, 0.0, out=grad)
            p += grad
            np.multiply(predictions, y, out=grad)
            p -= grad
            loss = float(p.mean())
            np.multiply(predictions, 0.5, out=grad)
            np.tanh(grad, out=grad)
            grad += 1.0
            grad *= 0.5
            grad -= y
        else:
            # An epsilon that 1 - epsilon rounds away in this dtype would keep nothing from infinity.
            epsilon = max(self.epsilon, float(np.finfo(predictions.dtype).eps))
            np.clip(predictions, epsilon, 1.0 - epsilon, out=p)
            np.log(p, out=grad)
            grad *= y
            loss = -float(grad.sum())
            rest = self._like("rest", predictions)
            np.subtract(1.0, p, out=rest)
            np.log(rest, out=grad)
            weight = self._like("weight", predictions)
            np.subtract(1.0, y, out=weight)
            grad *= weight
            loss = (loss - float(grad.sum())) / predictions.size
            np.subtract(p, y, out=grad)
            rest *= p
            grad /= rest
        grad *= 1.0 / predictions.size
        self._grad = grad
        return loss

    def backward(self) -> Array:
        return self._grad


class MeanSquaredError(Loss):
    """``L = factor · mean((ŷ - y)²)``, or the sum instead of the mean; ``∂L/∂ŷ = 2 factor (ŷ - y) [/ n]``.

    Args:
        reduction: ``"mean"`` divides by n, the number of predictions; ``"sum"`` does not.
        factor: 0.5 gives the half squared error whose derivative has no 2.

    Shapes: predictions and targets ``(batch, outputs)``; targets of shape ``(batch,)`` are read as one
    column.

    >>> loss = MeanSquaredError()
    >>> loss.forward(np.array([[1.0], [3.0]]), np.array([0.0, 0.0]))
    5.0
    >>> loss.backward().ravel()
    array([1., 3.])
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

    def forward(self, predictions: Array, targets: NDArray[Any]) -> float:
        scale = self.factor / (predictions.size if self.reduction == "mean" else 1)
        grad, squares = self._like("grad", predictions), self._like("squares", predictions)
        np.subtract(predictions, targets.reshape(predictions.shape), out=grad)
        np.multiply(grad, grad, out=squares)
        loss = scale * float(squares.sum())
        grad *= 2.0 * scale
        self._grad = grad
        return loss

    def backward(self) -> Array:
        return self._grad
