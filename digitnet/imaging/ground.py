"""How bright the ground is under the ink: a smooth surface, or light with sharp steps."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from digitnet.imaging.picture import EIGHT_NEIGHBOURS, BoolArray, FloatArray

# Strokes are narrower than this share of a page's longer side.
WIDEST_STROKE = 0.2


def robust_surface(values: FloatArray) -> FloatArray:
    """The second-degree polynomial in the coordinates that most of the picture lies on.

    Least squares, repeated with weights 1 / (1 + (r/s)²) on the residuals r (Cauchy), s their median
    size, so that ink and margins, which are far from any smooth surface, lose their say.
    """
    height, width = values.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    down, across = -(-height // 64), -(-width // 64)  # six coefficients need no more than 64 × 64 points
    points = terms.reshape(height, width, 6)[::down, ::across].reshape(-1, 6)
    target = values[::down, ::across].reshape(-1).astype(np.float64)
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


def smooth_ground(values: FloatArray, marks: BoolArray, surface: FloatArray) -> FloatArray:
    """The ground everywhere: the surface, corrected by what the unmarked pixels nearby differ from it.

    The correction is their mean difference, weighted by a Gaussian, beyond a typical one.
    """
    clear = ~ndimage.binary_dilation(marks, EIGHT_NEIGHBOURS)
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


def stepped_ground(values: FloatArray) -> FloatArray:
    """The ground under dark ink where the light has sharp steps: shadows, tables, pasted paper.

    A closing (Serra 1982) fills what is narrower than its window, which strokes are, and leaves steps
    where they stand. What runs along the border is taken to go on beyond it, so that a narrow margin is
    no stroke. At a step nobody knows the ground to a pixel: there the darker side is taken.
    """
    window = 2 * round(WIDEST_STROKE * max(values.shape) / 2) + 1
    quiet = ndimage.median_filter(values, 3, mode="nearest") if min(values.shape) > 40 else values
    padded = np.pad(quiet, window, mode="edge")
    closed = ndimage.grey_closing(padded, (window, window))[window:-window, window:-window]
    # In noise a closing is an envelope, above the ground.
    closed = closed - max(float(np.median(closed - values)), 0.0)
    ground: FloatArray = ndimage.minimum_filter(closed, 3, mode="nearest").astype(np.float32)
    return ground


def enlarged(values: FloatArray, factor: int, shape: tuple[int, ...]) -> FloatArray:
    """Undo block_means: enlarge by linear interpolation and cut to shape."""
    if factor == 1:
        return values
    height, width = values.shape
    image = Image.fromarray(values).resize((width * factor, height * factor), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float32)[: shape[0], : shape[1]]
