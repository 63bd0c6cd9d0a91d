"""Deformation for pictures of very few pixels: on a finer grid and back, so that they stay sharp.

Reading between the pixels of an 8×8 picture blurs it: a stroke is hardly wider than a pixel, and the value
half-way between two pixels is their mean. So the picture is first drawn on a grid of pixels ``factor`` times
as fine, as a smooth surface whose mean over each old pixel is that pixel's value; the surface is deformed
there, and averaged back. Coarse pixels are such means of a finer bitmap to begin with (Alpaydin & Kaynak
1998), and a picture that is not deformed at all comes back as it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.data.augment import Augmenter, Deformation
from digitnet.errors import ConfigurationError
from digitnet.nn.buffers import Buffers

Array = NDArray[np.floating[Any]]


class FineAugmenter:
    """Deforms batches of small square pictures in place; call it as ``augmenter(batch, rng)``.

    With the matrices U of :func:`refinement` and M of the means over ``factor`` pixels, ``M U = 1``, a
    picture P becomes ``M deform(U P Uᵀ) Mᵀ``, clipped to [0, 1]. Around the picture there is a margin of
    ``MARGIN`` empty pixels, from which a shift or a rotation brings in background.

    One augmenter reuses its working memory, so it serves one thread at a time.

    Args:
        size: side of the pictures; batches are ``(n, size * size)`` floats in [0, 1].
        deformation: how strong; lengths are in pixels of the pictures, not of the finer grid.
        factor: how many times as fine the grid is, at least 2.

    Raises:
        ConfigurationError: a factor below 2.

    >>> batch = np.random.default_rng(0).random((1, 64), np.float32)
    >>> still = Deformation(rotation=0, shear=0, scale=0, shift=0, elastic=0, smoothness=2)
    >>> deformed = batch.copy()
    >>> FineAugmenter(8, still)(deformed, np.random.default_rng(0))
    >>> bool(np.allclose(deformed, batch, atol=1e-2))
    True
    """

    #: Empty pixels on every side of the picture while it is deformed.
    MARGIN = 1

    def __init__(self, size: int, deformation: Deformation | None = None, *, factor: int = 2) -> None:
        if factor < 2:
            raise ConfigurationError(f"A finer grid has a factor of at least 2; got {factor}.")
        self.size, self.factor = size, factor
        self.deformation = deformation or Deformation()
        padded = size + 2 * self.MARGIN
        inside = slice(self.MARGIN, self.MARGIN + size)
        self._refine = refinement(padded, factor)[:, inside].astype(np.float32)
        self._mean = _block_means(padded, factor)[inside].astype(np.float32)
        self._augmenter = Augmenter(
            padded * factor,
            replace(
                self.deformation,
                shift=self.deformation.shift * factor,
                elastic=self.deformation.elastic * factor,
                smoothness=self.deformation.smoothness * factor,
            ),
        )
        self._buffers = Buffers()

    def __call__(self, batch: Array, rng: np.random.Generator) -> None:
        """Deform each row of ``batch`` ``(n, size * size)``, float32 or float64, in place."""
        self.deform_rows(batch, rng, slice(0, len(batch)))

    def deform_rows(self, batch: Array, rng: np.random.Generator, rows: slice) -> None:
        """Deform ``batch[rows]`` in place as a call would, which draws for all rows; the others stay."""
        n, side, size = len(batch), len(self._refine), self.size
        pictures = batch.reshape(n, size, size)[rows]
        half = self._buffers.get("half", (n, side, size), batch.dtype)[rows]
        fine = self._buffers.get("fine", (n, side, side), batch.dtype)
        np.matmul(self._refine, pictures, out=half)
        np.matmul(half, self._refine.T, out=fine[rows])
        self._augmenter.deform_rows(fine.reshape(n, side * side), rng, rows)
        np.matmul(fine[rows], self._mean.T, out=half)
        np.matmul(self._mean, half, out=pictures)
        # The smooth surface swings a little below the ground and above full ink.
        np.clip(pictures, 0.0, 1.0, out=pictures)

    def __repr__(self) -> str:
        return f"FineAugmenter({self.size}, {self.deformation!r}, factor={self.factor})"


def refinement(size: int, factor: int) -> NDArray[np.float64]:
    """Matrix U ``(size · factor, size)`` from pixels to a smooth curve on a grid ``factor`` times as fine.

    The curve is a sum of cubic B-splines, one at the middle of each pixel (Unser, Aldroubi & Eden 1991),
    with the weights that make the mean over each old pixel its value: ``U = B (M B)⁻¹``, where B holds the
    splines at the fine pixels' middles and M takes means over ``factor`` of them.

    Args:
        size: pixels along a side.
        factor: how many times as fine the grid is.

    >>> curve = refinement(8, 2) @ np.arange(8.0)
    >>> curve.reshape(8, 2).mean(axis=1).round(6) + 0.0  # the means over the old pixels are their values
    array([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    middles = (np.arange(size * factor) + 0.5) / factor - 0.5
    distance = np.abs(np.subtract.outer(middles, np.arange(size)))
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.maximum(2 - distance, 0.0) ** 3 / 6
    splines = np.where(distance < 1, near, far)
    return np.asarray(splines @ np.linalg.inv(_block_means(size, factor) @ splines))


def _block_means(size: int, factor: int) -> NDArray[np.float64]:
    """Matrix M ``(size, size · factor)`` that takes the mean of every ``factor`` values."""
    return np.repeat(np.eye(size), factor, axis=1) / factor
