"""How a network does on rows that it does not learn from: loss and score after every epoch."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer

from digitnet.estimator.building import relative_weights
from digitnet.estimator.classes import Classes
from digitnet.estimator.parameters import Parameters
from digitnet.estimator.rows import Rows, dense_parts
from digitnet.nn import Network


class HeldOut:
    """The validation rows of one call of ``fit``.

    Args:
        classifier: its ``scoring`` says what a score is; scorers get it as their estimator.
        network: predicts.
        classes: tell what its logits mean.
        rows: the validation split.
    """

    def __init__(self, classifier: Parameters, network: Network, classes: Classes, rows: Rows) -> None:
        self._classifier, self._network, self._classes, self._rows = classifier, network, classes, rows
        # What predictions are worth, without the aids of training: no smoothing and no penalty.
        self._loss = classes.loss(0.0)
        self._targets = classes.targets(rows.codes, 0.0, network.dtype)
        self._weights = relative_weights(rows, classes)
        scoring = classifier.scoring
        self._scorer = None if scoring in ("loss", "accuracy") else get_scorer(scoring)

    def measure(self) -> tuple[float, float]:
        """Loss and score of the network as it is now.

        The loss is the cross-entropy, as :func:`sklearn.metrics.log_loss` has it. The score is what the
        scorer gives; without one, the share of rows (of their weight) that are right in all their labels.
        """
        logits = predict_logits(self._network, self._rows.inputs)
        loss = self._loss.forward(logits, self._targets, self._weights)
        if self._scorer is not None:
            return loss, self._ask(self._scorer)
        right = self._classes.decide(logits) == self._rows.codes
        if self._classes.multilabel:
            right = right.all(axis=1)
        return loss, float(np.average(right, weights=self._rows.weights))

    def _ask(self, scorer: Callable[..., float]) -> float:
        weights = {}
        if self._weights is not None and "sample_weight" in inspect.signature(scorer).parameters:
            weights["sample_weight"] = self._rows.weights
        with warnings.catch_warnings():
            # The rows have been validated, and columns lose their names in that.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            labels = self._classes.decode(self._rows.codes)
            return float(scorer(self._classifier, self._rows.inputs, labels, **weights))


def predict_logits(network: Network, inputs: Any) -> NDArray[Any]:
    """Logits ``(n, outputs)`` of an array or a CSR matrix, a few rows at a time."""
    return np.concatenate([network.predict(part) for part in dense_parts(inputs)])
