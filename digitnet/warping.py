"""Pictures seen through an affine map: rotated, sheared, scaled and shifted, read bilinearly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

#: So many pictures are worked on at a time, which keeps the working memory at some 25 MB.
_CHUNK = 1000


def warp(pictures: Floats, matrices: ArrayLike, shifts: ArrayLike = (0.0, 0.0)) -> Floats:
    """Each picture through its own affine map, or all through the same one.

    Output pixel p, as (row, column), takes the value that the input has at

    ``A (p - c) + c + t``

    with c the middle of the picture. Outside of the picture there is 0.

    Args:
        pictures: ``(n, size, size)`` floats.
        matrices: A, ``(n, 2, 2)`` or ``(2, 2)``, acting on (row, column).
        shifts: t in pixels, ``(n, 2)`` or ``(2,)``.

    Returns:
        ``(n, size, size)`` float64.

    >>> picture = np.zeros((1, 3, 3)); picture[0, 0, 1] = 1.0
    >>> warp(picture, np.eye(2), (-1.0, 0.0))[0]  # every pixel reads one row above: all moves down
    array([[0., 0., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """
    n, size, _ = pictures.shape
    matrices = np.broadcast_to(np.asarray(matrices, np.float64), (n, 2, 2))
    shifts = np.broadcast_to(np.asarray(shifts, np.float64), (n, 2))
    centre = (size - 1) / 2.0
    grid = np.mgrid[0:size, 0:size].reshape(2, -1) - centre
    warped = np.empty(pictures.shape)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        positions = matrices[part] @ grid + centre + shifts[part, :, None]
        number = np.broadcast_to(np.arange(len(positions))[:, None], positions[:, 0].shape)
        warped[part] = ndimage.map_coordinates(
            pictures[part], [number, positions[:, 0], positions[:, 1]], order=1, mode="grid-constant"
        ).reshape(-1, size, size)
    return warped
