"""From a network's outputs to calibrated probabilities of the ten digits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.geometry import CLASSES
from digitnet.nn.activations import softmax

#: The label of pictures that show no digit, for networks that have an output for it.
NO_DIGIT = CLASSES


def digit_probabilities(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities ``(n, 10)`` that each picture means each digit; every row sums to 1.

    They are ``softmax(logits / temperature)`` (Guo et al. 2017). Where the network has an eleventh output,
    for pictures that are no digit, its probability is shared out evenly:

    ``P(d) = p_d + p_none / 10``

    since what is no digit says nothing about which one was meant. The largest of the ten, the confidence
    of the answer, is then near 1 for a clear digit, and near 1/10 for anything else.

    Args:
        logits: ``(n, 10)``, or ``(n, 11)`` with "no digit" last.
        temperature: fitted on validation data; above 1 it makes all answers less sure.

    >>> digit_probabilities(np.array([[0.0] * 10 + [50.0]])).max().round(6)
    np.float64(0.1)

    Reference: C. Guo et al., "On calibration of modern neural networks" (2017).
    """
    probabilities = np.asarray(softmax(np.asarray(logits, np.float64) / temperature), np.float64)
    if probabilities.shape[1] == CLASSES:
        return probabilities
    shared: NDArray[np.float64] = probabilities[:, :CLASSES] + probabilities[:, CLASSES:] / CLASSES
    return shared
