"""Connected ink: its components, how large each is, and which of them frame others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitnet.imaging.filters import bounds
from digitnet.imaging.picture import EIGHT_NEIGHBOURS, BoolArray

LabelArray = npt.NDArray[np.int32]

# The most components that are looked at, the largest first: a page full of noise must stay cheap.
MAX_COMPONENTS = 400


@dataclass(frozen=True)
class Component:
    """A piece of connected ink; the box's right and bottom edge are exclusive.

    Attributes:
        label: the value of its pixels in the label picture.
        left, right, top, bottom: its bounding box in pixels.
    """

    label: int
    left: int
    right: int
    top: int
    bottom: int

    @property
    def width(self) -> int:
        """Of the box, in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Of the box, in pixels."""
        return self.bottom - self.top


def components(mask: BoolArray) -> tuple[LabelArray, list[Component]]:
    """The label picture, int32 (height, width) with 0 for ground, and the components in it.

    Frames around others, and what lines the picture's border, are left out unless there is nothing
    else; so are all but the largest where there are too many.
    """
    labels: LabelArray = np.zeros(mask.shape, np.int32)
    if not mask.any():
        return labels, []
    box = bounds(mask)
    top, left = box[0].start, box[1].start
    ndimage.label(mask[box], EIGHT_NEIGHBOURS, output=labels[box])
    found = [
        Component(label, left + columns.start, left + columns.stop, top + rows.start, top + rows.stop)
        for label, (rows, columns) in enumerate(ndimage.find_objects(labels[box]), start=1)
    ]
    largest = sorted(found, key=lambda part: -max(part.width, part.height))[:MAX_COMPONENTS]
    inner = [part for part in largest if not _is_surround(labels, part)]
    return labels, [part for part in inner if not _is_frame(labels, part, inner)] if inner else largest


def _is_surround(labels: LabelArray, part: Component) -> bool:
    """Whether the part covers more than half of two of the picture's sides, as a table around a sheet."""
    sides = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return sum(float((side == part.label).mean()) > 0.5 for side in sides) >= 2


def _is_frame(labels: LabelArray, part: Component, parts: list[Component]) -> bool:
    """Whether the part is a rectangle drawn around others: ink along all four sides of its box."""
    framed = [
        other
        for other in parts
        if part.left < other.left
        and other.right < part.right
        and part.top < other.top
        and other.bottom < part.bottom
        and other.height > 0.1 * part.height
    ]
    # One digit fills its frame, several, in a table's cells, need not.
    if len(framed) < 3 and not any(other.height > 0.25 * part.height for other in framed):
        return False
    if _encircles(labels, part, framed):
        return True
    inside = labels[part.top : part.bottom, part.left : part.right] == part.label
    deep = max(2, min(inside.shape) // 12)
    sides = (
        inside[:deep].any(axis=0),
        inside[-deep:].any(axis=0),
        inside[:, :deep].any(axis=1),
        inside[:, -deep:].any(axis=1),
    )
    return all(side.mean() > 0.85 for side in sides)


def _encircles(labels: LabelArray, part: Component, framed: list[Component]) -> bool:
    """Whether the part has a hole with something as high as a digit in it: the hole of a digit has not."""
    inside = labels[part.top : part.bottom, part.left : part.right] == part.label
    holes = ndimage.binary_fill_holes(inside) & ~inside
    within = [
        other
        for other in framed
        if holes[
            other.top - part.top : other.bottom - part.top, other.left - part.left : other.right - part.left
        ].mean()
        > 0.9
    ]
    if not within:
        return False
    high = max(other.bottom for other in within) - min(other.top for other in within)
    wide = max(other.right for other in within) - min(other.left for other in within)
    return max(high, wide) > 0.35 * part.height
