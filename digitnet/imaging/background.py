"""The ground under the ink: which of light and dark it is, how the light falls on it, where it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from digitnet.imaging.picture import BoolArray, FloatArray, block_means
from digitnet.imaging.thresholds import otsu_threshold, untold_by_two_tones

# The ground is smooth, so it is studied on a picture of this size at most.
_SMALL_SIDE = 160
# How much the vote on thin marks may weigh in the decision on polarity.
_THIN_VOTE = 0.6
# Paper in a shadow keeps at least this share of its brightness; what is darker is a table or a margin.
_DEEPEST_SHADOW = 0.4


@dataclass(frozen=True)
class Scene:
    """A picture relative to its ground.

    Attributes:
        depth: float32 (height, width), how far each pixel is from the ground towards the ink; ground is
            around 0, and ink positive, whichever of them is the darker.
        outside: bool (height, width), dark margins, table tops and the like around the paper.
        clear: bool (height, width), pixels to measure the noise on: the ground where it is known for
            certain, else everything but ``outside``, ink included.
    """

    depth: FloatArray
    outside: BoolArray
    clear: BoolArray


def examine(grey: FloatArray) -> Scene:
    """Tell ground from ink in a grey picture (height, width) in [0, 1] and flatten the ground."""
    factor = -(-max(grey.shape) // _SMALL_SIDE)
    small = block_means(grey, factor) if factor > 1 else grey
    surface = _robust_surface(small)
    flat = small - surface
    two_toned = untold_by_two_tones(small) < min(0.22 * float(small.var()), float(flat.var()))
    if two_toned:
        surface, flat = np.zeros_like(small), small
    light = flat > otsu_threshold(flat)
    dark_ink = _ground_is_light(small, light)
    marks = ~light if dark_ink else light
    margin = _margin(marks) if untold_by_two_tones(flat) < 0.3 * float(flat.var()) else np.zeros_like(marks)
    if dark_ink and margin.any() and small[margin].mean() > _DEEPEST_SHADOW * small[~marks].mean():
        ground, outside_small = _closed(small), _edges(margin, small)
        marks = ground - small > otsu_threshold(ground - small)
    else:
        ground, outside_small = _ground(small, marks, surface), margin
        if dark_ink and not two_toned:
            # Where little light falls, marks are less deep: find them again as shares of the ground.
            shares = small / np.maximum(ground, 0.05)
            marks = shares <= otsu_threshold(shares)
            ground = _ground(small, marks, surface)
    full_ground = _enlarged(ground, factor, grey.shape)
    # Light falls on ink and paper alike, so the brightness of light paper divides out.
    depth = (full_ground - grey) / np.maximum(full_ground, 0.05) if dark_ink else grey - full_ground
    outside = _enlarged(outside_small.astype(np.float32), factor, grey.shape) > 0.01
    unclear = marks | outside_small if two_toned else outside_small
    clear = _enlarged(unclear.astype(np.float32), factor, grey.shape) == 0
    return Scene(depth.astype(np.float32), outside, clear)


def _robust_surface(values: FloatArray) -> FloatArray:
    """The second-degree polynomial in the coordinates that most of the picture lies on.

    Least squares, repeated with weights 1 / (1 + (r/s)²) on the residuals r (Cauchy), s their median
    size, so that ink and margins, which are far from any smooth surface, lose their say.
    """
    height, width = values.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    step = -(-max(values.shape) // 64)  # six coefficients need no more than 64 × 64 points
    points = terms.reshape(height, width, 6)[::step, ::step].reshape(-1, 6)
    target = values[::step, ::step].reshape(-1).astype(np.float64)
    fitted = np.full_like(target, np.median(target))
    for _ in range(8):
        residual = np.abs(target - fitted)
        scale = max(float(np.median(residual)), 0.01)
        weights = 1 / (1 + (residual / scale) ** 2)
        weighted = points * weights[:, None]
        normal = weighted.T @ points + 1e-6 * np.eye(6)
        coefficients = np.linalg.solve(normal, weighted.T @ target)
        fitted = points @ coefficients
    surface: FloatArray = (terms @ coefficients).reshape(values.shape).astype(np.float32)
    return surface


def _ground_is_light(values: FloatArray, light: BoolArray) -> bool:
    """Whether the ground is the light class rather than the dark one, by four votes.

    It covers more, has more of the border, and is thicker; and the marks on it are those that a closing
    (dark marks) or an opening (light marks) with a small window removes. No single vote decides: a thick
    digit in a tight crop covers more than half, a dark table around the paper has all of the border, a
    digit in a small crop is as thick as its ground, and a stroke wider than the window outlasts it.
    """
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    thick_light = float(ndimage.distance_transform_edt(light).max())
    thick_dark = float(ndimage.distance_transform_edt(~light).max())
    thickness = np.clip(np.log2((thick_light + 1) / (thick_dark + 1)), -1.5, 1.5)
    window = 2 * (max(values.shape) // 24) + 1
    dark_marks = float(np.square(ndimage.grey_closing(values, (window, window)) - values).mean())
    light_marks = float(np.square(values - ndimage.grey_opening(values, (window, window))).mean())
    thin = np.clip(np.log2((dark_marks + 2e-4) / (light_marks + 2e-4)), -_THIN_VOTE, _THIN_VOTE)
    return bool((2 * border.mean() - 1) + (2 * light.mean() - 1) + thickness + thin >= 0)


def _margin(marks: BoolArray) -> BoolArray:
    """Marks that run along a good part of the picture's border: a table top, a shadow, a frame.

    A digit may touch the border too, even fill a tight crop. So nothing is a margin unless something is
    left within, which has to be large unless the margin fills a whole side; or else it must be too
    thick for a stroke.
    """
    labels, count = ndimage.label(marks, np.ones((3, 3)))
    margin = np.zeros_like(marks)
    needed = 0.3
    for label in range(1, count + 1):
        part = labels == label
        if max(part[0].mean(), part[-1].mean(), part[:, 0].mean(), part[:, -1].mean()) > 0.3:
            margin |= part
            if int(part[0, 0]) + int(part[0, -1]) + int(part[-1, 0]) + int(part[-1, -1]) >= 2:
                needed = 0.08
    if not margin.any():
        return margin
    rest, _ = ndimage.label(marks & ~margin, np.ones((3, 3)))
    lengths = [max(r.stop - r.start, c.stop - c.start) for r, c in ndimage.find_objects(rest)]
    return margin if max(lengths, default=0) >= needed * max(marks.shape) else margin & _thick(margin)


def _thick(marks: BoolArray) -> BoolArray:
    """The components of the marks that are too thick for a stroke, half of the picture's longer side."""
    labels, count = ndimage.label(marks, np.ones((3, 3)))
    core = ndimage.distance_transform_edt(marks) > max(marks.shape) / 4
    thick = np.zeros(count + 1, dtype=bool)
    thick[labels[core]] = True
    found: BoolArray = thick[labels]
    return found


