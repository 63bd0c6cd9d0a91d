"""Digits as poor cameras, scanners and drawing programs hand them over: coarse, blurred, thick or thin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Ink = NDArray[np.float32]


def resized(ink: Ink, height: int, width: int, *, smooth: bool = True) -> Ink:
    """The ink at another size, by area averages where it shrinks and bicubic where it grows."""
    shrinks = height <= ink.shape[0] and width <= ink.shape[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    if not smooth:
        method = Image.Resampling.NEAREST
    image = Image.fromarray(np.ascontiguousarray(ink)).resize((max(width, 1), max(height, 1)), method)
    return np.clip(np.asarray(image, dtype=np.float32), 0, 1)


def coarse(ink: Ink, rng: np.random.Generator) -> Ink:
    """The ink as a bitmap of 8 to 18 rows, grey or of two levels, blocky or smoothed as it is enlarged."""
    height = int(rng.integers(8, 19))
    width = max(2, round(ink.shape[1] * height / ink.shape[0]))
    small = resized(ink, height, width)
    if rng.random() < 0.5:
        small = (small > rng.uniform(0.3, 0.6) * small.max()).astype(np.float32)
    factor = int(rng.integers(2, 5))
    return resized(small, height * factor, width * factor, smooth=bool(rng.random() < 0.7))


def repenned(ink: Ink, rng: np.random.Generator) -> Ink:
    """The ink with a thicker or a thinner pen, its outline moved by up to 4 % of its height.

    It is enlarged first, so that the outline moves by less than a pixel of the original too.
    """
    factor = max(1, round(80 / max(ink.shape)))
    fine = resized(ink, ink.shape[0] * factor, ink.shape[1] * factor)
    fine = np.pad(fine, 5)
    inside = fine > 0.5
    if not inside.any() or inside.all():
        return ink
    distance = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    thickest = float(-distance.min())
    grow = rng.uniform(max(-0.03 * max(fine.shape), -0.45 * thickest), 0.045 * max(fine.shape))
    moved: Ink = np.clip(grow + 0.5 - distance, 0, 1).astype(np.float32)
    return moved


def blurred(ink: Ink, rng: np.random.Generator) -> Ink:
    """The ink out of focus: a Gaussian of up to 6 % of its height, brought back to full strength."""
    padded = np.pad(ink, max(2, max(ink.shape) // 8))
    soft = ndimage.gaussian_filter(padded, rng.uniform(0.01, 0.06) * max(ink.shape))
    restored: Ink = np.clip(soft / max(float(soft.max()), 1e-6), 0, 1).astype(np.float32)
    return restored
