"""Signs that the ground has sharp steps: a shadow's edge, a sheet of paper on a table, a dark margin."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from digitnet.imaging.filters import bounds, holds_square
from digitnet.imaging.ground import WIDEST_STROKE
from digitnet.imaging.picture import EIGHT_NEIGHBOURS, BoolArray, FloatArray

# How likely a step is where marks run along the border as margins do.
_MARGIN = 0.85


def chance_of_steps(values: FloatArray, marks: BoolArray, stepped: FloatArray, margin: bool) -> float:
    """How likely it is that some of the marks are no ink but ground that a step in the light made dark.

    Marks that the stepped ground explains are either wide strokes or ground in the dark. Their breadth
    tells; and if what the stepped ground leaves over is darker still, that is the ink.

    Args:
        values: the picture (height, width), ink dark in it.
        marks: what is dark in it, beside a smooth ground.
        stepped: its ground by :func:`digitnet.imaging.ground.stepped_ground`.
        margin: whether some of the marks run along the border as margins do.
    """
    if not marks.any() or marks.all():
        return 0.0
    least = _MARGIN if margin else 0.0
    depth = stepped - values
    contrast = float(values[~marks].mean() - values[marks].mean())
    explained = ndimage.binary_opening(marks & (depth < 0.3 * contrast), EIGHT_NEIGHBOURS)
    strong = depth > max(0.5 * float(depth.max()), 0.04)
    if explained.sum() < 0.1 * marks.sum() or not strong.any():
        return least
    light, dark, ink = (float(values[part].mean()) for part in (~marks, explained, strong))
    darker = (dark - ink) / max(light - ink, 0.02)
    # Ink covers little of a page, but where strokes are wide, much is left over beside what is explained.
    little = float(np.clip((0.5 - strong.sum() / explained.sum()) / 0.35, 0.1, 1))
    return max(least, max(breadth(explained), 0.05) * little * float(np.clip(0.3 + 1.5 * darker, 0.3, 0.9)))


def has_margin(marks: BoolArray) -> bool:
    """Whether marks run along a good part of the picture's border: a table top, a shadow, a frame.

    A digit may touch the border too, even fill a tight crop. So nothing is a margin unless something is
    left within, which has to be large unless the margin fills a whole side; or else it must be too
    thick for a stroke.
    """
    if max(side.mean() for side in (marks[0], marks[-1], marks[:, 0], marks[:, -1])) <= 0.3:
        return False
    labels, count = ndimage.label(marks, EIGHT_NEIGHBOURS)
    margin = np.zeros_like(marks)
    needed = 0.3
    for label in range(1, count + 1):
        part = labels == label
        if max(part[0].mean(), part[-1].mean(), part[:, 0].mean(), part[:, -1].mean()) > 0.3:
            margin |= part
            if int(part[0, 0]) + int(part[0, -1]) + int(part[-1, 0]) + int(part[-1, -1]) >= 2:
                needed = 0.08
    if not margin.any():
        return False
    rest, _ = ndimage.label(marks & ~margin, EIGHT_NEIGHBOURS)
    lengths = [max(r.stop - r.start, c.stop - c.start) for r, c in ndimage.find_objects(rest)]
    if max(lengths, default=0) >= needed * max(marks.shape):
        return True
    return bool(ndimage.distance_transform_edt(margin).max() > max(marks.shape) / 4)


def breadth(part: BoolArray) -> float:
    """0 for parts no wider than a thick stroke in a tight crop, 1 from half of the picture upwards.

    What touches the border is taken to go on beyond it.
    """
    if not part.any():
        return 0.0
    longer = max(part.shape)
    beyond = np.pad(part, longer // 4, mode="edge")
    beyond = beyond[bounds(beyond, 1)]
    # Within a distance d of the outline fits a square that reaches d / √2 to all sides.
    if not holds_square(beyond, 2 * math.floor(WIDEST_STROKE * longer / 2 / math.sqrt(2)) + 1):
        return 0.0
    width = 2 * float(ndimage.distance_transform_edt(beyond).max()) / longer
    return float(np.clip((width - WIDEST_STROKE) / 0.3, 0, 1))
