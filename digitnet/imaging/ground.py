"""How bright the ground is under the ink: a smooth surface, or light with sharp steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitnet.imaging.filters import closing, gaussian, grown, median
from digitnet.imaging.picture import BoolArray, FloatArray

# Strokes are narrower than this share of a page's longer side.
WIDEST_STROKE = 0.2


def robust_surface(values: FloatArray) -> FloatArray:
    """The second-degree polynomial in the coordinates that most of the picture lies on.

    Least squares, repeated with weights 1 / (1 + (r/s)²) on the residuals r (Cauchy), s their median
    size, so that ink and margins, which are far from any smooth surface, lose their say.
    """
    height, width = values.shape
    y, x = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    down, across = -(-height // 64), -(-width // 64)  # six coefficients need no more than 64 × 64 points
    points = _terms(y[::down], x[::across])
    target = values[::down, ::across].reshape(-1).astype(np.float64)
    fitted = np.full_like(target, median(target))
    for _ in range(8):
        residual = np.abs(target - fitted)
        scale = max(median(residual), 0.01)
        weights = 1 / (1 + (residual / scale) ** 2)
        weighted = points * weights
        normal = weighted @ points.T + 1e-6 * np.eye(6)
        coefficients = np.linalg.solve(normal, weighted @ target)
        fitted = coefficients @ points
    one, right, low, bent, turned, curved = coefficients
    surface = np.multiply.outer(y, turned * x)
    surface += (one + low * y + curved * y * y)[:, None]
    surface += right * x + bent * x * x
    smooth: FloatArray = surface.astype(np.float32)
    return smooth


def _terms(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1, x, y, x², xy and y² of all points of a grid, (6, points)."""
    grid = np.empty((6, len(y), len(x)))
    down = y[:, None]
    grid[0], grid[1], grid[2] = 1.0, x, down
    grid[3], grid[4], grid[5] = x * x, down * x, down * down
    return grid.reshape(6, -1)


def smooth_ground(values: FloatArray, marks: BoolArray, surface: FloatArray) -> FloatArray:
    """The ground everywhere: the surface, corrected by what the unmarked pixels nearby differ from it.

    The correction is their mean difference, weighted by a Gaussian, beyond a typical one.
    """
    clear = ~grown(marks)
    if not clear.any():
        clear = ~marks
    if not clear.any():
        return np.full_like(values, median(values))
    difference = values - surface
    typical = np.float32(median(difference[clear]))
    sigma = max(values.shape) / 12
    weights = gaussian(clear.astype(np.float32), sigma)
    sums = gaussian(np.where(clear, difference - typical, np.float32(0)), sigma)
    ground: FloatArray = surface + typical + sums / (weights + np.float32(1e-3))
    return ground


def stepped_ground(values: FloatArray) -> FloatArray:
    """The ground under dark ink where the light has sharp steps: shadows, tables, pasted paper.

    A closing (Serra 1982) fills what is narrower than its window, which strokes are, and leaves steps
    where they stand. What runs along the border is taken to go on beyond it, so that a narrow margin is
    no stroke. At a step nobody knows the ground to a pixel: there the darker side is taken.
    """
    window = 2 * round(WIDEST_STROKE * max(values.shape) / 2) + 1
    quiet = ndimage.median_filter(values, 3, mode="nearest") if min(values.shape) > 40 else values
    closed = closing(np.pad(quiet, window - 1, mode="edge"), window)
    # In noise a closing is an envelope, above the ground.
    closed = closed - max(median(closed - values), 0.0)
    ground: FloatArray = ndimage.minimum_filter(closed, 3, mode="nearest").astype(np.float32)
    return ground


def enlarged(values: FloatArray, factor: int, shape: tuple[int, ...]) -> FloatArray:
    """Undo block_means: enlarge by linear interpolation and cut to shape."""
    if factor == 1:
        return values
    higher = np.empty((len(values), factor, values.shape[1]), np.float32)
    before, after = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    for place, (own, other) in enumerate(_shares(factor)):
        np.multiply(before if 2 * place < factor else after, other, out=higher[:, place])
        higher[:, place] += values * own
    rows = higher.reshape(-1, values.shape[1])[: shape[0]]
    wider = np.empty((*rows.shape, factor), np.float32)
    left, right = np.hstack([rows[:, :1], rows[:, :-1]]), np.hstack([rows[:, 1:], rows[:, -1:]])
    for place, (own, other) in enumerate(_shares(factor)):
        wider[:, :, place] = (left if 2 * place < factor else right) * other + rows * own
    return wider.reshape(len(rows), -1)[:, : shape[1]]


def _shares(factor: int) -> list[tuple[np.float32, np.float32]]:
    """For each of the pixels that take a pixel's place, what it has of that pixel and of the neighbour."""
    away = [abs((place + 0.5) / factor - 0.5) for place in range(factor)]
    return [(np.float32(1 - share), np.float32(share)) for share in away]
