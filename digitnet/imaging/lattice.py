"""Which atoms make a digit: the cheapest way through a line, by the recogniser's word for every piece.

The ink of a line is first cut into more parts than there are digits, *atoms*, from left to right. A
digit is a run of atoms, a *piece*; an atom may also be *dropped* as no digit (a point, a dash, a bit of
ruling). Every way to divide the n atoms into pieces and dropped atoms is a path through the places
0 (before the first atom) to n (after the last), an edge for each piece and each dropped atom:

    0 ──a── 1 ──b── 2 ──c── 3        edges a, b, c, ab, bc, abc, and one to drop each of a, b, c

An edge's cost is a negative log probability, so that the cost of a path is a sum, and the path of least
cost is found from left to right (Viterbi 1967; LeCun et al. 1998, section V, heuristic over-segmentation):

    best(j) = min over edges (i, j) of best(i) + cost(i, j)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

# The most atoms in a piece.
MAX_ATOMS = 6
# A 1 that has to be cut off from other ink may be any stroke.
_CUT_ONE = 0.5
# The widest piece, as a share of the usual height.
_WIDEST = 1.7


@dataclass(frozen=True)
class Atom:
    """A part of a line that is not divided further; lengths in pixels, edges exclusive at the right.

    Attributes:
        component: which connected component it belongs to.
        left, right: its extent along the line once slanted strokes are set upright.
        top, bottom: its extent across.
        middle: height of the middle of the line where the atom stands.
        cut: cost of the cut between it and the next atom of its component; 0 where there is none.
    """

    component: int
    left: float
    right: float
    top: float
    bottom: float
    middle: float
    cut: float = 0.0


@dataclass(frozen=True)
class Edge:
    """Atoms start … stop − 1 as one piece, or, where ``digit`` is False, as one dropped atom."""

    start: int
    stop: int
    cost: float
    digit: bool


def candidate_pieces(atoms: Sequence[Atom], height: float) -> list[tuple[int, int]]:
    """Runs (start, stop) of atoms that may be a digit: not too many atoms and not too wide."""
    runs = []
    for start in range(len(atoms)):
        left, right = math.inf, -math.inf
        for stop in range(start + 1, min(start + MAX_ATOMS, len(atoms)) + 1):
            left, right = min(left, atoms[stop - 1].left), max(right, atoms[stop - 1].right)
            if right - left > _WIDEST * height and stop > start + 1:
                break
            runs.append((start, stop))
    # Components that were cut, as wholes, alone and with neighbours: what if they are one digit?
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for index, atom in enumerate(atoms):
        first.setdefault(atom.component, index)
        last[atom.component] = index
    known = set(runs)
    for start in sorted(set(first.values())):
        left, right, reach = math.inf, -math.inf, start
        for stop in range(start + 1, len(atoms) + 1):
            atom = atoms[stop - 1]
            left, right, reach = (
                min(left, atom.left),
                max(right, atom.right),
                max(reach, last[atom.component]),
            )
            several = any(other.component != atom.component for other in atoms[start:stop])
            if first[atom.component] < start or (several and right - left > _WIDEST * height):
                break
            if reach < stop and (start, stop) not in known:
                runs.append((start, stop))
    return runs


def piece_cost(atoms: Sequence[Atom], height: float, digit: int, probability: float) -> float:
    """Cost of reading atoms as a digit: −log of the recogniser's probability, and of their shape's.

    Digits are not much wider than high, nor much lower than their line: what is, is a point, a comma, a
    dash or the end of a stroke. Only zeros are often written small. What hangs from the middle of the line
    and looks like a 1, or is narrow or small, is a comma. Parts of a digit lie close together.
    """
    left, right = min(a.left for a in atoms), max(a.right for a in atoms)
    top, bottom = min(a.top for a in atoms), max(a.bottom for a in atoms)
    high, wide = bottom - top, right - left
    cost = -math.log(max(probability, 1e-6))
    cost += 3 * max(0.0, wide / max(high, 1) - 1.2)
    cost += 20 * max(0.0, (0.3 if digit == 0 else 0.55) - high / height)
    comma = digit == 1 or wide < 0.5 * high or high < 0.45 * height
    if digit != 0 and comma and high < 0.75 * height and top > atoms[0].middle - 0.05 * height:
        cost += 4
    reach = atoms[0].right
    seen = {atoms[0].component}
    for atom in atoms[1:]:
        if atom.component not in seen:
            cost += 0.3 + 4 * max(0.0, (atom.left - reach) / height)
        seen.add(atom.component)
        reach = max(reach, atom.right)
    return cost


def drop_cost(atom: Atom, height: float) -> float:
    """Cost of saying that an atom is no digit: little for a point or a dash, prohibitive for what is as
    large, or as high, as a digit."""
    high, wide = (atom.bottom - atom.top) / height, min((atom.right - atom.left) / height, 1.0)
    return 0.2 + 12 * min(high, 1.0) * wide + 8 * min(max(high - 0.35, 0.0), 1.0) ** 2


def cut_cost(length: float, strokes: int, slimness: float, alone: bool) -> float:
    """Cost of cutting connected ink, which most often is one digit.

    Args:
        length: ink that is cut, in stroke widths.
        strokes: how many strokes are cut; digits that touch do so in one place, a loop is cut twice.
        slimness: height of the connected ink by its width; two digits are seldom higher than wide.
        alone: whether there is nothing else in the line, that is, no sign that this is a number.
    """
    doubt = 1.5 * min(max((slimness - 0.5) / 0.4, 0.0), 1.0) if alone else 0.0
    long = 0.25 * min(max(length - 1, 0.0), 3.0)
    return 0.4 + doubt + long + 0.8 * min(strokes - 1, 1) + 2 * max(0.0, slimness - 1.1)


def edges_of(
    atoms: Sequence[Atom], pieces: Sequence[tuple[int, int, int, float]], height: float
) -> list[Edge]:
    """All edges of a line's lattice, the cost of a cut added to the edge that ends there.

    Args:
        atoms: from left to right.
        pieces: start, stop, likeliest digit and its probability, of each candidate.
        height: of a usual digit in the line.
    """
    edges = [Edge(i, i + 1, drop_cost(atom, height) + atom.cut, False) for i, atom in enumerate(atoms)]
    for start, stop, digit, probability in pieces:
        cost = piece_cost(atoms[start:stop], height, digit, probability) + atoms[stop - 1].cut
        if digit == 1 and (atoms[stop - 1].cut or (start and atoms[start - 1].cut)):
            cost += _CUT_ONE
        edges.append(Edge(start, stop, cost, True))
    return edges


def best_path(count: int, edges: Sequence[Edge]) -> list[Edge]:
    """The cheapest edges from place 0 to place ``count``; empty if none lead there."""
    _, came_by = _cheapest(count, edges)
    path = []
    place = count
    while place > 0:
        step = came_by[place]
        if step is None:
            return []
        path.append(step)
        place = step.start
    return path[::-1]


def _cheapest(count: int, edges: Sequence[Edge]) -> tuple[list[float], list[Edge | None]]:
    """What the cheapest path from place 0 to each place costs, and its last edge."""
    ending: list[list[Edge]] = [[] for _ in range(count + 1)]
    for edge in edges:
        ending[edge.stop].append(edge)
    costs = [0.0] + [math.inf] * count
    came_by: list[Edge | None] = [None] * (count + 1)
    for place in range(1, count + 1):
        for edge in ending[place]:
            if costs[edge.start] + edge.cost < costs[place]:
                costs[place] = costs[edge.start] + edge.cost
                came_by[place] = edge
    return costs, came_by


def promising(
    atoms: Sequence[Atom],
    pieces: Sequence[tuple[int, int, int, float]],
    others: Sequence[tuple[int, int]],
    height: float,
) -> list[tuple[int, int]]:
    """Which other pieces the recogniser need be asked about: those that its word could put on the best path.

    No word makes a piece cheaper than being a 0 for certain. If even so every path through it costs more
    than the best path of the pieces that are known, it is on no best path (branch and bound). What
    :func:`trust_in_cuts` compares with, the best path without cuts, has bounds of its own.

    Args:
        atoms: from left to right.
        pieces: start, stop, likeliest digit and its probability, of each piece that is known.
        others: start and stop of those that are not.
        height: of a usual digit in the line.
    """
    known = edges_of(atoms, pieces, height)
    hoped = edges_of(atoms, [(start, stop, 0, 1.0) for start, stop in others], height)[len(atoms) :]
    count = len(atoms)
    found: set[tuple[int, int]] = set()
    for certain, possible in ((known, hoped), (_without_cuts(atoms, known), _without_cuts(atoms, hoped))):
        most = _cheapest(count, certain)[0][count] + 1e-9
        before, _ = _cheapest(count, certain + possible)
        mirrored = [replace(e, start=count - e.stop, stop=count - e.start) for e in certain + possible]
        after, _ = _cheapest(count, mirrored)
        found.update(
            (edge.start, edge.stop)
            for edge in possible
            if before[edge.start] + edge.cost + after[count - edge.stop] <= most
        )
    return [piece for piece in others if piece in found]


def trust_in_cuts(atoms: Sequence[Atom], edges: Sequence[Edge], path: Sequence[Edge]) -> float:
    """The probability that connected ink is rightly cut: the best path against the best one without cuts.

    A letter may be cut into what looks like two 1s: that says less for the 1s than for the letter.
    """
    uncut = best_path(len(atoms), _without_cuts(atoms, edges))
    if not uncut:
        return 1.0
    difference = sum(edge.cost for edge in path) - sum(edge.cost for edge in uncut)
    return 1 / (1 + math.exp(min(difference, 50.0)))


def _without_cuts(atoms: Sequence[Atom], edges: Sequence[Edge]) -> list[Edge]:
    """The edges of paths that keep connected ink together."""
    return [edge for edge in edges if not atoms[edge.stop - 1].cut]
