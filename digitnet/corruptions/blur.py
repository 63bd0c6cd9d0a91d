"""Corruptions that smear: a digit behind ridged glass, and one that moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitnet.warping import warp

Floats = NDArray[np.float64]


def glass_blur(pictures: Floats, rng: np.random.Generator) -> Floats:
    """Smoothed by 0.7 px, neighbouring pixels swapped twice over, smoothed by 0.7 px again.

    A swap exchanges a pixel, with a chance of one half, with one that lies up to 1 px above or to the left
    of it, in turn for all pixels from the lower right to the upper left.

    >>> glass_blur(np.ones((1, 28, 28)), np.random.default_rng(0)).round(6).min()  # even stays even
    np.float64(1.0)
    """
    size = pictures.shape[1]
    sigma = (0.0, 0.7 * size / 28.0, 0.7 * size / 28.0)
    smooth = ndimage.gaussian_filter(pictures, sigma)
    every = np.arange(len(smooth))
    for _ in range(2):
        for row in range(size - 1, 0, -1):
            for column in range(size - 1, 0, -1):
                swapped = every[rng.random(len(smooth)) < 0.5]
                up, left = rng.integers(0, 2, (2, len(swapped)))
                here, there = (swapped, row, column), (swapped, row - up, column - left)
                smooth[here], smooth[there] = smooth[there], smooth[here]
    return np.asarray(ndimage.gaussian_filter(smooth, sigma))


def motion_blur(pictures: Floats, rng: np.random.Generator) -> Floats:
    """A trail of up to 10 px in a direction within ±45° of the horizontal, fading as a Gaussian of 3 px.

    >>> dot = np.zeros((1, 28, 28)); dot[0, 14, 20] = 1.0
    >>> bool((motion_blur(dot, np.random.default_rng(0)) > 0).sum() > 5)  # the dot has become a trail
    True
    """
    unit = pictures.shape[1] / 28.0
    angle = np.deg2rad(rng.uniform(-45.0, 45.0, len(pictures)))
    direction = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    steps = np.arange(11)
    weights = np.exp(-(steps**2) / (2.0 * 3.0**2))
    blurred = np.zeros(pictures.shape)
    for step, weight in zip(steps, weights / weights.sum(), strict=True):
        blurred += weight * warp(pictures, np.eye(2), step * unit * direction)
    return blurred
