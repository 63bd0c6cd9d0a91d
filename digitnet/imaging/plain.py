"""Drawings on an even ground, whose light and polarity are plain, and the short way to a lone digit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from digitnet.imaging.background import Scene
from digitnet.imaging.filters import bounds
from digitnet.imaging.ink import LEAST_CONTRAST, SHARE, ink_bounds
from digitnet.imaging.locate import Box, Judge, Reading, Region
from digitnet.imaging.picture import EIGHT_NEIGHBOURS, BoolArray, FloatArray
from digitnet.imaging.thresholds import best_split

# Depths are counted in so many steps, those of a picture of 8 bits.
_STEPS = 255
_TONES = np.arange(_STEPS + 1) / _STEPS
# A mark this far from the ground is no shadow and no stain.
_CLEAR_MARK = 0.25
# Ink covers no more of the picture than this, and a digit no more of its box, unless it is slim as a 1 is:
# what covers more may be a sheet of paper on a table.
_MOST_INK, _MOST_OF_BOX, _SLIM = 0.4, 0.6, 0.4
# Shapes that are one digit: in pixels, lest it be dust, and as width by height. Up to the latter a cut costs
# more than it could gain (digitnet.imaging.lattice), however good its parts are.
_LEAST_SIDE, _WIDEST = 12, 1.3
# Tones and pieces are told from a digit of so many rows or columns, or up to twice as many: hairlines may
# seem broken there, but no two pieces one.
_ENOUGH_PIXELS = 60
# The probability of the digit from which on there is no doubt.
_NO_DOUBT = 0.95


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


def even_ground(grey: FloatArray) -> EvenGround | None:
    """The picture seen on an even ground; None if its ground is of another kind, or covers too little."""
    ground = grey[0, 0]
    edges = (grey[0], grey[-1], grey[:, 0], grey[:, -1])
    if not all((edge == ground).all() for edge in edges):
        return None
    marks = grey != ground
    if not marks.any():
        return None
    rows, columns = bounds(marks)
    depth = grey[rows, columns] - ground
    least, most = float(depth.min()), float(depth.max())
    if most <= LEAST_CONTRAST / 2 and -least >= _CLEAR_MARK * ground:
        depth /= -max(ground, np.float32(0.05))  # light falls on ink and paper alike
        most = -least / max(float(ground), 0.05)
    elif not (-least <= LEAST_CONTRAST / 2 and most >= _CLEAR_MARK):
        return None
    dark = np.count_nonzero(depth > SHARE * most)
    if dark > _MOST_INK * grey.size or (
        dark > _MOST_OF_BOX * depth.size and depth.shape[1] > _SLIM * depth.shape[0]
    ):
        return None
    return EvenGround(depth, rows.start, columns.start, grey.shape)


def lone_digit(seen: EvenGround, judge: Judge) -> Reading | None:
    """Read a picture of one digit; None where there is any doubt that it is one.

    Where the ink hangs together, has the shape of a digit, and is one beyond doubt by the recogniser's word,
    no other reading can be cheaper: :func:`~digitnet.imaging.readings.best_reading`, which weighs them all,
    says the same in some ten times the time.
    """
    values = _lone_ink(seen.depth)
    inner = None if values is None else ink_bounds(values)
    if values is None or inner is None:
        return None
    crop = values[inner]
    height, width = crop.shape
    if max(height, width) < _LEAST_SIDE or width > _WIDEST * height:
        return None
    pixels, probabilities = judge([crop])
    probability = float(probabilities[0].max())
    if probability < _NO_DOUBT:
        return None
    box = Box(seen.left + inner[1].start, seen.top + inner[0].start, width, height)
    return Reading([Region(box, pixels[0], probabilities[0])], -math.log(probability), sure=True)


def _lone_ink(depth: FloatArray) -> FloatArray | None:
    """Ink in [0, 1] as :func:`~digitnet.imaging.ink.ink_of` finds it; None if it is in several pieces.

    What needs no more than a rough look is told from every so many pixels.
    """
    step = max(1, max(depth.shape) // _ENOUGH_PIXELS)
    rough = depth[::step, ::step]
    steps = (np.maximum(rough, 0) * np.float32(_STEPS) + np.float32(0.5)).astype(np.uint8)
    counts = np.bincount(steps.reshape(-1), minlength=_STEPS + 1)
    counts[: math.ceil(LEAST_CONTRAST / 2 * _STEPS)] = 0  # what does not stand out
    strong = best_split(counts, _TONES)
    level = float(counts[strong:] @ _TONES[strong:]) / max(int(counts[strong:].sum()), 1)
    marks = rough > SHARE * level
    # Without a level there is so little ink that the rough look missed it.
    if level == 0 or ndimage.label(marks, EIGHT_NEIGHBOURS)[1] != 1:
        return None
    ranks = counts[math.ceil(SHARE * level * _STEPS) :].cumsum()
    full = _TONES[_STEPS + 1 - len(ranks) + int(ranks.searchsorted(0.9 * ranks[-1]))]
    near = bounds(depth > SHARE * level, _soft_edge(marks, step))
    values = np.zeros_like(depth)
    np.minimum(depth[near] / np.float32(full), 1, out=values[near])
    values[values <= LEAST_CONTRAST / 2] = 0
    return values


def _soft_edge(marks: BoolArray, step: int) -> int:
    """How far the soft edge of strokes reaches: half their width, which is their area by their length."""
    crossings = int(np.count_nonzero(marks[1:] != marks[:-1])) + int(
        np.count_nonzero(marks[:, 1:] != marks[:, :-1])
    )
    # An outline that runs in all directions alike is crossed 4/π times as often as it is long.
    return 1 + math.ceil(4 / math.pi * step * int(np.count_nonzero(marks)) / max(crossings, 1))
