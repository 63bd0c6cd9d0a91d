"""The short way to read a picture of one digit on an even ground, where nothing is in doubt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitnet.imaging.components import Component, LabelArray
from digitnet.imaging.even_ground import EvenGround
from digitnet.imaging.filters import bounds
from digitnet.imaging.ink import EDGE_LEVEL, LEAST_CONTRAST, SHARE, ink_bounds
from digitnet.imaging.lattice import Atom, best_path, edges_of
from digitnet.imaging.lines import lines_of
from digitnet.imaging.locate import SURE_COST, Box, Judge, Reading, Region
from digitnet.imaging.picture import EIGHT_NEIGHBOURS, BoolArray, FloatArray
from digitnet.imaging.thresholds import best_split

# Depths are counted in so many steps, those of a picture of 8 bits.
_STEPS = 255
_TONES = np.arange(_STEPS + 1) / _STEPS
# Shapes that are one digit: in pixels, lest it be dust, and as width by height. Up to the latter a cut costs
# more than it could gain (digitnet.imaging.lattice), however good its parts are.
_LEAST_SIDE, _WIDEST = 12, 1.3
# A digit is in no more pieces than this: a 5 whose bar stands off, a 4 of three strokes.
_MOST_PIECES = 3
# Tones and pieces are told from a digit of so many rows or columns, or up to twice as many: hairlines may
# seem broken there, but no two pieces one.
_ENOUGH_PIXELS = 60
# The probability of the digit from which on there is no doubt.
_NO_DOUBT = 0.95


@dataclass(frozen=True)
class _Drawing:
    """The ink of a picture, and which pieces it is in.

    Attributes:
        values: float32 in [0, 1], in the smallest box around the ink.
        top, left: where that box lies among the depths.
        labels: of every ``step``-th row and column of the depths.
        count: of pieces.
    """

    values: FloatArray
    top: int
    left: int
    labels: LabelArray
    count: int
    step: int

    def piece(self, label: int) -> FloatArray:
        """The ink of one piece, in the smallest box around it if there is enough to see."""
        height, width = self.values.shape
        own = (self.labels == label).repeat(self.step, axis=0).repeat(self.step, axis=1)
        own = own[self.top : self.top + height, self.left : self.left + width]
        ink = np.where(own, self.values, np.float32(0))
        return ink[ink_bounds(ink) or ...]


def lone_digit(seen: EvenGround, judge: Judge) -> Reading | None:
    """Read a picture of one digit; None where there is any doubt that it is one.

    Where the ink hangs together, has the shape of a digit, and is one beyond doubt by the recogniser's word,
    no other reading can be cheaper. Where it is in two or three pieces, they are judged too, and all of them
    together must be cheaper than each alone (:mod:`digitnet.imaging.lattice`). Then all readings, weighed by
    :func:`~digitnet.imaging.readings.best_reading`, come out the same, in some ten times the time.
    """
    drawing = _drawing(seen.depth)
    if drawing is None:
        return None
    height, width = drawing.values.shape
    if max(height, width) < _LEAST_SIDE or width > _WIDEST * height:
        return None
    pieces = range(1, drawing.count + 1) if drawing.count > 1 else ()
    pixels, probabilities = judge([drawing.values, *map(drawing.piece, pieces)])
    probability = max(probabilities[0].tolist())
    if probability < _NO_DOUBT:
        return None
    cost = -math.log(probability) if drawing.count == 1 else _cost_of_pieces(drawing, probabilities)
    if cost >= SURE_COST:
        return None
    box = Box(seen.left + drawing.left, seen.top + drawing.top, width, height)
    return Reading([Region(box, pixels[0], probabilities[0])], cost, sure=True)


def _cost_of_pieces(drawing: _Drawing, probabilities: npt.NDArray[np.float64]) -> float:
    """What it costs to read all pieces as one digit; infinite where another reading of them is cheaper.

    Args:
        drawing: in several pieces.
        probabilities: of all of them together, and then of each.
    """
    step = drawing.step
    parts = [
        Component(label, across.start * step, across.stop * step, down.start * step, down.stop * step)
        for label, (down, across) in enumerate(ndimage.find_objects(drawing.labels), start=1)
    ]
    (line, *others) = lines_of(parts)
    if others or len(line.parts) < drawing.count:
        return math.inf
    middle = (min(part.top for part in parts) + max(part.bottom for part in parts)) / 2
    atoms = [Atom(part.label, part.left, part.right, part.top, part.bottom, middle) for part in line.parts]
    likeliest = [(int(row.argmax()), float(row.max())) for row in probabilities]
    pieces = [(0, len(atoms), *likeliest[0])]
    pieces += [(i, i + 1, *likeliest[atom.component]) for i, atom in enumerate(atoms)]
    path = best_path(len(atoms), edges_of(atoms, pieces, line.height))
    return path[0].cost if len(path) == 1 else math.inf


def _drawing(depth: FloatArray) -> _Drawing | None:
    """Ink in [0, 1] as :func:`~digitnet.imaging.ink.ink_of` finds it; None if it is in many pieces.

    What needs no more than a rough look is told from every so many pixels.
    """
    step = max(1, max(depth.shape) // _ENOUGH_PIXELS)
    rough = np.maximum(depth[::step, ::step], 0)
    steps = (rough * np.float32(_STEPS) + np.float32(0.5)).astype(np.uint8)
    counts = np.bincount(steps.reshape(-1), minlength=_STEPS + 1)
    counts[: math.ceil(LEAST_CONTRAST / 2 * _STEPS)] = 0  # what does not stand out
    _, level = best_split(counts, _TONES)
    marks = rough > SHARE * level
    # Without a level there is so little ink that the rough look missed it.
    labels, count = ndimage.label(marks, EIGHT_NEIGHBOURS)
    if level == 0 or not 1 <= count <= _MOST_PIECES:
        return None
    ranks = counts[math.ceil(SHARE * level * _STEPS) :].cumsum()
    full = _TONES[_STEPS + 1 - len(ranks) + int(ranks.searchsorted(0.9 * ranks[-1]))]
    near = bounds(depth > SHARE * level, _soft_edge(marks, step))
    values = depth[near] / np.float32(full)
    np.minimum(values, 1, out=values)
    values *= values > LEAST_CONTRAST / 2
    inner = bounds(values > EDGE_LEVEL)
    top, left = near[0].start + inner[0].start, near[1].start + inner[1].start
    return _Drawing(values[inner], top, left, labels, count, step)


def _soft_edge(marks: BoolArray, step: int) -> int:
    """How far the soft edge of strokes reaches: half their width, which is their area by their length."""
    crossings = int(np.count_nonzero(marks[1:] != marks[:-1])) + int(
        np.count_nonzero(marks[:, 1:] != marks[:, :-1])
    )
    # An outline that runs in all directions alike is crossed 4/π times as often as it is long.
    return 1 + math.ceil(4 / math.pi * step * int(np.count_nonzero(marks)) / max(crossings, 1))
