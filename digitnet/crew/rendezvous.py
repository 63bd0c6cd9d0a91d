"""What processes share: memory, and a point in time at which all of them have arrived."""

from __future__ import annotations

import math
import mmap
import multiprocessing
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Who waits tries so often without letting go of the core, for about a third of a millisecond: to sleep and be
# woken takes some 40 µs, the twentieth part of a step. Then so often with letting others work first. Then it
# sleeps.
_TRIES = 1_000
_POLITE_TRIES = 20_000
_NAP_SECONDS = 0.2


def shared_empty(shape: int | tuple[int, ...], dtype: DTypeLike, xp: ModuleType = np) -> NDArray[Any]:
    """An array of zeros in memory that this process and those it forks from now on all see and change.

    >>> shared_empty((2, 3), np.float32)
    array([[0., 0., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    memory = mmap.mmap(-1, max(size * np.dtype(dtype).itemsize, 1))
    array: NDArray[Any] = xp.frombuffer(memory, dtype, size).reshape(shape)
    return array


class Rendezvous:
    """A barrier for ``members`` processes, made before they are forked; each calls :meth:`meet` alike.

    A semaphore for each pair carries the news, and with it the order of what was written to shared memory.

    >>> Rendezvous(1).meet(0, lambda: None)     # alone one is always complete
    """

    def __init__(self, members: int) -> None:
        context = multiprocessing.get_context("fork")
        self._members = members
        self._arrived = {
            (one, other): context.Semaphore(0)
            for one in range(members)
            for other in range(members)
            if one != other
        }

    def meet(self, me: int, look: Callable[[], None]) -> None:
        """Wait until all have called it as often as this one.

        Args:
            me: which member this is.
            look: called now and then while waiting; raises, or ends the process, if nobody will come.
        """
        others = [other for other in range(self._members) if other != me]
        for other in others:
            self._arrived[me, other].release()
        for other in others:
            self._wait(self._arrived[other, me], look)

    @staticmethod
    def _wait(semaphore: Any, look: Callable[[], None]) -> None:
        for _ in range(_TRIES):
            if semaphore.acquire(False):
                return
        for _ in range(_POLITE_TRIES):
            if semaphore.acquire(False):
                return
            os.sched_yield()
        while not semaphore.acquire(True, _NAP_SECONDS):
            look()
