"""A second opinion on a digit: the mean answer to mildly deformed copies of its picture.

It costs as many answers as there are copies, so nothing but measurement uses it: what it gains says how
much a network still depends on slant and size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitnet.recognizer import Recognizer
from digitnet.warping import warp

Floats = NDArray[np.float64]


def views() -> list[Floats]:
    """The maps ``(2, 2)`` of the copies, for :func:`digitnet.warping.warp`; the first changes nothing.

    Rotated by ±5°, sheared by ±5°, scaled by 1 ± 0.05: what one and the same hand does anyway.

    >>> [matrix.shape for matrix in views()] == [(2, 2)] * 7
    True
    """
    angle, slope = np.deg2rad(5.0), np.tan(np.deg2rad(5.0))
    maps = [np.eye(2)]
    for sign in (-1.0, 1.0):
        cos, sin = np.cos(angle), np.sin(sign * angle)
        maps.append(np.array([[cos, -sin], [sin, cos]]))
        maps.append(np.array([[1.0, 0.0], [sign * slope, 1.0]]))
        maps.append(np.eye(2) / (1.0 + sign * 0.05))
    return maps


def averaged_probabilities(recognizer: Recognizer, pixels: NDArray[np.uint8]) -> Floats:
    """The mean over all :func:`views` of the recognizer's probabilities.

    Args:
        recognizer: whose network is asked.
        pixels: ``(n, size, size)`` uint8 in the model's geometry.

    Returns:
        ``(n, 10)``; every row sums to 1.

    >>> recognizer = Recognizer.load("models/digits.safetensors")
    >>> averaged_probabilities(recognizer, np.zeros((3, 8, 8), np.uint8)).shape
    (3, 10)
    """
    total = np.zeros((len(pixels), 10))
    for matrix in views():
        copies = np.round(warp(pixels.astype(np.float64), matrix)).astype(np.uint8)
        total += recognizer.probabilities(copies)
    return total / len(views())
