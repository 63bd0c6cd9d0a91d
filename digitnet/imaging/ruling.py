"""Ruled lines: found by their length, taken out without hurting the strokes that cross them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitnet.imaging.picture import EIGHT_NEIGHBOURS, BoolArray

# A rule is at least this share of the picture's width long, and this share of its height where upright ...
_LEAST_SPAN = (0.3, 0.8)
# ... and this many times as long as a usual digit is high, which no bar of a digit is.
_LEAST_DIGITS = 1.3
# Rules are thinner than this many stroke widths, upright ones, which a 1 might be, than the second.
_THICKEST = (1.5, 0.6)


def without_rules(mask: BoolArray, stroke_width: float, digit_height: float) -> BoolArray | None:
    """The mask without long straight lines along rows and columns; None if it has none.

    A run of ink along a row that is longer than a digit's bar, allowing for a row of wobble and small
    gaps, belongs to a rule. Of a rule only those pixels go that are not part of a crossing stroke: where
    the ink runs on across the rule, it stays, so that no stroke is broken.
    """
    least = max(_LEAST_DIGITS * digit_height, 16)
    level = _rules(mask, _THICKEST[0] * stroke_width, max(_LEAST_SPAN[0] * mask.shape[1], least))
    upright = _rules(mask.T, _THICKEST[1] * stroke_width, max(_LEAST_SPAN[1] * mask.shape[0], least)).T
    rules = level | upright
    if not rules.any():
        return None
    kept = mask & ~rules
    return kept & ~_uprights_of_tables(kept, level)


def _uprights_of_tables(mask: BoolArray, level: BoolArray) -> BoolArray:
    """Sides of frames and of a table's cells: thin straight uprights that meet two level rules or more.

    A 1 may do so too, but not two of them, straight and as thin as the rules.
    """
    found = np.zeros_like(mask)
    if not level.any():
        return found
    thickest = float(np.median(_column_runs(level)[level])) + 2
    labels, _ = ndimage.label(mask, EIGHT_NEIGHBOURS)
    sides = []
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        wide, high = columns.stop - columns.start, rows.stop - rows.start
        if wide > thickest or high < 6 * wide:
            continue
        # Where an upright meets a rule, its own ink stays: the rule ends beside it.
        beside = slice(max(columns.start - 2, 0), columns.stop + 2)
        met = level[max(rows.start - 2, 0) : rows.stop + 2, beside].any(axis=1)
        if np.count_nonzero(np.diff(met.astype(np.int8), prepend=0) == 1) >= 2:
            sides.append((label, rows, columns))
    if len(sides) >= 2:
        for label, rows, columns in sides:
            found[rows, columns] |= labels[rows, columns] == label
    return found


def _rules(mask: BoolArray, thickest: float, least: float) -> BoolArray:
    length = round(least)
    if length >= mask.shape[1]:
        return np.zeros_like(mask)
    gap = max(3, round(thickest)) | 1
    thick = ndimage.maximum_filter1d(mask.view(np.uint8), 3, axis=0)
    long = _opened(_closed(thick, gap), length).astype(bool)
    if not long.any():
        return long
    along = long & mask
    runs = _column_runs(mask)
    thickness = float(np.median(runs[along])) if along.any() else 0.0
    if not 0 < thickness <= max(thickest, 2):
        return np.zeros_like(mask)
    near = ndimage.binary_dilation(long, np.ones((3, 1))) & mask
    found: BoolArray = near & (runs <= thickness + 1)
    return found


def _opened(values: npt.NDArray[np.uint8], length: int) -> npt.NDArray[np.uint8]:
    """What is left of the runs along rows that are at least ``length`` long."""
    least = ndimage.minimum_filter1d(values, length, axis=1, mode="constant")
    opened: npt.NDArray[np.uint8] = ndimage.maximum_filter1d(
        least, length, axis=1, mode="constant", origin=-1 if length % 2 == 0 else 0
    )
    return opened


def _closed(values: npt.NDArray[np.uint8], length: int) -> npt.NDArray[np.uint8]:
    """The runs along rows with gaps shorter than ``length`` (odd) filled."""
    most = ndimage.maximum_filter1d(values, length, axis=1, mode="constant")
    closed: npt.NDArray[np.uint8] = ndimage.minimum_filter1d(most, length, axis=1, mode="nearest")
    return closed


def _column_runs(mask: BoolArray) -> npt.NDArray[np.int32]:
    """For each pixel of the mask the length of the vertical run of ink that it lies in; 0 elsewhere."""
    padded = np.pad(mask, ((1, 1), (0, 0))).astype(np.int8)
    change = np.diff(padded, axis=0)  # (height + 1, width): 1 where a run starts, -1 past its end
    columns, starts = np.nonzero((change == 1).T)
    _, ends = np.nonzero((change == -1).T)
    runs = np.zeros(mask.shape, dtype=np.int32)
    # Lengths spread over their runs: a difference of marks, summed down the columns.
    marks = np.zeros((mask.shape[0] + 1, mask.shape[1]), dtype=np.int32)
    np.add.at(marks, (starts, columns), ends - starts)
    np.add.at(marks, (ends, columns), starts - ends)
    np.cumsum(marks[:-1], axis=0, out=runs)
    return runs