def _ground(values: FloatArray, marks: BoolArray, surface: FloatArray) -> FloatArray:
    """The ground everywhere: the surface, corrected by what the unmarked pixels nearby differ from it.

    The correction is their mean difference, weighted by a Gaussian, beyond a typical one.
    """
    clear = ~ndimage.binary_dilation(marks, np.ones((3, 3)))
    if not clear.any():
        clear = ~marks
    if not clear.any():
        return np.full_like(values, np.median(values))
    difference = values - surface
    typical = np.median(difference[clear])
    sigma = max(values.shape) / 12
    weights = ndimage.gaussian_filter(clear.astype(np.float64), sigma, mode="nearest")
    sums = ndimage.gaussian_filter(np.where(clear, difference - typical, 0.0), sigma, mode="nearest")
    ground: FloatArray = (surface + typical + sums / (weights + 1e-3)).astype(np.float32)
    return ground


def _closed(values: FloatArray) -> FloatArray:
    """The ground under shadows with sharp edges: a closing (Serra 1982) fills whatever is narrower than
    its window, which strokes are, and leaves steps of the light where they stand."""
    window = 2 * (max(values.shape) // 8) + 1
    closed = ndimage.grey_closing(values, (window, window), mode="nearest")
    smooth: FloatArray = ndimage.gaussian_filter(closed, 0.7)
    return smooth


def _edges(region: BoolArray, values: FloatArray) -> BoolArray:
    """The outline of a region where the picture jumps there, as at the edge of the paper."""
    square = np.ones((3, 3))
    outline = ndimage.binary_dilation(region, square) & ~ndimage.binary_erosion(region, square)
    jump = ndimage.maximum_filter(values, 3) - ndimage.minimum_filter(values, 3)
    found: BoolArray = outline & (jump > 0.15)
    return found


def _enlarged(values: FloatArray, factor: int, shape: tuple[int, ...]) -> FloatArray:
    """Undo block_means: enlarge by linear interpolation and cut to shape."""
    if factor == 1:
        return values
    height, width = values.shape
    image = Image.fromarray(values).resize((width * factor, height * factor), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float32)[: shape[0], : shape[1]]
