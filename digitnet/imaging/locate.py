"""Where the digits are: connected ink gathered into one region a digit, from left to right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitnet.imaging.ink import Ink, ink_bounds
from digitnet.imaging.picture import BoolArray, FloatArray


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels: its left and top edge, its width and height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Region:
    """One digit: its box in the ink picture and its own ink, float32 (height, width) in [0, 1]."""

    box: Box
    ink: FloatArray


@dataclass
class _Part:
    """Components that belong together; the slice ends are exclusive."""

    labels: list[int]
    left: int
    right: int
    top: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def absorb(self, other: _Part) -> None:
        """Take the other's components in."""
        self.labels += other.labels
        self.left, self.right = min(self.left, other.left), max(self.right, other.right)
        self.top, self.bottom = min(self.top, other.top), max(self.bottom, other.bottom)


def locate(ink: Ink) -> list[Region]:
    """Gather the components of the ink into digits, left to right; no ink gives an empty list.

    Components that stand side by side and are of comparable height are digits of their own. Whatever
    lies above, below or within another, and whatever is much lower than the tallest (the bar of a 5, a
    break in a stroke), joins its nearest neighbour: a digit cut in two is lost, two digits read as one
    can at least be seen to be wrong.
    """
    labels, count = ndimage.label(ink.mask, structure=np.ones((3, 3)))
    if count == 0:
        return []
    parts = [
        _Part([label], columns.start, columns.stop, rows.start, rows.stop)
        for label, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
    ]
    parts = [part for part in parts if not _is_frame(labels, part, parts)]
    return [_cut_out(ink, labels, digit) for digit in _gather(parts, ink.stroke_width)]


def _is_frame(labels: npt.NDArray[np.int32], part: _Part, parts: list[_Part]) -> bool:
    """Whether the part is a rectangle drawn around others: ink along all four sides of its box."""
    if not any(
        part.left < other.left
        and other.right < part.right
        and part.top < other.top
        and other.bottom < part.bottom
        and other.height > 0.25 * part.height
        for other in parts
    ):
        return False
    inside = labels[part.top : part.bottom, part.left : part.right] == part.labels[0]
    deep = max(2, min(inside.shape) // 12)
    sides = (
        inside[:deep].any(axis=0),
        inside[-deep:].any(axis=0),
        inside[:, :deep].any(axis=1),
        inside[:, -deep:].any(axis=1),
    )
    return all(side.mean() > 0.85 for side in sides)


def _gather(parts: list[_Part], stroke_width: float) -> list[_Part]:
    """Merge parts until each that remains can stand as a digit."""
    tallest = max(part.height for part in parts)
    large = sorted((p for p in parts if p.height >= 0.5 * tallest), key=lambda p: p.left)
    small = [p for p in parts if p.height < 0.5 * tallest]
    digits = [large[0]]
    for part in large[1:]:
        last = digits[-1]
        overlap = last.right - part.left
        if overlap > 0.2 * min(last.width, part.width) or -overlap < max(0.6 * stroke_width, 0.04 * tallest):
            last.absorb(part)
        else:
            digits.append(part)
    reach = 0.4 * tallest
    for part in sorted(small, key=lambda p: -p.height):
        nearest = min(digits, key=lambda digit: _distance(part, digit))
        if _distance(part, nearest) <= reach:
            nearest.absorb(part)
    return digits


def _distance(first: _Part, second: _Part) -> float:
    """The gap between two rectangles, 0 where they overlap."""
    across = max(first.left - second.right, second.left - first.right, 0)
    down = max(first.top - second.bottom, second.top - first.bottom, 0)
    return float(np.hypot(across, down))


def _cut_out(ink: Ink, labels: npt.NDArray[np.int32], part: _Part) -> Region:
    """The part's own ink with the soft edge around its mask, in the smallest box that holds it."""
    margin = ink.soft_edge
    height, width = ink.mask.shape
    top, bottom = max(part.top - margin, 0), min(part.bottom + margin, height)
    left, right = max(part.left - margin, 0), min(part.right + margin, width)
    window = labels[top:bottom, left:right]
    own: BoolArray = ndimage.binary_dilation(np.isin(window, part.labels), np.ones((3, 3)), iterations=margin)
    crop = np.where(own, ink.values[top:bottom, left:right], np.float32(0))
    rows, columns = ink_bounds(crop) or (slice(0, crop.shape[0]), slice(0, crop.shape[1]))
    crop = crop[rows, columns]
    return Region(Box(left + columns.start, top + rows.start, crop.shape[1], crop.shape[0]), crop)
