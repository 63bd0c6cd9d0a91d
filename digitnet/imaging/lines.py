"""Which components stand in one line of writing, level or sloping, and in which order lines are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from digitnet.imaging.components import Component

# Slopes that a line of writing may have, as tangents; the level one comes first and wins ties.
_SLOPES = tuple(math.tan(math.radians(angle)) for angle in sorted(range(-42, 43, 3), key=abs))
# Two digits are of one line if their middles differ by less than this share of their height.
_STEP = 0.55
# What a line more costs against what 45° of slope cost, when lines are told apart.
_SLOPE_COST = 1.2


@dataclass(frozen=True)
class Line:
    """Components of one line of writing, from left to right.

    Attributes:
        parts: in the order of their middles.
        height: of a usual digit in the line, in pixels.
    """

    parts: list[Component]
    height: float

    @property
    def area(self) -> int:
        """Pixels in the box around all parts."""
        width = max(part.right for part in self.parts) - min(part.left for part in self.parts)
        return width * (max(part.bottom for part in self.parts) - min(part.top for part in self.parts))


def usual_height(parts: list[Component]) -> float:
    """The height that half of the ink's bulk exceeds: specks and dots, being small, have little say."""
    heights = np.array([part.height for part in parts], dtype=np.float64)
    order = np.argsort(heights)
    bulk = np.cumsum(heights[order] * np.array([max(part.width, 1) for part in parts])[order] ** 0.5)
    return float(heights[order][np.searchsorted(bulk, bulk[-1] / 2)])


def lines_of(parts: list[Component]) -> list[Line]:
    """Group components into lines, from top to bottom.

    A line of slope t gathers the middles (x, y) whose y − t·x are close to each other. Among the slopes
    that a hand or a camera gives, that one is taken which explains all middles by the fewest and tightest
    lines, level writing at no charge. Small components, such as dots and pieces of strokes, then join
    the line they lie in, or are dropped if they lie in none.
    """
    if not parts:
        return []
    height = usual_height(parts)
    if len(parts) <= 3:
        height = max(height, 0.6 * max(part.height for part in parts))
    # A small zero is a digit too, so what is half as high, or as large as a small zero, takes part.
    core = [
        part
        for part in parts
        if part.height >= 0.45 * height or min(part.height, part.width) >= 0.28 * height
    ]
    if _stacked_strokes(core) or _bar_on_top(core):
        return [_ordered(parts, 0.0, max(p.bottom for p in core) - min(p.top for p in core))]
    across = np.array([(part.left + part.right) / 2 for part in core])
    down = np.array([(part.top + part.bottom) / 2 for part in core])
    level, slope = _level_lines(core, height), 0.0
    best = np.zeros(len(core), dtype=np.intp) if level is None else level
    if level is None:
        best_cost = math.inf
        for candidate in _SLOPES:
            groups, spread = _groups(down - candidate * across, _STEP * height)
            cost = groups.max() + 1 + spread / height + _SLOPE_COST * abs(candidate)
            if cost < best_cost - 1e-9:
                best, best_cost, slope = groups, cost, candidate
    lines: list[list[Component]] = [[] for _ in range(int(best.max()) + 1)]
    for part, group in zip(core, best, strict=True):
        lines[group].append(part)
    _add_small(lines, [part for part in parts if part not in core], height)
    return [_ordered(line, slope) for line in lines]


def _level_lines(core: list[Component], height: float) -> np.ndarray | None:
    """Number the components by level lines with ground between them; None if they do not stand so.

    Level lines are no higher than their digits, nearly; and of several some stand over each other, while
    the digits of a steep line, which have ground between them too, stand side by side.
    """
    order = sorted(range(len(core)), key=lambda index: core[index].top)
    groups = np.zeros(len(core), dtype=np.intp)
    bands: list[list[Component]] = []
    bottom = 0
    for index in order:
        part = core[index]
        if not bands or (part.top >= bottom and not _one_digit(bands[-1], part, height)):
            bands.append([])
        bands[-1].append(part)
        groups[index] = len(bands) - 1
        bottom = max(bottom, part.bottom)
    extents = []
    for parts in bands:
        high = max(p.bottom for p in parts) - min(p.top for p in parts)
        if high > 1.7 * max(height, *(part.height for part in parts)):
            return None
        extents.append((min(part.left for part in parts), max(part.right for part in parts)))
    stacked = any(
        min(a[1], b[1]) - max(a[0], b[0]) > 0.5 * min(a[1] - a[0], b[1] - b[0]) for a, b in pairwise(extents)
    )
    return groups if len(bands) == 1 or stacked else None


