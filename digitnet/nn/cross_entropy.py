"""The two losses of classification: cross-entropy over classes, and over yes-or-no answers."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.layers import Array
from digitnet.nn.losses import Loss, weigh


class SoftmaxCrossEntropy(Loss):
    """Cross-entropy of softmax probabilities, computed from logits and integer labels.

    ``L = -1/m Σ_b log p_b[label_b]`` with ``p = softmax(logits)``, and, because the two fit together,
    simply ``∂L/∂logits = (p - onehot(label)) / m``. With label smoothing ε the target is
    ``(1 - ε) onehot + ε / classes`` (Szegedy et al. 2016). With weights w the row's term of the sum and
    its gradient are multiplied by ``w_b``; m stays the number of rows.

    Shapes: logits ``(batch, classes)`` floats, labels ``(batch,)`` integers in [0, classes), weights
    ``(batch,)``. The gradient has the logits' dtype.

    Args:
        label_smoothing: ε in [0, 1).

    Raises:
        ConfigurationError: a label smoothing outside [0, 1).

    >>> import numpy as np
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

    def forward(
        self, predictions: Array, targets: NDArray[Any], weights: NDArray[Any] | None = None
    ) -> float:
        xp = self._arrays_of(predictions)
        batch, classes = predictions.shape
        # A row a class: sums and maxima over ten classes then run along whole rows of the batch, which halves
        # the time. What follows is written for one column, a picture.
        log_p = self._buffers.get("log_p", (classes, batch), predictions.dtype)
        grad = self._buffers.get("grad", (classes, batch), predictions.dtype)
        row = self._buffers.get("row", (batch,), predictions.dtype)
        log_p[...] = predictions.T
        # log p = x - max - log Σ e^(x - max): subtracting the largest logit keeps e^x finite.
        log_p.max(axis=0, out=row)
        log_p -= row
        xp.exp(log_p, out=grad)
        grad.sum(axis=0, out=row)
        grad /= row
        xp.log(row, out=row)
        log_p -= row

        columns = xp.arange(batch)
        smoothing = self.label_smoothing
        if smoothing:
            grad -= smoothing / classes
        grad[targets, columns] -= 1.0 - smoothing
        weigh(weights, log_p.T, grad.T)
        self._grad = self._like("result", predictions)
        xp.multiply(grad.T, 1.0 / batch, out=self._grad)
        loss: float = -float(log_p[targets, columns].sum()) / batch
        return (1.0 - smoothing) * loss - smoothing * float(log_p.mean()) if smoothing else loss

    def backward(self) -> Array:
        return self._grad


class BinaryCrossEntropy(Loss):
    """``L = -mean(y log p + (1 - y) log(1 - p))`` for targets y in [0, 1].

    With ``from_logits=False`` the predictions are probabilities, usually of a Sigmoid layer, and
    ``∂L/∂p = (p - y) / (p (1 - p)) / n``; p is kept ``epsilon`` away from 0 and 1, where the logarithm
    would be infinite. With ``from_logits=True`` they are logits z, p = σ(z),
    ``L = mean(max(z, 0) - z y + log(1 + e^-|z|))`` and ``∂L/∂z = (σ(z) - y) / n``, exact at any z.
    Prefer them: a Sigmoid rounds small probabilities away, and with them the gradient of an answer that is
    very sure and wrong. ``n`` is the number of predictions. With weights w a row's terms and its gradient
    are multiplied by ``w_b``.

    Shapes: predictions and targets ``(batch, outputs)``, weights ``(batch,)``; targets of shape
    ``(batch,)`` are read as one column. The gradient has the predictions' dtype.

    Args:
        from_logits: whether the predictions are logits.
        epsilon: in (0, 0.5); at least the dtype's own is used.

    Raises:
        ConfigurationError: an epsilon outside (0, 0.5).

    >>> import numpy as np
    >>> loss = BinaryCrossEntropy()
    >>> round(loss.forward(np.array([[0.8], [0.8]]), np.array([1, 0])), 6)    # -(log 0.8 + log 0.2) / 2
    0.916291
    >>> loss.backward().ravel()
    array([-0.625,  2.5  ])
    """

    def __init__(self, *, from_logits: bool = False, epsilon: float = 1e-7) -> None:
        super().__init__()
        if not 0.0 < epsilon < 0.5:
            raise ConfigurationError(f"The epsilon of BinaryCrossEntropy lies in (0, 0.5); got {epsilon}.")
        self.from_logits = from_logits
        self.epsilon = float(epsilon)

    def config(self) -> dict[str, Any]:
        return super().config() | {"from_logits": self.from_logits, "epsilon": self.epsilon}

    def check_targets(self, targets: NDArray[Any], outputs: int) -> None:
        super().check_targets(targets, outputs)
        if targets.size and not (targets.min() >= 0 and targets.max() <= 1):
            raise ConfigurationError(
                "BinaryCrossEntropy takes targets between 0 for no and 1 for yes; "
                f"got {targets.min()} to {targets.max()}."
            )

    def forward(
        self, predictions: Array, targets: NDArray[Any], weights: NDArray[Any] | None = None
    ) -> float:
        xp = self._arrays_of(predictions)
        y = targets.reshape(predictions.shape)
        terms, grad = self._like("terms", predictions), self._like("grad", predictions)
        if self.from_logits:
            self._of_logits(xp, predictions, y, terms, grad)
        else:
            self._of_probabilities(xp, predictions, y, terms, grad)
        weigh(weights, terms, grad)
        grad *= 1.0 / predictions.size
        self._grad = grad
        return float(terms.mean())

    def _of_logits(self, xp: ModuleType, z: Array, y: NDArray[Any], terms: Array, grad: Array) -> None:
        """Write each prediction's loss into ``terms`` and its derivative into ``grad``."""
        xp.abs(z, out=terms)
        xp.negative(terms, out=terms)
        xp.exp(terms, out=terms)
        xp.log1p(terms, out=terms)
        xp.maximum(z, 0.0, out=grad)
        terms += grad
        xp.multiply(z, y, out=grad)
        terms -= grad
        # σ(z) = ½ (1 + tanh(z / 2)), which cannot overflow.
        xp.multiply(z, 0.5, out=grad)
        xp.tanh(grad, out=grad)
        grad += 1.0
        grad *= 0.5
        grad -= y

    def _of_probabilities(
        self, xp: ModuleType, predictions: Array, y: NDArray[Any], terms: Array, grad: Array
    ) -> None:
        """The same for probabilities."""
        # An epsilon that 1 - epsilon rounds away in this dtype would keep nothing from infinity.
        epsilon = max(self.epsilon, float(np.finfo(predictions.dtype).eps))
        p, rest, no = (self._like(name, predictions) for name in ("p", "rest", "no"))
        xp.clip(predictions, epsilon, 1.0 - epsilon, out=p)
        xp.subtract(1.0, p, out=rest)
        xp.subtract(1.0, y, out=no)
        xp.log(rest, out=terms)
        terms *= no
        xp.log(p, out=grad)
        grad *= y
        terms += grad
        xp.negative(terms, out=terms)
        xp.subtract(p, y, out=grad)
        rest *= p
        grad /= rest

    def backward(self) -> Array:
        return self._grad
