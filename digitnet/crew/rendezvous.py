"""What processes share: memory, and a point in time at which all of them have arrived."""

from __future__ import annotations

import mmap
import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Who waits tries so often without letting go of the core, for about a third of a millisecond: to sleep and be
# woken takes some 40 µs, the fiftieth part of a step. Then so often with letting others work first. Then it
# sleeps, so that a machine with other work is not kept from it.
_TRIES = 1_000
_POLITE_TRIES = 20_000
_NAP_SECONDS = 0.2
# From here on larger pages are worth asking for.
_LARGE = 1 << 22


def shared_zeros(size: int, dtype: DTypeLike, xp: ModuleType = np) -> NDArray[Any]:
    """A vector of zeros in memory that this process and those it forks from now on all see and change.

    >>> shared_zeros(3, np.float32)
    array([0., 0., 0.], dtype=float32)
    """
    length = max(size * np.dtype(dtype).itemsize, 1)
    memory = mmap.mmap(-1, length)
    if length >= _LARGE:
        with suppress(AttributeError, OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    vector: NDArray[Any] = xp.frombuffer(memory, dtype, size)
    return vector


class Rendezvous:
    """A barrier for ``members`` processes, made before they are forked; each calls :meth:`meet` alike.

    A semaphore for each pair carries the news, and with it the order of what was written to shared memory.

    Attributes:
        look: called now and then by who waits long; it raises, or ends the process, if nobody will come.

    >>> Rendezvous(1).meet(0)       # alone one is always complete
    """

    def __init__(self, members: int) -> None:
        context = multiprocessing.get_context("fork")
        self.look: Callable[[], None] = lambda: None
        pairs = [(one, other) for one in range(members) for other in range(members) if one != other]
        arrived = {pair: context.Semaphore(0) for pair in pairs}
        self._tell = [
            [arrived[me, other] for other in range(members) if other != me] for me in range(members)
        ]
        self._hear = [
            [arrived[other, me] for other in range(members) if other != me] for me in range(members)
        ]

    def meet(self, me: int) -> None:
        """Wait until all have called it as often as this one, which is member number ``me``."""
        for semaphore in self._tell[me]:
            semaphore.release()
        for semaphore in self._hear[me]:
            self._wait(semaphore)

    def _wait(self, semaphore: Any) -> None:
        for _ in range(_TRIES):
            if semaphore.acquire(False):
                return
        for _ in range(_POLITE_TRIES):
            if semaphore.acquire(False):
                return
            os.sched_yield()
        while not semaphore.acquire(True, _NAP_SECONDS):
            self.look()
