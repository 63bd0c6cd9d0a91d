"""The lines that a hand draws: smooth curves through a few points, deformed as handwriting varies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError

#: Points (n, 2), x to the right and y down.
Points = NDArray[np.float64]

_STEP = 2.0  # between the points of a sampled curve, in hundredths of a digit's height


def parse(shape: str) -> list[list[Points]]:
    """Read a shape such as ``"0,24! 22,0! 22,100! / 6,100! 40,100!"``.

    Points are ``x,y`` in hundredths of a digit's height, x to the right and y down. A curve runs smoothly
    through all of them, save that it may turn sharply where a ``!`` follows; ``/`` lifts the pen.

    Returns:
        the strokes, each a list of smooth pieces ``(points, 2)``, the next beginning where one ends.

    Raises:
        ConfigurationError: a point that is not two numbers, or a stroke of fewer than two points.

    >>> [len(piece) for piece in parse("0,24! 22,0! 22,100! / 6,100 40,100")[0]]
    [2, 2]
    """
    strokes = []
    for stroke in shape.split("/"):
        words = stroke.split()
        try:
            points = np.array([[float(value) for value in word.rstrip("!").split(",")] for word in words])
        except ValueError as error:
            raise ConfigurationError(f"A shape's points are written x,y; got {stroke.strip()!r}.") from error
        if points.ndim != 2 or points.shape[0] < 2 or points.shape[1] != 2:
            raise ConfigurationError(f"A stroke has two points x,y or more; got {stroke.strip()!r}.")
        corners = [place for place, word in enumerate(words[1:-1], start=1) if word.endswith("!")]
        ends = [0, *corners, len(words) - 1]
        strokes.append([points[a : b + 1] for a, b in pairwise(ends)])
    return strokes


def curve(points: Points, *, step: float = _STEP) -> Points:
    """A smooth curve through points ``(n, 2)``, sampled about every ``step``, ``(m, 2)``.

    Cubic Hermite pieces whose tangents are those of the parabola through three neighbours, with the
    square root of the distances as parameter: the centripetal Catmull-Rom spline, whose pieces have
    neither cusps nor loops however unevenly the points lie (Yuksel, Schaefer & Keyser 2011).
    """
    gaps = np.maximum(np.hypot(*np.diff(points, axis=0).T), 1e-9)
    if len(points) == 2:
        count = max(2, int(gaps[0] / step) + 1)
        straight: Points = points[0] + np.linspace(0, 1, count)[:, None] * (points[1] - points[0])
        return straight
    interval = np.sqrt(gaps)[:, None]
    slopes = np.diff(points, axis=0) / interval
    before, after = interval[:-1], interval[1:]
    middle = (slopes[:-1] * after + slopes[1:] * before) / (before + after)
    # The parabola through the first (last) three points, at its end.
    tangents = np.concatenate([2 * slopes[:1] - middle[:1], middle, 2 * slopes[-1:] - middle[-1:]])
    counts = np.maximum(2, (1.1 * gaps / step).astype(int) + 1)
    piece = np.repeat(np.arange(len(gaps)), counts)
    firsts = np.cumsum(counts) - counts
    t = ((np.arange(counts.sum()) - firsts[piece]) / counts[piece])[:, None]
    start, end, h = points[piece], points[piece + 1], interval[piece]
    s = 1 - t
    sampled = (
        s * s * (1 + 2 * t) * start
        + t * t * (1 + 2 * s) * end
        + h * t * s * (s * tangents[piece] - t * tangents[piece + 1])
    )
    return np.concatenate([sampled, points[-1:]])


def resampled(line: Points, count: int) -> Points:
    """``count`` points at equal distances along a polyline ``(n, 2)``, the ends included."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    places = np.linspace(0, along[-1], count)
    return np.stack([np.interp(places, along, line[:, axis]) for axis in (0, 1)], axis=1)


