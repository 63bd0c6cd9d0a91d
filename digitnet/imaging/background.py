"""The ground under the ink: which of light and dark it is and how the light falls on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from digitnet.imaging.filters import median, percentile
from digitnet.imaging.ground import enlarged, robust_surface, smooth_ground, stepped_ground
from digitnet.imaging.picture import BoolArray, FloatArray, block_means
from digitnet.imaging.polarity import chance_of_light_ground
from digitnet.imaging.steps import breadth, chance_of_steps, has_margin
from digitnet.imaging.thresholds import otsu_threshold, untold_by_two_tones

# The ground is smooth, so it is studied on a picture of this size at most.
_SMALL_SIDE = 160
# Ways to see a picture that are less likely than this share of the likeliest are not worth a look.
_UNLIKELY = 0.015
# The longer side of what is taken for a bitmap.
_BITMAP_SIDE = 32
# Noise from this standard deviation on, as a share of white, is blurred away; but small pictures are left.
_STRONG_NOISE = 0.08
_LEAST_BLURRED = 64
# Paper in a shadow keeps at least this share of its brightness; what is darker is a table or a margin.
_DEEPEST_SHADOW = 0.4


@dataclass(frozen=True)
class Scene:
    """A picture relative to its ground, seen in one of perhaps several ways.

    Attributes:
        depth: float32 (height, width), how far each pixel is from the ground towards the ink; ground is
            around 0, and ink positive, whichever of them is the darker.
        clear: bool (height, width), pixels to measure the noise on: the ground where it is known for
            certain, else the whole picture, ink included.
        prior: how likely this way is, in (0, 1], before anybody has tried to read the digits.
    """

    depth: FloatArray
    clear: BoolArray
    prior: float


@dataclass(frozen=True)
class _View:
    """One way to see the small picture: how likely it is, its ground, and where noise cannot be measured."""

    prior: float
    dark_ink: bool
    ground: FloatArray
    unclear: BoolArray


def examine(grey: FloatArray) -> Scene:
    """Tell ground from ink in a grey picture (height, width) in [0, 1] and flatten the ground."""
    return next(examine_all(grey))


def examine_all(grey: FloatArray) -> Iterator[Scene]:
    """The ways to see a picture that are worth a look, the likeliest first.

    A picture of ink on a page has one. Where the shapes of the two tones leave in doubt which of them
    is the ink (a tight crop, thick strokes), there is one of either polarity; and where the tone of the
    ground may have sharp steps (the edge of a shadow, a sheet on a table), one with such a ground
    besides one with a smooth one. Whoever can read digits can tell which of them makes sense. Each is
    worked out when it is asked for.
    """
    grey = _denoised(grey)
    factor = -(-max(grey.shape) // _SMALL_SIDE)
    small = block_means(grey, factor) if factor > 1 else grey
    views = sorted(_views(small), key=lambda view: -view.prior)
    for view in views:
        if view.prior >= _UNLIKELY * views[0].prior:
            yield _scene(grey, view, factor)


def _views(small: FloatArray) -> Iterator[_View]:
    """The ways to see the small picture, in no order."""
    surface = robust_surface(small)
    flat = small - surface
    threshold = otsu_threshold(small)
    untold, variance = untold_by_two_tones(small, threshold), float(small.var())
    two_toned = untold < min(0.22 * variance, float(flat.var()))
    bitmap = max(small.shape) <= _BITMAP_SIDE and untold < 0.27 * variance
    if two_toned:
        surface, flat = np.zeros_like(small), small
    else:
        threshold = otsu_threshold(flat)
        untold, variance = untold_by_two_tones(flat, threshold), float(flat.var())
    light = flat > threshold
    margins_show = untold < 0.3 * variance
    chance = chance_of_light_ground(small, light)
    for dark_ink, polarity in ((True, chance), (False, 1 - chance)):
        if polarity < _UNLIKELY * max(chance, 1 - chance):
            continue
        marks = ~light if dark_ink else light
        ground = smooth_ground(small, marks, surface)
        if dark_ink and not two_toned:
            # Where little light falls, marks are less deep: find them again as shares of the ground.
            shares = small / np.maximum(ground, 0.05)
            marks = shares <= otsu_threshold(shares)
            ground = smooth_ground(small, marks, surface)
        # In a bitmap most pixels are ink or next to it: noise can be measured on none but the others.
        unclear = marks if two_toned or bitmap else np.zeros_like(marks)
        steps = 0.0
        margin = margins_show and has_margin(marks)
        if margin or breadth(marks) > 0:
            negative = small if dark_ink else 1 - small
            stepped = stepped_ground(negative)
            steps = chance_of_steps(negative, marks, stepped, margin)
            if steps > 0:
                stepped = stepped if dark_ink else 1 - stepped
                yield _View(polarity * steps, dark_ink, stepped, np.zeros_like(marks))
        yield _View(polarity * (1 - steps), dark_ink, ground, unclear)


def _scene(grey: FloatArray, view: _View, factor: int) -> Scene:
    """A way to see the small picture, in full size."""
    ground = enlarged(view.ground, factor, grey.shape)
    if view.dark_ink:
        # Light falls on ink and paper alike, so the brightness of light paper divides out.
        least = max(_DEEPEST_SHADOW * percentile(view.ground, 90), 0.05)
        depth = ground - grey
        depth /= np.maximum(ground, np.float32(least))
    else:
        depth = grey - ground
    clear = np.ones(grey.shape, bool)
    if view.unclear.any():
        clear = enlarged(view.unclear.astype(np.float32), factor, grey.shape) == 0
    return Scene(depth, clear, view.prior)


def _denoised(grey: FloatArray) -> FloatArray:
    """The picture, blurred a little where pixels differ from their neighbours as they do in strong noise.

    The noise is the median difference of neighbours: most pairs lie on the same side of an outline. A
    Gaussian of standard deviation b leaves 1 / (2 b √π) of it (0.19 for b = 1.5).
    """
    if min(grey.shape) < _LEAST_BLURRED:
        return grey
    rows = grey[:: max(1, grey.shape[0] // 100)]
    noise = 1.4826 * median(np.abs(np.diff(rows, axis=1))) / math.sqrt(2)
    if noise < _STRONG_NOISE:
        return grey
    blurred: FloatArray = ndimage.gaussian_filter(grey, 1.5, mode="nearest")
    return blurred
