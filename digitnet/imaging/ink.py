"""What is ink and what is ground: polarity, uneven light, noise, specks and dark margins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from digitnet.imaging.background import Scene, examine
from digitnet.imaging.filters import bounds, box_around, filled, middle_of, percentile
from digitnet.imaging.outline import distances
from digitnet.imaging.picture import EIGHT_NEIGHBOURS, BoolArray, FloatArray
from digitnet.imaging.thresholds import otsu_threshold

# Ink below this share of a full stroke is the fringe that a resampled or blurred stroke has. MNIST's
# digits fill their 20 × 20 box by this measure (9,996 of its 10,000 test pictures).
EDGE_LEVEL = 0.2

# The weakest mark that counts: in noise (standard deviations of the ground) and as a share of white.
_MIN_SIGNAL_TO_NOISE = 5.0
LEAST_CONTRAST = 0.04
# The depth from which a pixel belongs to a stroke, as a share of the stroke's usual depth.
SHARE = 0.4


@dataclass(frozen=True)
class Ink:
    """The ink of a picture.

    Attributes:
        values: float32 (height, width) in [0, 1], linear in the grey: 0 = ground, 1 = full stroke.
        mask: bool (height, width), the strokes without their soft edges.
        stroke_width: typical width of the strokes in pixels; 0 without ink.
        soft_edge: how many pixels around the mask belong to the strokes' soft edges.
    """

    values: FloatArray
    mask: BoolArray
    stroke_width: float
    soft_edge: int


def extract_ink(grey: FloatArray) -> Ink:
    """Separate ink from ground in a grey picture (height, width) in [0, 1], of either polarity."""
    return ink_of(examine(grey))


def ink_of(scene: Scene, *, blur: float = 0.0, share: float = SHARE) -> Ink:
    """Separate ink from ground in a picture whose ground is known.

    The depth of a mark is its difference from the background estimated under it. A threshold after
    Otsu (1979), among the pixels that stand out from the noise, tells strokes from fainter marks such
    as shadows and printed patterns; hysteresis (Canny 1986) then follows each stroke down to a lower
    threshold. Depths are scaled so that a full stroke is 1 and are otherwise left linear.

    A picture whose marks do not stand out from its noise gives an empty mask.

    Args:
        scene: the picture relative to its ground.
        blur: standard deviation in pixels of the Gaussian that the mask is found under; a printed
            pattern, thinner than the pen, fades under it. Large pictures are blurred by at least 1/1000.
        share: the lower threshold, as a share of the usual depth of a stroke.
    """
    depth = scene.depth
    blur = max(blur, max(depth.shape) / 1000)
    smooth = ndimage.gaussian_filter(depth, blur, mode="nearest") if blur > 0.4 else depth
    noise = _noise(smooth, scene.clear)
    candidates = smooth[smooth > max(3 * noise, LEAST_CONTRAST / 2)]
    if candidates.size == 0:
        return _no_ink(depth.shape)
    level = float(np.mean(candidates[candidates >= otsu_threshold(candidates)]))
    if level < max(_MIN_SIGNAL_TO_NOISE * noise, LEAST_CONTRAST):
        return _no_ink(depth.shape)
    weak = smooth > share * level
    strong = smooth > max(0.65, share + 0.1) * level
    mask = _strokes(weak, strong)
    if not mask.any():
        return _no_ink(depth.shape)
    return ink_under(mask, scene, smooth, noise)


def ink_under(mask: BoolArray, scene: Scene, smooth: FloatArray, noise: float) -> Ink:
    """The ink with a known mask: values scaled by a full stroke, soft edges taken in."""
    full = percentile(smooth[mask], 90)
    stroke_width = 4 * float(distances(mask).mean()) - 1
    soft_edge = 1 + math.ceil(stroke_width / 2)
    box = bounds(mask, soft_edge)
    strokes = mask[box]
    fringe = smooth[box] > max(0.02 * full, 3 * noise)
    near = filled(strokes, fringe | strokes, soft_edge)
    values = np.zeros(mask.shape, dtype=np.float32)
    shares = scene.depth[box] / np.float32(full)
    np.clip(shares, 0, 1, out=shares)
    np.multiply(shares, near, out=values[box])
    return Ink(values, mask, stroke_width, soft_edge)


def ink_bounds(values: FloatArray) -> tuple[slice, slice] | None:
    """Rows and columns of the smallest box around the ink above its fringe; None without any."""
    return box_around(values > EDGE_LEVEL)


def _no_ink(shape: tuple[int, ...]) -> Ink:
    return Ink(np.zeros(shape, np.float32), np.zeros(shape, bool), 0.0, 0)


def _noise(depth: FloatArray, clear: BoolArray) -> float:
    """Standard deviation of the ground, from the median deviation of the half below its median.

    Marks that were too faint to be noticed are all above the median.
    """
    ground = depth[clear]
    if ground.size < 0.02 * depth.size:
        return 0.0
    ground.sort()
    middle = middle_of(ground)
    return 1.4826 * (middle - middle_of(ground[: ground.searchsorted(middle, "right")]))


def _strokes(weak: BoolArray, strong: BoolArray) -> BoolArray:
    """The components of the weak mask that hold a pixel of the strong one, but for specks.

    Specks are tiny beside the largest, or in the picture. The largest is so by its area and thickness: a
    ruled line, however long, does not make digits specks.
    """
    mask = np.zeros_like(weak)
    if not weak.any():
        return mask
    box = bounds(weak)
    labels, count = ndimage.label(weak[box], EIGHT_NEIGHBOURS)
    keep = np.zeros(count + 1, dtype=bool)
    keep[labels[strong[box] & weak[box]]] = True
    if not keep.any():
        return mask
    labels = np.where(keep, np.cumsum(keep), 0).astype(np.int32)[labels]
    sides = np.array(
        [(rows.stop - rows.start, cols.stop - cols.start) for rows, cols in ndimage.find_objects(labels)],
        dtype=np.float64,
    )
    longer, shorter = sides.max(axis=1), sides.min(axis=1)
    largest = float(np.maximum(np.sqrt(longer * shorter), np.minimum(longer, 6 * shorter)).max())
    keep = np.zeros(len(sides) + 1, dtype=bool)
    keep[1:] = longer >= max(0.12 * largest, min(0.015 * max(mask.shape), 0.05 * min(mask.shape)), 3)
    mask[box] = keep[labels]
    return mask
