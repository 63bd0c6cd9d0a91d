"""How good a network is: accuracy with its interval, confusion, calibration and rejection.

Shapes: probabilities ``(n, classes)`` floats, labels ``(n,)`` integers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError

Array = NDArray[Any]


def accuracy(outputs: Array, labels: Array) -> float:
    """Share of rows whose largest output is that of the label; logits or probabilities alike.

    >>> accuracy(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]))
    0.5

    Args:
        outputs: ``(n, classes)``, at least two classes.
        labels: ``(n,)`` integers.

    Raises:
        ConfigurationError: one column only, whose largest output says nothing.
    """
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise ConfigurationError(
            f"accuracy compares the columns of outputs (n, classes); got {outputs.shape}. "
            "For a single probability of yes use np.mean((outputs[:, 0] >= 0.5) == labels), "
            "and for its logit >= 0."
        )
    return float(np.mean(outputs.argmax(axis=1) == labels))


def error_interval(errors: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's (1927) interval for an error rate: 95 % by default.

    Unlike the rate ± z·√(rate(1-rate)/n), it stays within [0, 1] and holds for a handful of errors.

    >>> low, high = error_interval(10, 1000)
    >>> round(low, 4), round(high, 4)
    (0.0054, 0.0183)

    Raises:
        ConfigurationError: more errors than answers, or no answers.
    """
    if not 0 <= errors <= total or total == 0:
        raise ConfigurationError(
            f"An interval needs 0 ≤ errors ≤ total, total above 0; got {errors}, {total}."
        )
    rate = errors / total
    centre = (rate + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    # At the ends the formula gives 0 and 1 exactly, but for rounding.
    return (centre - half if errors else 0.0), (centre + half if errors < total else 1.0)


def confusion_matrix(predicted: Array, labels: Array, classes: int = 10) -> NDArray[np.int64]:
    """Counts ``(classes, classes)``: row = label, column = prediction.

    >>> confusion_matrix(np.array([1, 1, 0]), np.array([1, 0, 0]), classes=2)
    array([[1, 1],
           [0, 1]])
    """
    pairs = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def reliability(probabilities: Array, labels: Array, bins: int = 15) -> list[tuple[int, float, float]]:
    """The reliability diagram: how often answers of about the same confidence are right.

    Returns:
        One ``(answers, mean confidence, share of them right)`` for each bin, by rising confidence; the bins
        have equal mass, which puts most of them where most answers are.

    >>> p = np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1], [0.9, 0.1]])
    >>> [(n, round(sure, 2), right) for n, sure, right in reliability(p, np.array([0, 1, 0, 0]), bins=2)]
    [(2, 0.6, 0.5), (2, 0.9, 1.0)]
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    return [
        (len(part), float(confidence[part].mean()), float(correct[part].mean()))
        for part in np.array_split(order, min(bins, len(order)))
    ]


def calibration_error(probabilities: Array, labels: Array, bins: int = 15) -> float:
    """Expected calibration error with bins of equal mass (Nguyen & O'Connor 2015).

    ``ECE = Σ_b n_b/n · |accuracy_b - mean confidence_b|``: 0 means that of the answers given with 90 %
    confidence, 90 % are right.

    >>> p = np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1], [0.9, 0.1]])
    >>> round(calibration_error(p, np.array([0, 1, 0, 0]), bins=2), 6)  # (0.1 + 0.1) / 2
    0.1
    """
    gaps = (n * abs(right - sure) for n, sure, right in reliability(probabilities, labels, bins))
    return sum(gaps) / len(labels)


def fit_temperature(logits: Array, labels: Array) -> float:
    """The temperature T whose ``softmax(logits / T)`` fits the labels best (Guo et al. 2017).

    Minimises the cross-entropy over log T in [log 1/20, log 20] by golden-section search; it is convex
    in 1/T. Targets are smoothed as Platt (1999) does, by ``1 / (n + 2)``: n answers that are all right
    do not prove that no answer will ever be wrong, and would otherwise push T to zero.

    Args:
        logits: ``(n, classes)`` of validation data.
        labels: ``(n,)``.

    Returns:
        T to about three digits; above 1 when the network is too sure of itself.

    A network that says 0.95 and is right in three cases of four is too sure of itself:

    >>> logits = np.tile([3.0, 0.0], (400, 1))
    >>> labels = np.array([0, 0, 0, 1] * 100)
    >>> round(fit_temperature(logits, labels), 1)  # softmax(3 / 2.7) is 0.75
    2.7

    Reference: C. Guo et al., "On calibration of modern neural networks" (2017).
    """
    smoothing = 1.0 / (len(labels) + 2)

    def loss(log_temperature: float) -> float:
        scaled = np.asarray(logits, np.float64) / math.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        log_p = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        of_label = log_p[np.arange(len(labels)), labels]
        return -float(np.mean((1.0 - smoothing) * of_label + smoothing * log_p.mean(axis=1)))

    golden = (math.sqrt(5.0) - 1.0) / 2.0
    low, high = math.log(1 / 20), math.log(20)
    while high - low > 1e-3:
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


def rejection_threshold(probabilities: Array, labels: Array, *, lost: float = 0.01) -> float:
    """The confidence below which an answer comes back as not sure.

    It is the ``lost`` quantile of the confidence of right answers: so many of them are given up to
    catch the wrong ones, most of which lie below. Choose it on validation data. Where no answer is
    right, it is 1: nothing is to be believed.

    >>> p = np.array([[0.99, 0.01], [0.9, 0.1], [0.6, 0.4]])
    >>> round(rejection_threshold(p, np.array([0, 0, 1]), lost=0.5), 3)
    0.945

    Raises:
        ConfigurationError: a share outside [0, 1).
    """
    if not 0.0 <= lost < 1.0:
        raise ConfigurationError(f"The lost share lies in [0, 1); got {lost}.")
    right = probabilities.argmax(axis=1) == labels
    if not right.any():
        return 1.0
    return float(np.quantile(probabilities.max(axis=1)[right], lost))


def risk_coverage(probabilities: Array, labels: Array) -> tuple[Array, Array, Array]:
    """Thresholds, share of answers accepted (coverage) and share of those wrong (risk) at each.

    All three ``(n,)``, by falling threshold: how many mistakes are left if only the surest are kept.

    >>> p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    >>> thresholds, coverage, risk = risk_coverage(p, np.array([0, 0, 1]))  # the least sure answer is wrong
    >>> thresholds.tolist(), coverage.round(2).tolist(), risk.round(2).tolist()
    ([0.9, 0.8, 0.6], [0.33, 0.67, 1.0], [0.0, 0.0, 0.33])
    """
    confidence = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    order = np.argsort(-confidence, kind="stable")
    kept = np.arange(1, len(order) + 1)
    return confidence[order], kept / len(order), np.cumsum(wrong[order]) / kept


def area_under_risk_coverage(probabilities: Array, labels: Array) -> float:
    """The mean risk over all coverages (AURC; Geifman, Uziel & El-Yaniv 2019); 0 if nothing is wrong.

    It is small if there are few mistakes, and smaller still if they are the least confident answers.

    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.5, 0.5]])
    >>> area_under_risk_coverage(p, np.array([0, 0, 1, 1]))  # only the least sure is wrong: (0+0+0+1/4)/4
    0.0625
    """
    return float(risk_coverage(probabilities, labels)[2].mean())


def auroc(digits: Array, others: Array) -> float:
    """The chance that a digit is more confident than something else, a tie counting half.

    It is the area under the ROC curve: ``P(c > c') + P(c = c') / 2`` (Mann & Whitney 1947).

    Args:
        digits: ``(n,)`` confidences of pictures of digits.
        others: ``(m,)`` those of pictures that show none.

    >>> auroc(np.array([0.9, 0.8, 0.5]), np.array([0.5, 0.0]))
    0.9166666666666666

    Raises:
        ConfigurationError: one of the two is empty.
    """
    _some("AUROC", digits, others)
    ordered = np.sort(others)
    below = np.searchsorted(ordered, digits, side="left")
    not_above = np.searchsorted(ordered, digits, side="right")
    return float(np.mean(below + not_above)) / (2.0 * len(ordered))


def rejection_at(digits: Array, others: Array, lost: float) -> tuple[float, float]:
    """The threshold that rejects at most a share ``lost`` of the digits, and what it rejects of the rest.

    What is less confident than the threshold is rejected.

    Args:
        digits: ``(n,)`` confidences of pictures of digits.
        others: ``(m,)`` those of pictures that show none.
        lost: in [0, 1).

    >>> rejection_at(np.array([0.2, 0.8, 0.9, 0.95]), np.array([0.0, 0.5, 0.85]), lost=0.25)
    (0.8, 0.6666666666666666)

    Raises:
        ConfigurationError: one of the two is empty, or a share outside [0, 1).
    """
    _some("A rejection rate", digits, others)
    if not 0.0 <= lost < 1.0:
        raise ConfigurationError(f"The lost share lies in [0, 1); got {lost}.")
    # A product such as 0.04 · 25 must not be cut to 0 for the rounding of 0.04.
    threshold = float(np.sort(digits)[int(lost * len(digits) + 1e-9)])
    return threshold, float(np.mean(np.asarray(others) < threshold))


def _some(what: str, digits: Array, others: Array) -> None:
    if not len(digits) or not len(others):
        raise ConfigurationError(
            f"{what} compares digits with others; got {len(digits)} and {len(others)} of them."
        )
