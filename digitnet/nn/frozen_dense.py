"""A Dense layer that only predicts: its weight laid out once for the products that small batches need."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.nn.buffers import aligned_empty
from digitnet.nn.inference import SPARSE, UNPACKED, product
from digitnet.nn.layers import Array

# Bytes of a row of a slice, four vectors of AVX-512: OpenBLAS's small products do best with so many columns.
_SLICE = 256
# Rows of a block: with 12 to 16 a core does 165 GFLOP/s, with 18 158, with 6 143.
_BLOCK = 16
# Up to so many weights a second copy, as they come, costs little memory; one picture needs it.
_LITTLE = 1 << 19


# From so many rows on the columns that none of them lights are left out, unless this share is lit.
_WORTH_LOOKING, _ALL = 128, 0.85


@cache
def slices_pay() -> bool:
    """Whether NumPy's OpenBLAS has kernels that multiply small matrices without packing them: with AVX-512.

    >>> slices_pay() in (True, False)
    True
    """
    built = np.show_config(mode="dicts")
    if built is None:
        return False
    blas = str(built.get("Build Dependencies", {}).get("blas", {}).get("name", ""))
    found = built.get("SIMD Extensions", {}).get("found", ())
    return "openblas" in blas and bool({"AVX512_SKX", "X86_V4"} & set(found))


class FrozenDense:
    """``max(inputs · weight + bias, 0)``, or without the maximum, of a weight that never changes.

    A matrix product in OpenBLAS begins by copying both matrices into an order that its inner loop likes.
    For few rows the weight is nearly all there is to copy, in every call. Small matrices, of no more than 10⁶
    multiplications, it takes as they are, at the full rate of a core if their rows begin at multiples of
    64 bytes (167 GFLOP/s, else 118). So the weight is kept as slices of 64 columns, ``(count, in, 64)``, each
    contiguous, and the product is made of small ones: a slice and a block of some 16 rows.

    Args:
        weight: ``(in_features, out_features)``; it is copied.
        bias: ``(out_features,)`` or None.
        positive: whether a ReLU follows.
        pushes: whether the layer behind it adds ``bias · weight`` of its own weight to its own bias. Then
            ``max(z + b, 0) = max(z, -b) + b`` needs one pass over the outputs instead of two, and what this
            gives is ``max(z, -b)``.
        first: whether the inputs are the network's, pictures that are mostly zeros.
        plain: whether to keep the weight as it is too, for products of one row on several threads.
    """

    def __init__(
        self, weight: Array, bias: Array | None, *, positive: bool, pushes: bool, first: bool, plain: bool
    ) -> None:
        self.depth, self.columns = weight.shape
        self._first, self._positive = first, positive
        self._plain: Any = None
        if plain or not slices_pay() or weight.size <= _LITTLE:
            self._plain = aligned_empty(weight.shape, weight.dtype)
            self._plain[...] = weight
        width = _SLICE // weight.dtype.itemsize
        if self.columns < width:
            width = width // 4 * -(-self.columns * 4 // width)
        if not slices_pay():
            width = self.columns
        count = -(-self.columns // width)
        self.width = count * width  # with columns of zeros at the end
        added = np.zeros(self.width, weight.dtype)
        if bias is not None:
            added[: self.columns] = bias
        self._bias = None if pushes or bias is None else added.reshape(count, 1, width)
        self._floor = (-added if pushes else np.zeros_like(added)).reshape(count, 1, width)
        if not slices_pay():
            return
        self._slices = aligned_empty((count, self.depth, width), weight.dtype)
        for index, part in enumerate(self._slices):
            columns = weight[:, index * width : (index + 1) * width]
            part[:, : columns.shape[1]] = columns
            part[:, columns.shape[1] :] = 0
        fill = _BLOCK * _SLICE // (width * weight.dtype.itemsize)
        self._block = max(1, min(fill, UNPACKED // (self.depth * width)))

    def of_one(self, row: Array) -> Array:
        """The outputs ``(out_features,)`` of one row ``(in_features,)``, in memory of their own."""
        plain = self._plain is not None
        weight, axis = (self._plain, 0) if plain else (self._slices, 1)
        if self._first:
            (lit,) = row.nonzero()
            if len(lit) <= SPARSE * self.depth:
                row, weight = row.take(lit), weight.take(lit, axis)
        sums = np.dot(row, weight) if plain else np.matmul(row, weight).reshape(-1)[: self.columns]
        return self._finished(sums)

    def by_blas(self, inputs: Array) -> Array:
        """The outputs of rows by one product of BLAS, on as many threads as it likes."""
        return self._finished(product(inputs, self._plain))

    def _finished(self, sums: Array) -> Array:
        if self._bias is not None:
            sums += self._bias.reshape(-1)[: self.columns]
        if self._positive:
            np.maximum(sums, self._floor.reshape(-1)[: self.columns], out=sums)
        return sums

    def of_many(self, inputs: Array, sums: Array, outputs: Array) -> Array:
        """The outputs ``(batch, out_features)`` of rows ``(batch, in_features)``.

        Args:
            inputs: the rows.
            sums: memory for ``batch · width`` numbers.
            outputs: the same; what is returned is a view of it. It may be the inputs' memory.
        """
        rows = len(inputs)
        sums = sums[: rows * self.width].reshape(-1, rows, self.width // len(self._slices))
        self._multiply(inputs, sums)
        if self._bias is not None and self._positive:
            sums += self._bias
        # From a slice after another to a row after another, in the pass that is needed anyway.
        outputs = outputs[: rows * self.width].reshape(rows, len(sums), -1)
        by_slice = outputs.transpose(1, 0, 2)
        if self._positive:
            np.maximum(sums, self._floor, out=by_slice)
        elif self._bias is not None:
            np.add(sums, self._bias, out=by_slice)
        else:
            by_slice[...] = sums
        return outputs.reshape(rows, -1)[:, : self.columns]

    def _multiply(self, inputs: Array, sums: Array) -> None:
        """Fill ``sums (count, batch, width)``. So laid out NumPy takes slice by slice: each is read once."""
        rows, slices = len(inputs), self._slices
        lit = self._lit(inputs) if self._first and rows >= _WORTH_LOOKING else None
        if lit is not None:
            inputs = inputs.take(lit, 1)
            chosen = aligned_empty((len(slices), len(lit), slices.shape[2]), slices.dtype)
            slices = slices.take(lit, 1, chosen, "clip")
        size = -(-rows // -(-rows // self._block)) if rows else 1
        even = rows // size * size
        for start, stop, block in ((0, even, size), (even, rows, rows - even)):
            if start < stop:
                count = (stop - start) // block
                blocks = inputs[start:stop].reshape(count, block, inputs.shape[1])
                out = sums[:, start:stop].reshape(len(slices), -1, block, slices.shape[2])
                np.matmul(blocks, slices[:, None], out=out)

    def _lit(self, inputs: Array) -> NDArray[np.intp] | None:
        """Which columns of the inputs are not all zeros; None for nearly all."""
        bits = inputs.view(f"u{inputs.itemsize}")
        if bits[:: len(bits) // 8].any(axis=0).mean() >= _ALL:
            return None
        (lit,) = np.bitwise_or.reduce(bits, axis=0).nonzero()
        return lit if len(lit) < _ALL * self.depth else None