def _one_digit(band: list[Component], below: Component, height: float) -> bool:
    """Whether ink close under a band may be of the same digit: the bowl of a 5 under its bar."""
    gap = below.top - max(part.bottom for part in band)
    lower, higher = sorted((below.height, max(part.height for part in band)))
    return gap < (0.35 * higher if lower < 0.55 * higher else 0.12 * height)


def _groups(offsets: np.ndarray, step: float) -> tuple[np.ndarray, float]:
    """Number the offsets by groups, smallest first, a gap of more than ``step`` between any two groups.

    Also gives the sum of the groups' standard deviations.
    """
    order = np.argsort(offsets, kind="stable")
    ranked = np.concatenate([[0], np.cumsum(np.diff(offsets[order]) > step)])
    groups = np.empty(len(offsets), dtype=np.intp)
    groups[order] = ranked
    counts = np.bincount(groups)
    means = np.bincount(groups, offsets) / counts
    variances = np.bincount(groups, (offsets - means[groups]) ** 2) / counts
    return groups, float(np.sqrt(variances).sum())


def _add_small(lines: list[list[Component]], small: list[Component], height: float) -> None:
    """Give each small component to the line of the core component nearest to it, if that is near."""
    cores = [(part, line) for line in lines for part in list(line)]
    boxes = np.array([(p.left, p.right, p.top, p.bottom) for p, _ in cores], dtype=np.float64)
    for part in small:
        across = np.maximum(np.maximum(boxes[:, 0] - part.right, part.left - boxes[:, 1]), 0)
        down = np.maximum(np.maximum(boxes[:, 2] - part.bottom, part.top - boxes[:, 3]), 0)
        distances = np.hypot(across, 1.5 * down)
        nearest = int(distances.argmin())
        if distances[nearest] <= 0.6 * height:
            cores[nearest][1].append(part)


def _stacked_strokes(core: list[Component]) -> bool:
    """Whether all there is are two strokes over each other, as of a broken 3, rather than two lines."""
    if len(core) != 2:
        return False
    upper, lower = sorted(core, key=lambda part: part.top)
    overlap = min(upper.right, lower.right) - max(upper.left, lower.left)
    gap = lower.top - upper.bottom
    return overlap > 0.25 * min(upper.width, lower.width) and gap < 0.5 * max(upper.height, lower.height)


def _bar_on_top(core: list[Component]) -> bool:
    """Whether all there is is the bar of a broken 5 over its bowl, which may be in pieces itself.

    What is lower than this by its width is no digit. Under it is about the square that a bowl fills, and
    not a column of digits; nor are they a line of digits, for then all would be wider than high.
    """
    bar, *bowl = sorted(core, key=lambda part: part.top)
    if len(bowl) < 2 or bar.width < 1.5 * bar.height:
        return False
    top, bottom = min(part.top for part in bowl), max(part.bottom for part in bowl)
    left, right = min(part.left for part in bowl), max(part.right for part in bowl)
    overlap = min(bar.right, right) - max(bar.left, left)
    return (
        0 <= top - bar.bottom < 0.5 * (bottom - top)
        and overlap > 0.5 * min(bar.width, right - left)
        and bottom - top < 1.5 * (right - left)
        and max(right, bar.right) - min(left, bar.left) < bottom - bar.top
    )


def _ordered(parts: list[Component], slope: float, height: float | None = None) -> Line:
    parts.sort(key=lambda p: (p.left + p.right) / 2 + slope * (p.top + p.bottom) / 2)
    return Line(parts, height or usual_height(parts))
