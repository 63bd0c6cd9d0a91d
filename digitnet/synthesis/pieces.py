"""What segmentation hands over when it errs: digits cut in two, run together, or with bits of others.

A recogniser that has seen such pieces can tell a good cut from a bad one. All functions take and give ink:
float32 ``(height, width)`` in [0, 1], 1 = full stroke, tight around the ink.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitnet.imaging.ink import ink_bounds

Ink = NDArray[np.float32]

#: These parts of these digits are no digits. The right half of an 8 may be a 3, its upper half a 0, the
#: right side of a 4 or a 9 is a 1: such parts are left out.
LEFT_HALVES = (0, 2, 3, 4, 5, 6, 8)
RIGHT_HALVES = (0, 2, 5, 6)
UPPER_HALVES = (0, 2, 3, 4, 5)
#: Mirrored, or turned, these are no digits any more.
MIRRORED = (3, 4, 6, 7, 9)
QUARTER_TURN = (1, 2, 3, 4, 5, 7, 8)
HALF_TURN = (3, 4, 7)


def tight(ink: Ink) -> Ink:
    """The ink without the empty rows and columns around it; at least one pixel is left."""
    bounds = ink_bounds(ink)
    return ink[:1, :1] if bounds is None else ink[bounds]


def side_by_side(first: Ink, second: Ink, gap: int, shift: int = 0) -> Ink:
    """Two pieces beside each other, ``gap`` pixels apart (overlapping if negative).

    Args:
        first, second: ink.
        gap: columns between them.
        shift: by how many rows the middle of the second lies below that of the first.
    """
    top = (first.shape[0] - second.shape[0]) // 2 + shift
    left = max(first.shape[1] + gap, 0)
    above = max(0, -top)
    height = above + max(first.shape[0], top + second.shape[0])
    canvas = np.zeros((height, max(first.shape[1], left + second.shape[1])), np.float32)
    canvas[above : above + first.shape[0], : first.shape[1]] = first
    place = canvas[above + top : above + top + second.shape[0], left : left + second.shape[1]]
    np.maximum(place, second, out=place)
    return canvas


def merged(pieces: list[Ink], rng: np.random.Generator) -> Ink:
    """Digits run together, as touching ones are before they are cut."""
    joined = pieces[0]
    for piece in pieces[1:]:
        joined = side_by_side(joined, piece, int(rng.integers(-3, 3)), int(rng.integers(-3, 4)))
    return joined


def cut(ink: Ink, digit: int, rng: np.random.Generator) -> Ink | None:
    """A half of a digit that is no digit, by a slightly slanted cut; None where every half may be one.

    Halves narrower than 0.3 of their height are left out too, since they look like a 1.
    """
    kinds = [
        kind
        for kind, digits in (("left", LEFT_HALVES), ("right", RIGHT_HALVES), ("top", UPPER_HALVES))
        if digit in digits
    ]
    if not kinds:
        return None
    kind = kinds[rng.integers(len(kinds))]
    height, width = ink.shape
    rows, columns = np.indices(ink.shape)
    slant = rng.uniform(-0.2, 0.2)
    if kind == "top":
        kept = rows < rng.uniform(0.35, 0.6) * height + slant * (columns - width / 2)
    else:
        edge = rng.uniform(0.35, 0.6) * width + slant * (rows - height / 2)
        kept = columns < edge if kind == "left" else columns > width - edge
    piece = tight(np.where(kept, ink, np.float32(0)))
    narrow = piece.shape[1] < 0.3 * piece.shape[0]
    return None if narrow or min(piece.shape) < 3 or piece.sum() < 8 else piece


def turned(ink: Ink, digit: int, rng: np.random.Generator) -> Ink | None:
    """The digit mirrored or turned so that it is no digit; None where it would still be one.

    A 1 that leans far is still one when it has been turned, so it is turned only if it comes to lie flat.
    """
    options: list[Ink] = []
    if digit in MIRRORED:
        options.append(ink[:, ::-1])
    if digit in HALF_TURN:
        options.append(ink[::-1, ::-1])
    if digit in QUARTER_TURN and (digit != 1 or ink.shape[0] > 2 * ink.shape[1]):
        options += [np.rot90(ink), np.rot90(ink, 3)]
    return np.ascontiguousarray(options[rng.integers(len(options))]) if options else None


def with_fragment(ink: Ink, other: Ink, rng: np.random.Generator) -> Ink:
    """The digit with the edge of a neighbour, a stretch of ruling or a speck that its crop left in."""
    height, width = ink.shape
    kind = rng.integers(4)
    if kind <= 1:
        # The outermost columns of a neighbour, at most a sixth of it, touching or apart.
        share = max(1, int(other.shape[1] * rng.uniform(0.05, 0.17)))
        gap, shift = int(rng.integers(-1, 3)), int(rng.integers(-3, 4))
        if kind == 0:
            return side_by_side(ink, other[:, :share], gap, shift)
        return side_by_side(other[:, -share:], ink, gap, -shift)
    if kind == 2:
        # A ruling line through or below the digit, thinner and often paler than its strokes.
        canvas = np.pad(ink, ((0, 2), (2, 2)))
        row = int(rng.integers(height // 2, height + 2))
        strength = np.float32(rng.uniform(0.3, 0.9))
        start, stop = sorted(rng.integers(0, width + 4, 2))
        if stop - start < width // 2:
            start, stop = 0, width + 4
        np.maximum(canvas[row, start:stop], strength, out=canvas[row, start:stop])
        return canvas
    canvas = np.pad(ink, 3)
    for _ in range(int(rng.integers(1, 4))):
        row, column = rng.integers(0, canvas.shape[0] - 2), rng.integers(0, canvas.shape[1] - 2)
        speck = canvas[row : row + int(rng.integers(1, 3)), column : column + int(rng.integers(1, 3))]
        np.maximum(speck, np.float32(rng.uniform(0.3, 1.0)), out=speck)
    return canvas
