"""Where the digits are: lines, cuts and the recogniser's word, from ink to one region a digit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digitnet.imaging.atoms import AtomLine, cut_up, uncut
from digitnet.imaging.components import components
from digitnet.imaging.ink import Ink
from digitnet.imaging.lattice import best_path, candidate_pieces, edges_of, promising, trust_in_cuts
from digitnet.imaging.lines import lines_of
from digitnet.imaging.picture import ByteArray, FloatArray

#: From the ink of n pieces, each in the smallest box around it, to their pixels as the network sees them,
#: uint8 (n, size, size), and the probabilities of the ten digits, float64 (n, 10).
Judge: TypeAlias = Callable[[Sequence[FloatArray]], tuple[ByteArray, npt.NDArray[np.float64]]]

# A component that is read with this probability is not cut, unless it is too wide for a digit.
SURE = 0.9
# What its piece may cost where a digit is sure: little more than by its probability alone.
SURE_COST = 0.3 - math.log(SURE)
# What judging a piece takes besides its pixels, in pixels.
_WORK_PER_PIECE = 10_000


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels: its left and top edge, its width and height.

    Attributes:
        x: of the left edge, 0 at the left of the picture.
        y: of the upper edge, 0 at the top of the picture.
        width: at least 1.
        height: at least 1.

    >>> box = Box(x=78, y=47, width=115, height=212)
    >>> box.x + box.width, box.y + box.height  # the first column and row behind it
    (193, 259)
    """

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Region:
    """One digit.

    Attributes:
        box: in pixels of the ink picture.
        pixels: what the network saw, uint8 (size, size).
        probabilities: what it said, float64 (10,).
    """

    box: Box
    pixels: ByteArray
    probabilities: npt.NDArray[np.float64]


@dataclass
class Allowance:
    """How much work a picture may still cause, in pixels: noise and scribbles must not take for ever."""

    remaining: int

    def take(self, work: int) -> bool:
        """Take as much from the allowance; False, and nothing taken, if that is more than remains."""
        if work > self.remaining:
            return False
        self.remaining -= work
        return True


@dataclass(frozen=True)
class Reading:
    """What a picture's ink says.

    Attributes:
        regions: the digits in reading order.
        cost: −log of the reading's probability: of its digits, shapes, cuts and dropped ink.
        sure: whether no other reading needs to be tried.
    """

    regions: list[Region]
    cost: float
    sure: bool

    @property
    def text(self) -> str:
        """The digits."""
        return "".join(str(region.probabilities.argmax()) for region in self.regions)


def locate(ink: Ink, judge: Judge, allowance: Allowance) -> Reading:
    """Find the digits in ink, line by line, each from left to right; no ink gives no regions.

    Components are judged as they are first. Those that look like no digit, or are too wide for one, are
    cut in many places; then all runs of neighbouring parts are judged, and the cheapest path through
    each line's lattice says which of them are the digits. What the allowance is too small for is not
    looked at.
    """
    labels, parts = components(ink.mask)
    found = [line for line in lines_of(parts) if allowance.take(line.area)]
    lines = [uncut(ink, labels, line) for line in found]
    judged = _Judged(judge, allowance)
    judged.look(lines, [[(i, i + 1) for i in range(len(line.atoms))] for line in lines])
    lines = [
        cut_up(line, [judged.digit(line, i, i + 1)[1] >= SURE for i in range(len(line.atoms))])
        for line in lines
    ]
    runs = [_worth_judging(line, judged) for line in lines]
    for only_whole in (True, False):
        judged.look(
            lines,
            [_undecided(line, pieces, judged, only_whole) for line, pieces in zip(lines, runs, strict=True)],
        )
    regions: list[Region] = []
    cost, sure = 0.0, True
    for line, pieces in zip(lines, runs, strict=True):
        atoms = line.atoms
        scored = judged.scores(line, pieces)
        edges = edges_of(atoms, scored, line.height)
        path = best_path(len(atoms), edges)
        trust = trust_in_cuts(atoms, edges, path)
        for edge in path:
            if edge.digit:
                region = judged.region(line, edge.start, edge.stop)
                if atoms[edge.stop - 1].cut or (edge.start and atoms[edge.start - 1].cut):
                    region = replace(region, probabilities=trust * region.probabilities + (1 - trust) / 10)
                regions.append(region)
                sure = sure and edge.cost < SURE_COST
            else:
                sure = sure and edge.cost < 1
            cost += edge.cost
    return Reading(regions, cost, sure)


