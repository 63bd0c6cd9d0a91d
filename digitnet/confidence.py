"""A network's modesty put right: confidences mapped so that they are the shares of right answers.

A network that has also learnt what is no digit doubts more pictures than it need, since letters and scribbles
were a large part of what it saw. A temperature, which sharpens all probabilities alike, cannot mend that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.geometry import CLASSES

#: The confidence of a guess.
CHANCE = 1.0 / CLASSES
#: Shares nearer to 0 or 1 than this are not told apart.
NEAREST = 1e-9


@dataclass(frozen=True)
class ConfidenceScale:
    """A rising map from confidences to calibrated ones that leaves chance, 1/10, and certainty in place.

    With the confidence c as the share s of the way from chance to certainty, ``s = (c − 1/10) / (9/10)``,

    ``logit s' = slope · logit s + offset,   c' = 1/10 + 9/10 · s'``

    which is Platt's (1999) logistic calibration, on that share; it is the identity for slope 1 and offset 0.
    The order of all answers stays the same, and so does the digit that each of them names.

    >>> scale = ConfidenceScale(slope=1.0, offset=1.0)  # less modest
    >>> scale.confidence(np.array([0.1, 0.55, 1.0])).round(3)
    array([0.1  , 0.758, 1.   ])

    Raises:
        ConfigurationError: the slope is not positive, or one of the two is not finite.

    Reference: J. Platt, "Probabilistic outputs for support vector machines" (1999).
    """

    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite([self.slope, self.offset]).all() and self.slope > 0):
            raise ConfigurationError(
                "A confidence scale has a positive slope and a finite offset; got "
                f"{self.slope!r} and {self.offset!r}."
            )

    def confidence(self, confidence: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated confidences of confidences in [1/10, 1]."""
        share = np.minimum(np.maximum((np.asarray(confidence, np.float64) - CHANCE) / (1 - CHANCE), 0.0), 1.0)
        near = np.minimum(np.maximum(share, NEAREST), 1 - NEAREST)
        odds = np.exp(self.slope * np.log(near / (1 - near)) + self.offset)
        scaled = np.where((share > 0) & (share < 1), odds / (1 + odds), share)
        return np.asarray(CHANCE + (1 - CHANCE) * scaled)

    def probabilities(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows ``(n, 10)`` with the largest mapped and the others keeping their proportions; sums stay 1."""
        if self.slope == 1 and self.offset == 0:
            return probabilities
        rows, best = np.arange(len(probabilities)), probabilities.argmax(axis=1)
        before = probabilities[rows, best]
        after = self.confidence(before)
        rest = np.maximum(1 - before, NEAREST)
        scaled: NDArray[np.float64] = probabilities * ((1 - after) / rest)[:, None]
        scaled[rows, best] = after
        # Where the rest was nothing, its proportions are no guide: what is missing belongs to the largest.
        scaled[rows, best] += 1 - scaled.sum(axis=1)
        return scaled

    def of_one(self, probabilities: list[float]) -> list[float]:
        """What :meth:`probabilities` makes of one row, without NumPy: in 3 instead of 22 µs.

        >>> row = [0.7] + [0.3 / 9] * 9
        >>> scale = ConfidenceScale(offset=1.0)
        >>> bool(np.allclose(scale.of_one(row), scale.probabilities(np.array([row]))))
        True
        """
        if self.slope == 1 and self.offset == 0:
            return probabilities
        before = max(probabilities)
        share = min(max((before - CHANCE) / (1 - CHANCE), 0.0), 1.0)
        if 0 < share < 1:
            near = min(max(share, NEAREST), 1 - NEAREST)
            odds = math.exp(self.slope * math.log(near / (1 - near)) + self.offset)
            share = odds / (1 + odds)
        less = (1 - CHANCE) * (1 - share) / max(1 - before, NEAREST)
        scaled = [less * probability for probability in probabilities]
        best = probabilities.index(before)
        scaled[best] = 0.0
        scaled[best] = 1 - sum(scaled)
        return scaled


def fit_confidence_scale(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> ConfidenceScale:
    """The scale under which answers of confidence c are right as often as c says: by maximum likelihood.

    Targets are smoothed as Platt's are, ``(right + 1) / (right + 2)`` and ``1 / (wrong + 2)``, lest a few
    answers that are all right make every confidence 1.

    Args:
        probabilities: ``(n, 10)`` of validation data.
        labels: ``(n,)``.

    Answers of confidence 0.7 that are right nine times in ten are surer than they say:

    >>> probabilities = np.full((10, 10), 0.3 / 9)
    >>> probabilities[:, 3] = 0.7
    >>> labels = np.array([3] * 9 + [5])
    >>> before = probabilities.max(axis=1)[:1]
    >>> fit_confidence_scale(probabilities, labels).confidence(before).round(2)
    array([0.85])
    """
    from scipy.optimize import minimize  # a tenth of a service's start, which never fits a scale

    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    targets = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))

    def loss(logarithm_and_offset: NDArray[np.float64]) -> float:
        scale = ConfidenceScale(float(np.exp(logarithm_and_offset[0])), float(logarithm_and_offset[1]))
        chance = np.clip(scale.confidence(confidence), NEAREST, 1 - NEAREST)
        return -float(np.mean(targets * np.log(chance) + (1 - targets) * np.log(1 - chance)))

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-9})
    return ConfidenceScale(float(np.exp(np.clip(found.x[0], -2, 2))), float(np.clip(found.x[1], -6, 6)))
