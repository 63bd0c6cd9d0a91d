"""Pictures whose ground is plain to see: one tone all around, and all ink on one side of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digitnet.imaging.background import Scene
from digitnet.imaging.filters import box_around
from digitnet.imaging.ink import LEAST_CONTRAST, SHARE
from digitnet.imaging.picture import FloatArray, Tones, unit_grey

# A mark this far from the ground is no shadow and no stain.
_CLEAR_MARK = 0.25
# Ink covers no more of the picture than this, and a digit no more of its box, unless it is slim as a 1 is:
# what covers more may be a sheet of paper on a table.
_MOST_INK, _MOST_OF_BOX, _SLIM = 0.4, 0.6, 0.4


@dataclass(frozen=True)
class EvenGround:
    """A picture whose ground is known: all of its border has one tone, and all else is on one side of it.

    There is no light to make up for, no noise, and no doubt which of the tones are ink.

    Attributes:
        depth: float32, how far each pixel is from the ground, as a
            :class:`~digitnet.imaging.background.Scene` has it, in the smallest box around all that differs.
        top, left: where the box lies in the picture.
        shape: of the picture.
    """

    depth: FloatArray
    top: int
    left: int
    shape: tuple[int, ...]

    def scene(self) -> Scene:
        """The one way to see the picture."""
        depth = np.zeros(self.shape, np.float32)
        height, width = self.depth.shape
        depth[self.top : self.top + height, self.left : self.left + width] = self.depth
        return Scene(depth, np.ones(self.shape, bool), 1.0)


def even_ground(tones: Tones) -> EvenGround | None:
    """The picture seen on an even ground; None if its ground is of another kind, or covers too little.

    Only the box around what differs is made float32: of all of 280×280 pixels that takes 0.05 ms.
    """
    height, width = tones.shape
    if not tones[0, 0] == tones[0, -1] == tones[-1, 0] == tones[-1, -1]:
        return None  # without a look at all of what is mostly a photograph
    box = box_around(tones != tones[0, 0])
    if box is None:
        return None
    rows, columns = box
    if min(rows.start, columns.start) == 0 or rows.stop == height or columns.stop == width:
        return None
    ground = np.float32(unit_grey(tones[0, 0]))
    depth = unit_grey(tones[box]) - ground
    least, most = float(depth.min()), float(depth.max())
    if most <= LEAST_CONTRAST / 2 and -least >= _CLEAR_MARK * ground:
        depth /= -max(ground, np.float32(0.05))  # light falls on ink and paper alike
        most = -least / max(float(ground), 0.05)
    elif not (-least <= LEAST_CONTRAST / 2 and most >= _CLEAR_MARK):
        return None
    dark = np.count_nonzero(depth > SHARE * most)
    if dark > _MOST_INK * tones.size or (
        dark > _MOST_OF_BOX * depth.size and depth.shape[1] > _SLIM * depth.shape[0]
    ):
        return None
    return EvenGround(depth, rows.start, columns.start, tones.shape)