def length(line: Points) -> float:
    """Length of a polyline ``(n, 2)``."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def write(
    strokes: list[list[Points]], rng: np.random.Generator, *, freedom: float = 1.0, slant: float = 0.2
) -> list[Points]:
    """Draw strokes as a hand would: no two times alike.

    The control points follow a smooth random field, common to all strokes so that what touched still
    touches, and a little noise of their own; strokes after the first are set down beside their place;
    corners are rounded; then come width, shear and rotation of the whole, and a slow tremor of the pen.

    Args:
        strokes: as :func:`parse` returns them.
        rng: source of all randomness.
        freedom: how far points may stray: 1 as usual, less where little makes it another sign.
        slant: standard deviation of the shear.

    Returns:
        one polyline ``(n, 2)`` a stroke, in the units of the input.
    """
    freedom *= np.exp(rng.normal(0, 0.3))
    field = _SmoothField(rng, freedom * rng.uniform(1.5, 6.5))
    noise = freedom * rng.uniform(0.3, 2.4)
    rounding = rng.uniform(0.2, 2.5) if rng.random() < 0.7 else 0.0
    lines = []
    for place, pieces in enumerate(strokes):
        drift = freedom * rng.normal(0, 1.2, 2) if place else np.zeros(2)
        moved = [piece + field(piece) + drift + rng.normal(0, noise, piece.shape) for piece in pieces]
        for earlier, later in pairwise(moved):
            later[0] = earlier[-1]  # noise must not tear a corner
        line = np.concatenate([curve(piece) for piece in moved])
        line = resampled(line, max(4, int(length(line) / _STEP)))
        lines.append(_rounded(line, rounding))
    matrix = _hand(rng, slant)
    tremor = rng.uniform(0, 0.5) if rng.random() < 0.8 else rng.uniform(0.5, 1.3)
    return [line @ matrix + tremor * _tremor(len(line), rng) for line in lines]


def _hand(rng: np.random.Generator, slant: float) -> NDArray[np.float64]:
    """Width, shear and rotation of a writer, as a matrix for rows of points."""
    shear = np.clip(rng.normal(-0.08, slant), -0.55, 0.45)
    width = np.exp(np.clip(rng.normal(0, 0.2), -0.32, 0.5))
    angle = np.clip(rng.normal(0, 0.07), -0.18, 0.18)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix: NDArray[np.float64] = np.array([[width, 0.0], [shear, 1.0]]) @ np.array([[cos, sin], [-sin, cos]])
    return matrix


class _SmoothField:
    """Displacements that vary slowly over the box: three waves a direction, random in phase and course."""

    def __init__(self, rng: np.random.Generator, size: float) -> None:
        self._waves = rng.normal(0, 0.028, (2, 3))
        self._phases = rng.uniform(0, 2 * np.pi, (3, 2))
        self._size = size * rng.normal(0, 0.7, (3, 2))

    def __call__(self, points: Points) -> Points:
        waves = np.sin((points @ self._waves)[:, :, None] + self._phases)
        moves: Points = (waves * self._size).sum(axis=1)
        return moves


def _rounded(line: Points, sigma: float) -> Points:
    """The polyline under a Gaussian of ``sigma`` points along it; its ends stay where they are."""
    if sigma < 0.3 or len(line) < 6:
        return line
    reach = int(3 * sigma) + 1
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    # Continued beyond its ends by point reflection, so that these do not shrink.
    reach = min(reach, len(line) - 1)
    head, tail = 2 * line[0] - line[reach:0:-1], 2 * line[-1] - line[-2 : -reach - 2 : -1]
    longer = np.concatenate([head, line, tail])
    weights = weights[len(weights) // 2 - reach : len(weights) // 2 + reach + 1]
    weights /= weights.sum()
    return np.stack([np.convolve(longer[:, axis], weights, mode="valid") for axis in (0, 1)], axis=1)


def _tremor(count: int, rng: np.random.Generator) -> Points:
    """Unit noise ``(count, 2)`` that changes over a tenth to a half of a digit's height."""
    along = np.arange(count)[:, None, None] * _STEP / 100
    frequencies = rng.uniform(2, 10, (1, 4, 2)) * 2 * np.pi / 2
    waves = np.sin(along * frequencies + rng.uniform(0, 2 * np.pi, (1, 4, 2)))
    tremor: Points = waves.sum(axis=1) / np.sqrt(2)
    return tremor
