"""Working memory that is allocated once and reused, so that a training step allocates nothing."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Buffers:
    """Named arrays that grow when a larger batch comes and are handed out as views of their first rows.

    Args:
        xp: the library whose arrays they are.

    >>> buffers = Buffers()
    >>> a = buffers.get("outputs", (128, 10), np.float32)
    >>> b = buffers.get("outputs", (100, 10), np.float32)   # the last, smaller batch of an epoch
    >>> b.base is a, b.shape
    (True, (100, 10))
    """

    def __init__(self, xp: ModuleType = np) -> None:
        self.xp = xp
        self._arrays: dict[str, NDArray[Any]] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of ``shape`` whose content is whatever the last user of ``name`` left there."""
        array = self._arrays.get(name)
        if array is not None and array.dtype == dtype:
            if array.shape == shape:
                return array
            if array.shape[0] >= shape[0] and array.shape[1:] == tuple(shape[1:]):
                return array[: shape[0]]
        fresh: NDArray[Any] = self.xp.empty(shape, dtype)
        self._arrays[name] = fresh
        return fresh
