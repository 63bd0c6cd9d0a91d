"""Corruptions pixel by pixel and drop by drop: shot noise, impulse noise and spatter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

#: Photons that a fully bright pixel sends.
PHOTONS = 3.0
#: Share of pixels that an impulse sets to black or white.
IMPULSES = 0.17
#: Grey of the mud that covers digit and ground.
MUD = 63.0 / 255.0


def shot_noise(pictures: Floats, rng: np.random.Generator) -> Floats:
    """Few photons: a pixel of value x becomes ``Poisson(3 x) / 3``; only the ink is noisy.

    >>> shot_noise(np.zeros((1, 28, 28)), np.random.default_rng(0)).any()  # the ground stays
    np.False_
    """
    return rng.poisson(PHOTONS * pictures) / PHOTONS


def impulse_noise(pictures: Floats, rng: np.random.Generator) -> Floats:
    """Salt and pepper: 17 % of the pixels become 0 or 1, either with the same chance.

    >>> spoilt = impulse_noise(np.full((1, 28, 28), 0.5), np.random.default_rng(0))
    >>> np.unique(spoilt)
    array([0. , 0.5, 1. ])
    """
    drawn = rng.random(pictures.shape)
    salt = np.where(drawn < IMPULSES / 2.0, 1.0, pictures)
    return np.where(drawn > 1.0 - IMPULSES / 2.0, 0.0, salt)


def spatter(pictures: Floats, rng: np.random.Generator) -> Floats:
    """Drops of dark grey mud lie over digit and ground.

    A field of normal noise, of mean 0.65 and deviation 0.3, is smoothed by 1 px. Where it lies above 0.65
    there is liquid; that mask, smoothed by 1.5 px, is kept where it is at least 0.8, so that only drops
    of some size are left.

    >>> bool(spatter(np.zeros((1, 28, 28)), np.random.default_rng(0)).max() <= MUD)
    True
    """
    unit = pictures.shape[1] / 28.0
    field = ndimage.gaussian_filter(rng.normal(0.65, 0.3, pictures.shape), (0, unit, unit))
    liquid = (field > 0.65).astype(np.float64)
    cover = ndimage.gaussian_filter(liquid, (0, 1.5 * unit, 1.5 * unit))
    cover[cover < 0.8] = 0.0
    return np.asarray(pictures * (1.0 - cover) + MUD * cover)
