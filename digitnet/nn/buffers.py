"""Working memory that is allocated once and reused, so that a training step allocates nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Buffers:
    """Named arrays that grow when a larger batch comes and are handed out as views of their first rows.

    >>> buffers = Buffers()
    >>> a = buffers.get("outputs", (128, 10), np.float32)
    >>> b = buffers.get("outputs", (100, 10), np.float32)   # the last, smaller batch of an epoch
    >>> b.base is a.base, b.shape
    (True, (100, 10))
    """

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of ``shape`` whose content is whatever the last user of ``name`` left there."""
        array = self._arrays.get(name)
        if (
            array is None
            or array.dtype != dtype
            or array.shape[0] < shape[0]
            or array.shape[1:] != tuple(shape[1:])
        ):
            array = np.empty(shape, dtype)
            self._arrays[name] = array
        return array[: shape[0]]