def _worth_judging(line: AtomLine, judged: _Judged) -> list[tuple[int, int]]:
    """The candidate pieces, but for unions of what are digits by themselves and stand apart."""
    atoms = line.atoms
    alone = [judged.digit(line, i, i + 1)[1] >= SURE for i in range(len(atoms))]
    tall = [atom.bottom - atom.top > 0.6 * line.height for atom in atoms]
    runs = []
    for start, stop in candidate_pieces(atoms, line.height):
        digits = [i for i in range(start, stop) if alone[i] and tall[i]]
        apart = any(
            atoms[a].component != atoms[b].component and atoms[b].left - atoms[a].right > 0.1 * line.height
            for a, b in pairwise(digits)
        )
        if not apart:
            runs.append((start, stop))
    return runs


def _undecided(
    line: AtomLine, pieces: Sequence[tuple[int, int]], judged: _Judged, only_whole: bool
) -> list[tuple[int, int]]:
    """The pieces that have not been judged and that, if judged well, may be digits of the line.

    Whole components and their unions come first: where they are digits, few parts of them need a look.
    """
    unknown = [piece for piece in pieces if not judged.knows(line, *piece)]
    if only_whole:
        unknown = [piece for piece in unknown if line.is_whole(*piece)]
    return promising(line.atoms, judged.scores(line, pieces), unknown, line.height) if unknown else []


class _Judged:
    """Remembers what the recogniser said of each piece, so that it is asked once, many at a time."""

    def __init__(self, judge: Judge, allowance: Allowance) -> None:
        self._judge = judge
        self._allowance = allowance
        self._known: dict[tuple[int, ...], Region] = {}

    def look(self, lines: Sequence[AtomLine], runs: Sequence[Sequence[tuple[int, int]]]) -> None:
        """Judge those pieces of the lines that are not known yet, in one batch, as far as is allowed."""
        wanted: dict[tuple[int, ...], tuple[int, int, FloatArray]] = {}
        for line, pieces in zip(lines, runs, strict=True):
            for start, stop in pieces:
                key = line.key(start, stop)
                if key in self._known or key in wanted:
                    continue
                if self._allowance.take(_WORK_PER_PIECE + line.area(start, stop)):
                    wanted[key] = line.cut_out(start, stop)
        if not wanted:
            return
        pixels, probabilities = self._judge([crop for _, _, crop in wanted.values()])
        for index, (key, (x, y, crop)) in enumerate(wanted.items()):
            box = Box(x, y, crop.shape[1], crop.shape[0])
            self._known[key] = Region(box, pixels[index], probabilities[index])

    def knows(self, line: AtomLine, start: int, stop: int) -> bool:
        """Whether a piece has been judged."""
        return line.key(start, stop) in self._known

    def digit(self, line: AtomLine, start: int, stop: int) -> tuple[int, float]:
        """A piece's likeliest digit and its probability, which is 0 if the piece has not been judged."""
        region = self._known.get(line.key(start, stop))
        if region is None:
            return 0, 0.0
        likeliest = int(region.probabilities.argmax())
        return likeliest, float(region.probabilities[likeliest])

    def scores(self, line: AtomLine, pieces: Sequence[tuple[int, int]]) -> list[tuple[int, int, int, float]]:
        """Start, stop, likeliest digit and its probability, of those pieces that have been judged."""
        return [(*piece, *self.digit(line, *piece)) for piece in pieces if self.knows(line, *piece)]

    def region(self, line: AtomLine, start: int, stop: int) -> Region:
        """A piece that has been judged."""
        return self._known[line.key(start, stop)]
