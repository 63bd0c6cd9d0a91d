"""The atoms of a line of writing: components, cut where they may be several digits, and their ink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitnet.imaging.components import LabelArray
from digitnet.imaging.cuts import cuts_of, pieces_of
from digitnet.imaging.filters import spread
from digitnet.imaging.ink import Ink, ink_bounds
from digitnet.imaging.lattice import Atom, cut_cost
from digitnet.imaging.lines import Line
from digitnet.imaging.picture import FloatArray
from digitnet.imaging.slant import runs_of, slant_of, upright_width

# A component narrower, or lower, than these shares of the line's height holds one digit at most.
_NARROW, _LOW = 0.45, 0.4
# A component wider than this share of its own height is cut however much it looks like one digit.
_WIDE = 1.15
# No more components are cut once a line has so many atoms.
_MAX_ATOMS = 150


@dataclass(frozen=True)
class AtomLine:
    """A line of writing in atoms, and where their ink is.

    Attributes:
        atoms: from left to right.
        labels: for each atom its value in ``mask`` and ``owners``.
        height: of a usual digit, in pixels.
        left, top: where the window of the following arrays lies in the ink picture.
        mask: int32, which atom a pixel of the mask is of; 0 for ground.
        nearest: int32 (2, height, width), row and column of the nearest pixel of the mask; None where it is
            not known, for there is but one component.
        owners: int32, which atom a pixel of ink is of, soft edges included: that of the nearest pixel.
        values: float32, the ink.
        stroke_width: of the writing, in pixels.
    """

    atoms: list[Atom]
    labels: list[int]
    height: float
    left: int
    top: int
    mask: LabelArray
    nearest: npt.NDArray[np.int32] | None
    owners: LabelArray
    values: FloatArray
    stroke_width: float

    def key(self, start: int, stop: int) -> tuple[int, ...]:
        """What tells the piece of atoms start … stop − 1 from all other pieces of the picture.

        Atoms that are a whole component together count as the component, which was there before the cuts.
        """
        atoms = self.atoms[start:stop]
        here = Counter(atom.component for atom in atoms)
        parts = {
            atom.component + 1 if here[atom.component] == self._sizes[atom.component] else label
            for atom, label in zip(atoms, self.labels[start:stop], strict=True)
        }
        return (self.left, self.top, *sorted(parts))

    def is_whole(self, start: int, stop: int) -> bool:
        """Whether atoms start … stop − 1 are whole components."""
        return max(self.key(start, stop)[2:]) <= len(self._sizes)

    def cut_out(self, start: int, stop: int) -> tuple[int, int, FloatArray]:
        """Left, top and ink of a piece: its own, soft edges included, in the smallest box around it."""
        wanted = self.labels[start:stop]
        rows, columns = self._window(start, stop)
        window = self.owners[rows, columns]
        own = window == wanted[0]
        for label in wanted[1:]:
            own |= window == label
        crop = np.where(own, self.values[rows, columns], np.float32(0))
        inner = ink_bounds(crop) or (slice(0, crop.shape[0]), slice(0, crop.shape[1]))
        return self.left + columns.start + inner[1].start, self.top + rows.start + inner[0].start, crop[inner]

    def area(self, start: int, stop: int) -> int:
        """Pixels in the box of a piece."""
        rows, columns = self._window(start, stop)
        return int((rows.stop - rows.start) * (columns.stop - columns.start))

    def _window(self, start: int, stop: int) -> tuple[slice, slice]:
        boxes = [self._boxes[label - 1] for label in self.labels[start:stop]]
        rows = slice(min(r.start for r, _ in boxes), max(r.stop for r, _ in boxes))
        return rows, slice(min(c.start for _, c in boxes), max(c.stop for _, c in boxes))

    @cached_property
    def _sizes(self) -> Counter[int]:
        """How many atoms each component has."""
        return Counter(atom.component for atom in self.atoms)

    @cached_property
    def _boxes(self) -> list[tuple[slice, slice]]:
        found: list[tuple[slice, slice]] = ndimage.find_objects(self.owners)
        return found


def uncut(ink: Ink, labels: LabelArray, line: Line) -> AtomLine:
    """A line whose atoms are its components."""
    margin = ink.soft_edge
    top = max(min(part.top for part in line.parts) - margin, 0)
    left = max(min(part.left for part in line.parts) - margin, 0)
    rows = slice(top, max(part.bottom for part in line.parts) + margin)
    columns = slice(left, max(part.right for part in line.parts) + margin)
    renumber = np.zeros(int(labels.max()) + 1, dtype=np.int32)
    renumber[[part.label for part in line.parts]] = np.arange(1, len(line.parts) + 1)
    mask = renumber[labels[rows, columns]]
    nearest = None
    if len(line.parts) == 1:
        owners = spread(mask, margin)
    else:
        distances, nearest = _distances(mask)
        owners = np.where(distances <= margin, mask[nearest[0], nearest[1]], 0)
    atoms = [
        Atom(index, part.left - left, part.right - left, part.top - top, part.bottom - top, 0.0)
        for index, part in enumerate(line.parts)
    ]
    return AtomLine(
        atoms=_with_middles(atoms, line.height),
        labels=list(range(1, len(atoms) + 1)),
        height=line.height,
        left=left,
        top=top,
        mask=mask,
        nearest=nearest,
        owners=owners,
        values=ink.values[rows, columns],
        stroke_width=ink.stroke_width,
    )


def cut_up(line: AtomLine, sure: Sequence[bool]) -> AtomLine:
    """The line with its components cut, but for the narrow, the low, and those that are surely a digit.

    Args:
        line: with a component an atom.
        sure: for each component whether it is read with confidence as it is.
    """
    chosen = [
        index
        for index, atom in enumerate(line.atoms)
        if atom.bottom - atom.top >= _LOW * line.height
        and atom.right - atom.left >= _NARROW * line.height
        and not (sure[index] and atom.right - atom.left < _WIDE * (atom.bottom - atom.top))
    ]
    if len(line.atoms) == 1 and not chosen:
        return line
    slant = slant_of(line.mask, line.height)
    alone = sum(atom.bottom - atom.top > 0.5 * line.height for atom in line.atoms) <= 1
    mask = line.mask.copy()
    boxes = ndimage.find_objects(mask)
    component = dict(enumerate(range(len(line.atoms)), start=1))
    costs: dict[int, float] = {}
    unused = len(line.atoms) + 1
    for index in chosen:
        if unused > _MAX_ATOMS:
            break
        window = mask[boxes[index]]
        own = window == index + 1
        cuts = cuts_of(own, slant, line.stroke_width)
        slimness = own.shape[0] / upright_width(own, slant)
        number = pieces_of(own, cuts)
        pieces = np.unique(number[own])
        for before, piece in zip([-1, *pieces], pieces, strict=False):
            window[number == piece] = unused
            component[unused] = index
            if before >= 0:
                crossed = cuts[before:piece]
                costs[unused - 1] = min(cut_cost(c.length, c.strokes, slimness, alone) for c in crossed)
            unused += 1
    return _in_order(line, mask, slant, component, costs)


def _in_order(
    line: AtomLine, mask: LabelArray, slant: float, component: dict[int, int], costs: dict[int, float]
) -> AtomLine:
    """The line with new atoms, measured where they stand once their strokes are set upright."""
    rows, starts, stops = runs_of(mask)  # the ends of its runs are the extremes of an atom
    labels = mask[rows, starts]
    moved = slant * (rows - mask.shape[0] / 2)
    present = np.unique(labels)
    lefts, rights = (
        ndimage.minimum(starts + moved, labels, present),
        ndimage.maximum(stops + moved, labels, present),
    )
    tops, bottoms = (measure(rows, labels, present) for measure in (ndimage.minimum, ndimage.maximum))
    atoms, order = [], np.argsort(lefts + rights, kind="stable")
    for i in order:
        label = int(present[i])
        extent = (float(lefts[i]), float(rights[i]) + 1, float(tops[i]), float(bottoms[i]) + 1)
        atoms.append(Atom(component[label], *extent, middle=0.0, cut=costs.get(label, 0.0)))
    nearest = _distances(mask)[1] if line.nearest is None else line.nearest
    owners = np.where(line.owners > 0, mask[nearest[0], nearest[1]], 0)
    atoms = _with_middles(atoms, line.height)
    return replace(line, atoms=atoms, labels=[int(present[i]) for i in order], mask=mask, owners=owners)


def _with_middles(atoms: list[Atom], height: float) -> list[Atom]:
    """The atoms with the middle of the line at each: the mean of the tall atoms nearest at either side."""
    tall = [i for i, atom in enumerate(atoms) if atom.bottom - atom.top > 0.6 * height]
    found = []
    for index, atom in enumerate(atoms):
        beside = [i for i in tall if i < index][-1:] + [i for i in tall if i > index][:1] or [index]
        middle = sum(atoms[i].top + atoms[i].bottom for i in beside) / (2 * len(beside))
        found.append(replace(atom, middle=middle))
    return found


def _distances(mask: LabelArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Each pixel's distance to the nearest pixel of the mask, in steps of a king, and its row and column."""
    distances, nearest = ndimage.distance_transform_cdt(mask == 0, "chessboard", return_indices=True)
    return distances, nearest
