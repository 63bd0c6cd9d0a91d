"""Corruptions of light: brighter, paler, partly inverted, in fog."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def brightness(pictures: Floats, rng: np.random.Generator) -> Floats:  # noqa: ARG001 - nothing is left to chance
    """0.5 is added to every pixel; what exceeds 1 is cut, and with it most of the digit's grey levels.

    >>> brightness(np.zeros((1, 28, 28)), np.random.default_rng(0)).min()
    np.float64(0.5)
    """
    return pictures + 0.5


def contrast(pictures: Floats, rng: np.random.Generator) -> Floats:  # noqa: ARG001 - nothing is left to chance
    """A tenth of the contrast is left, about the picture's mean.

    >>> halves = np.zeros((1, 28, 28)); halves[:, :, 14:] = 1.0
    >>> np.unique(contrast(halves, np.random.default_rng(0)).round(6))
    array([0.45, 0.55])
    """
    mean = pictures.mean(axis=(1, 2), keepdims=True)
    return np.asarray(mean + 0.1 * (pictures - mean))


def stripe(pictures: Floats, rng: np.random.Generator) -> Floats:  # noqa: ARG001 - nothing is left to chance
    """The left and the right quarter of the picture are inverted.

    >>> stripe(np.zeros((1, 28, 28)), np.random.default_rng(0))[0, 0, ::7]
    array([1., 0., 0., 1.])
    """
    quarter = pictures.shape[1] // 4
    striped = pictures.copy()
    for part in (striped[:, :, :quarter], striped[:, :, -quarter:]):
        part[...] = 1.0 - part
    return striped


def fog(pictures: Floats, rng: np.random.Generator) -> Floats:
    """``(x + 3 f) · m / (m + 3)``, with f a piece of a cloudy sky and m the picture's brightest pixel.

    A quarter of the contrast is left, under clouds of all sizes.

    >>> foggy = fog(np.eye(28)[None], np.random.default_rng(0))
    >>> bool(foggy.min() >= 0 and foggy.max() <= 1)
    True
    """
    clouds = _clouds(len(pictures), pictures.shape[1], rng)
    brightest = pictures.max(axis=(1, 2), keepdims=True)
    return np.asarray((pictures + 3.0 * clouds) * brightest / (brightest + 3.0))


def _clouds(n: int, size: int, rng: np.random.Generator) -> Floats:
    """Pieces ``(n, size, size)`` of skies in [0, 1]: octaves of noise, each twice as fine and half as strong.

    An octave is uniform noise on the nodes of a square grid, 256 px apart in the first and 2 px in the
    last, interpolated bilinearly: with W ``(size, nodes)`` the weights of interpolation, ``W noise Wᵀ``.
    The sky is wider than the picture, so one picture lies in a light part of it and another in a dark one.
    """
    field, total = np.zeros((n, size, size)), 0.0
    for octave in range(8):
        spacing, strength = 256.0 / 2**octave * size / 28.0, 0.5**octave
        nodes = int(size / spacing) + 3
        position = rng.uniform(0.0, 1.0, (2, n, 1)) + np.arange(size) / spacing
        rows, columns = np.clip(1.0 - np.abs(position[..., None] - np.arange(nodes)), 0.0, None)
        noise = rng.uniform(-1.0, 1.0, (n, nodes, nodes))
        field += strength * (rows @ noise @ columns.transpose(0, 2, 1))
        total += strength
    # Hardly a sky comes near the ends of the range ±total; three quarters of it are in use.
    return np.clip(0.5 + field / (1.5 * total), 0.0, 1.0)
