"""Pictures at another size: averaged where they shrink, smooth where they grow."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

from digitnet.imaging.filters import product
from digitnet.imaging.picture import FloatArray

# Matrices of so many numbers, 40 kB, are remembered: digits in the middle of a picture are often of one size.
_MOST_REMEMBERED = 10_000


def fitting(shape: tuple[int, ...], box: int) -> tuple[int, int]:
    """Height and width with the longer side equal to box and the aspect ratio kept."""
    longer = max(shape)
    return max(1, round(shape[0] * box / longer)), max(1, round(shape[1] * box / longer))


def scaled(values: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """The array at another size: area averages where it shrinks, bicubic interpolation where it grows."""
    if values.shape == shape:
        return values
    if values.shape[0] < shape[0] or values.shape[1] < shape[1]:
        image = Image.fromarray(values).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
        return np.clip(np.asarray(image, dtype=np.float32), 0, 1)
    down, across = _averaging(values.shape[0], shape[0]), _averaging(values.shape[1], shape[1])
    return product(product(down, values), across.T)


def _averaging(before: int, count: int) -> FloatArray:
    """The matrix ``(count, before)`` that averages rows into ``count`` rows of equal height.

    Their edges may lie within a row, which then counts for the share that lies between them.
    """
    return _remembered(before, count) if before * count <= _MOST_REMEMBERED else _made(before, count)


def _made(before: int, count: int) -> FloatArray:
    edges = np.arange(count + 1) * before / count
    # Only rows that may be met are looked at: 80 of 160 take 18 µs, and 47 if all are.
    reach = before // count + 2
    met = edges[:-1, None].astype(np.intp) + np.arange(reach)
    shares = np.minimum(edges[1:, None], met + 1) - np.maximum(edges[:-1, None], met)
    matrix = np.zeros((count, before + reach), np.float32)
    matrix[np.arange(count)[:, None], met] = np.maximum(shares, 0) * (count / before)
    matrix.flags.writeable = False
    return matrix[:, :before]


_remembered = lru_cache(maxsize=256)(_made)
