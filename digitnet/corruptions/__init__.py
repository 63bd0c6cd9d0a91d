"""Spoilt digits to test a model on: seventeen corruptions after MNIST-C (Mu & Gilmer 2019).

MNIST-C spoils MNIST's test pictures in fifteen ways that leave them readable for people. These are written
anew in NumPy and SciPy, at the strengths of its data set where it gives any; contrast and a whole line,
which the paper left out of its fifteen, are added. The pictures are not pixel for pixel those of MNIST-C,
so error rates on them may stand beside published ones but are not to be ranked with them.

Each is a function ``(pictures (n, size, size) in [0, 1], rng) -> the same`` of ink that is bright on 0.
Lengths are given for 28×28 pictures and scale with the side; noise is drawn for each pixel, whatever
the size. What moves by whole pixels (glass blur, the dots of a dotted line) moves by one at least, so at
8×8 it is stronger.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from digitnet.corruptions import affine, blur, light, noise, strokes
from digitnet.errors import ConfigurationError

__all__ = ["CORRUPTIONS", "MNIST_C", "corrupt"]

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

#: The fifteen of MNIST-C, in the paper's order.
MNIST_C: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "shot noise": noise.shot_noise,
    "impulse noise": noise.impulse_noise,
    "glass blur": blur.glass_blur,
    "motion blur": blur.motion_blur,
    "shear": affine.shear,
    "scale": affine.scale,
    "rotate": affine.rotate,
    "brightness": light.brightness,
    "translate": affine.translate,
    "stripe": light.stripe,
    "fog": light.fog,
    "spatter": noise.spatter,
    "dotted line": strokes.dotted_line,
    "zigzag": strokes.zigzag,
    "canny edges": strokes.canny_edges,
}

#: All seventeen by name, the fifteen of MNIST-C first.
CORRUPTIONS: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    **MNIST_C,
    "contrast": light.contrast,
    "line": strokes.line,
}


def corrupt(name: str, pictures: Pixels, rng: np.random.Generator, *, levels: int = 255) -> Pixels:
    """Spoil pictures in one of the ways of :data:`CORRUPTIONS`.

    Args:
        name: such as ``"fog"``.
        pictures: ``(n, size, size)`` uint8 in 0..levels, ink bright on 0; they are not changed.
        rng: the same generator state gives the same pictures.
        levels: the largest value that a pixel can take, 16 for scikit-learn's digits.

    Returns:
        uint8 of the same shape and range.

    Raises:
        ConfigurationError: no corruption has that name, or the pictures are not square uint8 ones.

    >>> ones = np.ones((1, 28, 28), np.uint8)
    >>> int(corrupt("brightness", ones, np.random.default_rng(0)).min())  # half of 255 brighter
    128
    """
    if name not in CORRUPTIONS:
        raise ConfigurationError(f"There is no corruption {name!r}; choose one of {', '.join(CORRUPTIONS)}.")
    if pictures.dtype != np.uint8 or pictures.ndim != 3 or pictures.shape[1] != pictures.shape[2]:
        raise ConfigurationError(
            f"Pictures to corrupt are uint8 of shape (n, size, size); got {pictures.dtype} of shape "
            f"{pictures.shape}."
        )
    spoilt = CORRUPTIONS[name](pictures / float(levels), rng)
    return np.round(np.clip(spoilt, 0.0, 1.0) * levels).astype(np.uint8)
