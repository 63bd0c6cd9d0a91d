"""What a classifier tells apart: labels become what a loss takes, and logits labels and probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from digitnet.errors import ConfigurationError
from digitnet.nn import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy

Array = NDArray[Any]


@dataclass(frozen=True)
class Classes:
    """The classes of one problem, in the order of the probabilities' columns.

    Two classes share one output (logistic), three and more have one each (softmax), and so has every
    label of a multilabel problem (logistic). A single class is a softmax over one output: always 1.

    Inside the estimator a row's label is its *code*: the class's number, or a row of zeros and ones.

    Attributes:
        labels: ``(classes,)``, sorted; the column numbers in a multilabel problem.
        multilabel: any number of labels may hold at once.

    >>> animals = Classes.of(np.array(["cat", "dog", "ant", "cat"]))
    >>> animals.codes(np.array(["dog", "ant"]))
    array([2, 0])
    >>> animals.outputs, animals.output_activation
    (3, 'softmax')
    """

    labels: Array
    multilabel: bool = False

    @classmethod
    def of(cls, y: Any) -> Classes:
        """The classes that occur in labels ``(n,)``, or the columns of an indicator matrix ``(n, labels)``.

        Raises:
            ValueError: numbers that look like a regression's, or several classes a row.
        """
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ConfigurationError(
                "Each row has several classes with more than two values; fit one classifier for each of "
                "them, for example by sklearn.multioutput.MultiOutputClassifier."
            )
        if kind == "multilabel-indicator":
            return cls(np.arange(y.shape[1]), multilabel=True)
        return cls(np.unique(np.asarray(y)))

    @property
    def binary(self) -> bool:
        """Whether one output decides between two classes."""
        return not self.multilabel and len(self.labels) == 2

    @property
    def outputs(self) -> int:
        """How many outputs the network needs."""
        return 1 if self.binary else len(self.labels)

    @property
    def output_activation(self) -> str:
        """What turns logits into probabilities, under scikit-learn's name for it."""
        return "logistic" if self.binary or self.multilabel else "softmax"

    @property
    def loss_scale(self) -> float:
        """Factor that turns the loss's mean over a row's labels into scikit-learn's sum over them."""
        return float(self.outputs) if self.multilabel else 1.0

    def codes(self, y: Any) -> NDArray[np.int64]:
        """The codes of labels: ``(n,)``, or ``(n, labels)`` zeros and ones.

        Raises:
            ConfigurationError: a label that is none of the classes, or another number of columns.
        """
        if self.multilabel:
            indicators = y.toarray() if sparse.issparse(y) else np.asarray(y)
            if indicators.shape[1:] != self.labels.shape or not np.isin(indicators, (0, 1)).all():
                raise ConfigurationError(
                    f"y is expected to be an indicator matrix of zeros and ones with {len(self.labels)} "
                    f"columns, as at first; got shape {indicators.shape}."
                )
            return np.asarray(indicators, np.int64)
        y = np.asarray(y)
        known = np.isin(y, self.labels)
        if not known.all():
            unknown, labels = np.unique(y[~known]).tolist(), self.labels.tolist()
            raise ConfigurationError(
                f"y has labels that are none of the classes: {', '.join(map(repr, unknown[:5]))}. "
                f"The classes are {', '.join(map(repr, labels[:20]))}."
            )
        return np.asarray(np.searchsorted(self.labels, y), np.int64)

    def decode(self, codes: NDArray[np.int64]) -> Array:
        """The labels that :meth:`codes` was made from."""
        return codes if self.multilabel else self.labels[codes]

    def loss(self, smoothing: float) -> Loss:
        """The loss that belongs to these classes; it takes logits."""
        if self.output_activation == "softmax":
            return SoftmaxCrossEntropy(label_smoothing=smoothing)
        return BinaryCrossEntropy(from_logits=True)

    def targets(self, codes: NDArray[np.int64], smoothing: float, dtype: DTypeLike) -> Array:
        """What the loss takes for some codes; yes and no are moved by half the smoothing each."""
        if self.output_activation == "softmax":
            return codes
        targets: Array = codes.reshape(-1, self.outputs).astype(dtype)
        targets *= 1.0 - smoothing
        targets += 0.5 * smoothing
        return targets

    def log_probabilities(self, logits: Array) -> Array:
        """Logarithms of the probabilities, ``(n, classes)``, finite for any finite logits.

        ``log softmax(z) = z - log Σ e^z`` and ``log σ(z) = -log(1 + e^-z)``.
        """
        if self.output_activation == "softmax":
            shifted = logits - logits.max(axis=1, keepdims=True)
            result: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            return result
        yes: Array = -np.logaddexp(0.0, -logits)
        return yes if self.multilabel else np.hstack([-np.logaddexp(0.0, logits), yes])

    def decide(self, logits: Array) -> NDArray[np.int64]:
        """The codes of the likeliest labels; yes needs more than one half."""
        if self.output_activation == "softmax":
            return np.asarray(logits.argmax(axis=1), np.int64)
        yes = np.asarray(logits > 0, np.int64)
        return yes if self.multilabel else yes.ravel()
