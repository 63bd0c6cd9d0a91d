"""How far writing leans, and how wide its parts are once they are set upright."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from digitnet.imaging.components import LabelArray

Places = npt.NDArray[np.intp]

# Slants that writing may have: columns to the right for a row upwards; upright comes first and wins ties.
_SLANTS = sorted((0.06 * step for step in range(-6, 17)), key=abs)


def slant_of(mask: LabelArray, height: float) -> float:
    """How far strokes lean: the shear that sets most of them upright (Vinciarelli & Luettin 2001).

    A column whose ink is in one piece is an upright stroke, and counts by the square of its length.
    """
    unit = max(1.0, height / 24)
    # A run of ink along a row fills all cells from that of its first pixel to that of its last.
    rows, starts, stops = runs_of(mask > 0)
    down = (rows / unit).astype(np.intp)
    best, most = 0.0, 0.0
    for slant in _SLANTS:
        first = ((starts + slant * rows) / unit).astype(np.intp)
        last = ((stops + slant * rows) / unit).astype(np.intp)
        least = first.min()
        change = np.zeros((down.max() + 1, last.max() - least + 2), dtype=np.intp)
        np.add.at(change, (down, first - least), 1)
        np.add.at(change, (down, last - least + 1), -1)
        grid = change.cumsum(axis=1)[:, :-1] > 0
        length = grid.sum(axis=0)
        reach = len(grid) - grid.argmax(axis=0) - grid[::-1].argmax(axis=0)
        upright = float((length[length == reach] ** 2).sum()) * (1 - 0.5 * abs(slant))
        if upright > most:
            best, most = slant, upright
    return best


def runs_of(
    mask: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row, first and last column of all runs of one value along the rows, but for those of 0."""
    change = np.ones((mask.shape[0], mask.shape[1] + 1), dtype=bool)
    np.not_equal(mask[:, 1:], mask[:, :-1], out=change[:, 1:-1])
    rows, starts = (change[:, :-1] & (mask != 0)).nonzero()
    _, stops = (change[:, 1:] & (mask != 0)).nonzero()
    return rows, starts, stops


def upright_width(own: npt.NDArray[np.bool_], slant: float) -> float:
    """Width of a component once its strokes are set upright."""
    rows, columns = np.nonzero(own)
    return float(np.ptp(columns + slant * rows)) + 1
