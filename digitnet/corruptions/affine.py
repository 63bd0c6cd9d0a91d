"""Corruptions of place and form: sheared, smaller, rotated, shifted, about the middle of the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitnet.warping import warp

Floats = NDArray[np.float64]


def shear(pictures: Floats, rng: np.random.Generator) -> Floats:
    """Slanted by 0.4 px a row, to the left or to the right.

    >>> upright = np.zeros((1, 28, 28)); upright[0, 4:24, 14] = 1.0
    >>> leaning = shear(upright, np.random.default_rng(0))[0]
    >>> int(abs(leaning[4].argmax() - leaning[23].argmax()))  # 0.4 px a row, over 19 rows
    8
    """
    matrices = np.tile(np.eye(2), (len(pictures), 1, 1))
    matrices[:, 1, 0] = 0.4 * _signs(rng, len(pictures))
    return warp(pictures, matrices)


def scale(pictures: Floats, rng: np.random.Generator) -> Floats:  # noqa: ARG001 - nothing is left to chance
    """Reduced to 0.7 of its size.

    >>> scale(np.ones((1, 28, 28)), np.random.default_rng(0)).mean().round(2)  # about 0.7²
    np.float64(0.5)
    """
    return warp(pictures, np.eye(2) / 0.7)


def rotate(pictures: Floats, rng: np.random.Generator) -> Floats:
    """Turned by 0.4 radians (23°), to the left or to the right.

    >>> turned = rotate(np.eye(28)[None], np.random.default_rng(0))
    >>> turned.shape
    (1, 28, 28)
    """
    angle = 0.4 * _signs(rng, len(pictures))
    cos, sin = np.cos(angle), np.sin(angle)
    return warp(pictures, np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2))


def translate(pictures: Floats, rng: np.random.Generator) -> Floats:
    """Shifted by 3 px along both axes, each way with the same chance.

    >>> dot = np.zeros((1, 28, 28)); dot[0, 14, 14] = 1.0
    >>> row, column = np.argwhere(translate(dot, np.random.default_rng(0))[0])[0]
    >>> abs(int(row) - 14), abs(int(column) - 14)
    (3, 3)
    """
    shift = 3.0 * pictures.shape[1] / 28.0
    return warp(pictures, np.eye(2), shift * _signs(rng, (len(pictures), 2)))


def _signs(rng: np.random.Generator, shape: int | tuple[int, int]) -> Floats:
    return rng.choice([-1.0, 1.0], shape)
