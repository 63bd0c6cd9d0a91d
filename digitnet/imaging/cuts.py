"""Where touching digits may be cut: seams from top to bottom that cross as little ink as possible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitnet.imaging.picture import BoolArray

# How far a seam may stray from straight, to either side, as a share of the height.
_STRAY = 0.16
# What a step aside costs, in pixels of crossed ink: none is taken without need.
_STEP_COST = 0.15
# No cut crosses more ink than this, in stroke widths.
_LONGEST_CUT = 8.0
# Seams lie at least this share of the height apart.
_APART = 0.12
# What a cut leaves on either side is at least this share of the component's ink.
_LEAST_SHARE = 0.04
# The most cuts in one component.
_MAX_CUTS = 24
# Seams are sought in a picture of at most this height.
_FINE_HEIGHT = 64


@dataclass(frozen=True)
class Cut:
    """A seam through a component.

    Attributes:
        path: int (height,), for each row the first column that lies right of the seam.
        length: how much ink it crosses, in stroke widths.
        strokes: how many runs of ink it crosses.
    """

    path: npt.NDArray[np.intp]
    length: float
    strokes: int


def cuts_of(mask: BoolArray, slant: float, stroke_width: float) -> list[Cut]:
    """Propose cuts through a component, from left to right.

    Digits touch where a vertical line crosses little ink. A seam (Avidan & Shamir 2007) is such a line
    that may bend: for each column x₀ it is the path with a column for every row, neighbours at most one
    apart, close to x₀, whose sum of crossed ink is least; dynamic programming from row to row finds it:

        C(y, x) = ink(y, x) + min(C(y−1, x), C(y−1, x±1) + step cost)

    The columns whose seams cross less ink than those beside them are the proposals. They are many (an 8
    or a 0 has its own): which are cuts between digits is for the recogniser to say.

    Args:
        mask: bool (height, width), the component in its box.
        slant: how far strokes lean, in columns to the right for a row upwards; seams lean as much.
        stroke_width: of the writing, in pixels.
    """
    step = -(-mask.shape[0] // _FINE_HEIGHT)
    rows, columns = np.nonzero(mask)
    height, width = -(-mask.shape[0] // step), -(-mask.shape[1] // step)
    # Set upright: row y moves right by slant · y.
    shift = np.round(slant * np.arange(height)).astype(np.intp)
    shift -= shift.min()
    ink = np.zeros((height, width + int(shift.max())), dtype=np.float64)
    np.add.at(ink, (rows // step, columns // step + shift[rows // step]), 1.0)
    ink /= step * step
    stray = max(2, round(_STRAY * height))
    paths, costs = _seams(ink, stray)
    apart = max(1, round(_APART * height))
    straight = np.repeat(np.arange(ink.shape[1])[:, None], height, axis=1)
    # Where the ink is low all round digits touch: such cuts go before those that merely find little ink.
    seams = [(straight[column], ink[:, column].sum()) for column in _least(_extents(ink), apart)]
    seams += sorted(((paths[c], costs[c]) for c in _least(costs, apart)), key=lambda seam: float(seam[1]))
    cuts: list[Cut] = []
    for seam, cost in seams:
        if len(cuts) == _MAX_CUTS:
            break
        length = float(cost) * step / max(stroke_width, 1.0)
        path = np.repeat(seam - shift, step)[: mask.shape[0]] * step
        left = float((mask & (np.arange(mask.shape[1]) < path[:, None])).sum()) / len(rows)
        near = any(float(np.abs(path - other.path).mean()) < 0.6 * apart * step for other in cuts)
        if length <= _LONGEST_CUT and min(left, 1 - left) >= _LEAST_SHARE and not near:
            cuts.append(Cut(path, length, _strokes(mask, path)))
    return sorted(cuts, key=lambda cut: float(cut.path.mean()))


def _strokes(mask: BoolArray, path: npt.NDArray[np.intp]) -> int:
    """How many runs of ink lie along a path, breaks of a pixel not counted."""
    crossed = mask[np.arange(len(path)), np.clip(path, 0, mask.shape[1] - 1)]
    joined = ndimage.binary_closing(np.pad(crossed, 2), np.ones(3))
    return max(1, int((np.diff(joined.astype(np.int8)) == 1).sum()))


def _extents(ink: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """For each column how far its ink reaches from top to bottom: short where two round digits touch."""
    found = ink > 0.25
    height = ink.shape[0]
    reach = height - found.argmax(axis=0) - found[::-1].argmax(axis=0)
    return np.where(found.any(axis=0), reach, 0).astype(np.float64)


def pieces_of(mask: BoolArray, cuts: list[Cut]) -> npt.NDArray[np.intp]:
    """Number a component's pixels (height, width) by how many seams lie left of them; ground is -1."""
    columns = np.arange(mask.shape[1])
    number = np.zeros(mask.shape, dtype=np.intp)
    for cut in cuts:
        number += columns >= cut.path[:, None]
    return np.where(mask, number, -1)


def _seams(ink: npt.NDArray[np.float64], stray: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """For each column the best seam around it, (columns, height), and the ink it crosses, (columns,)."""
    height, width = ink.shape
    band = 2 * stray + 1
    padded = np.pad(ink, ((0, 0), (stray, stray)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, band, axis=1)  # (height, columns, band)
    cost = windows[0].copy()
    came_from = np.zeros((height, width, band), dtype=np.int8)
    beyond = np.full((width, 1), np.inf)
    for row in range(1, height):
        from_left = np.concatenate([beyond, cost[:, :-1]], axis=1) + _STEP_COST
        from_right = np.concatenate([cost[:, 1:], beyond], axis=1) + _STEP_COST
        best = np.minimum(cost, np.minimum(from_left, from_right))
        came_from[row] = np.where(best == cost, 0, np.where(best == from_left, -1, 1))
        cost = best + windows[row]
    place = cost.argmin(axis=1)
    every = np.arange(width)
    costs = cost[every, place]
    paths = np.empty((width, height), dtype=np.intp)
    for row in range(height - 1, -1, -1):
        paths[:, row] = every + place - stray
        place = place + came_from[row, every, place]
    return paths, costs


def _least(values: npt.NDArray[np.float64], apart: int) -> list[int]:
    """The places whose value is the least of all within ``apart``; of several in a row the middle one."""
    least = values <= ndimage.minimum_filter1d(values, 2 * apart + 1, mode="nearest") + 1e-9
    runs, count = ndimage.label(least)
    return [(run.start + run.stop - 1) // 2 for (run,) in ndimage.find_objects(runs)] if count else []
