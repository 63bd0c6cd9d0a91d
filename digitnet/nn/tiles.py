"""Matrix products in tiles so small that OpenBLAS multiplies them as they lie, without packing them first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from digitnet.nn.buffers import LINE
from digitnet.nn.layers import Array

#: OpenBLAS packs nothing where rows · depth · columns of a product are no more than this.
UNPACKED = 1_000_000
# OpenBLAS's name for the kernels that have been measured to gain: those of NumPy's wheels for AVX-512.
_KERNEL = "SkylakeX"
#: Columns of a tile.
COLUMNS = 64
# Rows of a tile. One core has 160 GFLOP/s with 16 × 64, 150 with 8 × 64, 145 with 32 × 32, 118 without tiles.
_ROWS = 16
#: A tile's rows of a wider weight lie so far apart that they fight for places in the cache: 63 GFLOP/s.
WIDEST = 256
# So there are fewer of them in a part of the sum, unless so few inputs meet them that they are read but once.
_DEPTH_IF_WIDE, _ONCE = 300, 4


def tiles_pay(libraries: Iterable[Mapping[str, Any]]) -> bool:
    """Whether products on one thread are quicker in tiles.

    Args:
        libraries: what threadpoolctl says of those that multiply matrices here.

    >>> tiles_pay([{"internal_api": "openblas", "architecture": "SkylakeX"}])
    True
    >>> tiles_pay([{"internal_api": "openblas", "architecture": "Haswell"}]), tiles_pay([])
    (False, False)
    """
    kernels = {library.get("architecture") for library in libraries}
    return kernels == {_KERNEL}


def fits_tiles(weight: Array) -> bool:
    """Whether a weight is as wide as some tiles, and begins where the processor reads it in whole lines.

    One that begins elsewhere has 105 GFLOP/s in tiles, less than without.

    >>> weight = np.ones((10, 256))
    >>> fits_tiles(weight[:, :100]), fits_tiles(weight[:, 1:65])
    (False, False)
    """
    return weight.shape[1] % COLUMNS == 0 and weight.ctypes.data % LINE == 0


def tiled_product(inputs: Array, weight: Array, out: Array) -> None:
    """``out = inputs · weight``, to within rounding that of :func:`numpy.matmul`.

    A tile is a part of the outputs; where the sum over the inputs is long it is cut as well, and its parts
    are added. All tiles are one call of :func:`numpy.matmul`, which asks the library for one after the
    other; those below each other come first, so that their columns of the weight stay in the cache.

    Args:
        inputs: ``(batch, depth)``; fewer than 16 rows are those of one tile, and of more what is beyond a
            multiple of 16 is multiplied without tiles.
        weight: ``(depth, columns)``, as wide as some tiles, best no wider than ``WIDEST``.
        out: ``(batch, columns)``.

    >>> inputs, weight, out = np.ones((20, 2000)), np.ones((2000, 64)), np.empty((20, 64))
    >>> tiled_product(inputs, weight, out)
    >>> bool((out == 2000.0).all())
    True
    """
    (batch, depth), columns = inputs.shape, weight.shape[1]
    rows = min(batch, _ROWS)
    down, across = batch // rows, columns // COLUMNS
    whole = down * rows
    most = UNPACKED // (rows * COLUMNS)
    if columns > WIDEST and rows > _ONCE:
        most = _DEPTH_IF_WIDE
    parts = -(-depth // most)
    for part in range(parts):
        inner = slice(depth * part // parts, depth * (part + 1) // parts)
        sums = np.empty_like(out) if part else out
        np.matmul(
            inputs[:whole, inner].reshape(1, down, rows, -1),
            weight[inner].reshape(-1, across, 1, COLUMNS).transpose(1, 2, 0, 3),
            out=sums[:whole].reshape(down, rows, across, COLUMNS).transpose(2, 0, 1, 3),
        )
        if part:
            out[:whole] += sums[:whole]
    if whole < batch:
        np.matmul(inputs[whole:], weight, out=out[whole:])
