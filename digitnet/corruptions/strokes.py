"""Corruptions by strokes: a line through the digit, whole, dotted or zigzag, and outlines in its place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

#: A stroke falls off linearly from its middle to nothing at this distance, in pixels at 28×28.
REACH = 1.5


def line(pictures: Floats, rng: np.random.Generator) -> Floats:
    """A straight stroke from the left margin to the right one, at heights drawn at random.

    >>> line(np.zeros((1, 28, 28)), np.random.default_rng(0)).max(axis=1)[0, 8:20].round(1).min() > 0
    np.True_
    """
    n, size, _ = pictures.shape
    unit = size / 28.0
    rows = rng.uniform(0.0, size - 1.0, (2, n))
    return pictures + _stroke(
        size, rows[0], rng.uniform(0, 5, n) * unit, rows[1], rng.uniform(22, 27, n) * unit
    )


def dotted_line(pictures: Floats, rng: np.random.Generator) -> Floats:
    """A stroke across the whole picture of which every other 2 px are left out.

    >>> drawn = dotted_line(np.zeros((1, 28, 28)), np.random.default_rng(0))[0]
    >>> (drawn.max(axis=0) > 0)[:8].tolist()
    [False, False, True, True, False, False, True, True]
    """
    n, size, _ = pictures.shape
    rows = rng.uniform(0.0, size - 1.0, (2, n))
    whole = _stroke(size, rows[0], np.zeros(n), rows[1], np.full(n, size - 1.0))
    dot = max(1, round(2.0 * size / 28.0))
    return np.asarray(pictures + whole * (np.arange(size) // dot % 2))


def zigzag(pictures: Floats, rng: np.random.Generator) -> Floats:
    """A stroke from column 2 to column 25 that swings 2 px up and down every 4 px, and may slope.

    >>> bool(zigzag(np.zeros((1, 28, 28)), np.random.default_rng(3)).any())
    True
    """
    n, size, _ = pictures.shape
    unit = size / 28.0
    start = rng.uniform(0.0, size - 1.0, n)
    end = start + rng.uniform(-5.0, 5.0, n) * unit
    columns = np.array([2.0, *np.arange(4.0, 25.0, 4.0), 25.0])
    swing = np.array([0.0, *(2.0 * (-1.0) ** k for k in range(len(columns) - 2)), 0.0])
    rows = start[:, None] + (end - start)[:, None] * (columns - 2.0) / 23.0 + swing * unit
    drawn = pictures
    for k in range(len(columns) - 1):
        ends = (np.full(n, columns[k] * unit), np.full(n, columns[k + 1] * unit))
        drawn = np.maximum(drawn, _stroke(size, rows[:, k], ends[0], rows[:, k + 1], ends[1]))
    return drawn


def canny_edges(pictures: Floats, rng: np.random.Generator) -> Floats:  # noqa: ARG001 - nothing is left to chance
    """Only the outlines are left: Canny's (1986) edges, one pixel wide.

    Smoothed by 1 px; the gradient by Sobel's operator, of size g; kept where g is no smaller than one
    pixel further along the gradient and one back; then of what exceeds 0.1, the connected pieces that
    somewhere exceed 0.2.

    >>> square = np.zeros((1, 28, 28)); square[0, 8:20, 8:20] = 1.0
    >>> edges = canny_edges(square, np.random.default_rng(0))[0]
    >>> edges[14, 14], edges[14, 6:10].max()  # empty within, an edge at the margin
    (np.float64(0.0), np.float64(1.0))
    """
    n, size, _ = pictures.shape
    unit = size / 28.0
    smooth = ndimage.gaussian_filter(pictures, (0, unit, unit), mode="constant")
    # Sobel's operator within each picture; ndimage.sobel would also smooth from one picture to the next.
    down = ndimage.correlate1d(ndimage.correlate1d(smooth, [-1, 0, 1], 1), [1, 2, 1], 2)
    right = ndimage.correlate1d(ndimage.correlate1d(smooth, [-1, 0, 1], 2), [1, 2, 1], 1)
    strength = np.hypot(down, right)
    number, row, column = np.mgrid[0:n, 0:size, 0:size]
    length = np.maximum(strength, 1e-12)
    ridge = strength > 0.1
    for way in (1.0, -1.0):
        position = [number, row + way * down / length, column + way * right / length]
        further = ndimage.map_coordinates(strength, position, order=1, mode="nearest")
        ridge &= strength >= further - 1e-9  # of two equal neighbours rounding must not choose one
    neighbours = np.zeros((3, 3, 3))
    neighbours[1] = 1.0
    pieces, count = ndimage.label(ridge, neighbours)
    strong = np.zeros(count + 1, bool)
    strong[np.unique(pieces[ridge & (strength > 0.2)])] = True
    strong[0] = False
    return np.asarray(strong[pieces], np.float64)


def _stroke(size: int, row0: Floats, column0: Floats, row1: Floats, column1: Floats) -> Floats:
    """Strokes ``(n, size, size)`` between two points each: 1 in the middle, 0 from ``REACH`` on.

    The distance of pixel p from the segment a b is ``|p - a - s (b - a)|`` with
    ``s = clip((p - a)·(b - a) / |b - a|², 0, 1)``.
    """
    row0, column0, row1, column1 = (value[:, None, None] for value in (row0, column0, row1, column1))
    row, column = np.mgrid[0:size, 0:size]
    along_row, along_column = row1 - row0, column1 - column0
    share = ((row - row0) * along_row + (column - column0) * along_column) / (along_row**2 + along_column**2)
    share = np.clip(share, 0.0, 1.0)
    distance = np.hypot(row - row0 - share * along_row, column - column0 - share * along_column)
    return np.asarray(np.clip(1.0 - distance / (REACH * max(size / 28.0, 0.5)), 0.0, 1.0))
