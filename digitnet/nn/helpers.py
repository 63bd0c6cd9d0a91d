"""Threads that stand by to take part of a computation: NumPy lets them run while it multiplies."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from threading import Lock, Thread

# What tells OpenBLAS how many threads it may have, in the order in which it asks.
_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


def threads_allowed() -> int:
    """As many threads as the environment allows a matrix product, else as many as the process may use cores.

    >>> threads_allowed() >= 1
    True
    """
    for variable in _VARIABLES:
        value = os.environ.get(variable, "")
        if value.isdecimal() and int(value) > 0:
            return int(value)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(work: Callable[[int, int], None], edges: Sequence[int]) -> None:
    """``work(start, stop)`` between every two edges, each on a thread of its own; returns when all are done.

    The first part is the caller's. Nobody waits for helpers that others keep busy: their parts are then the
    caller's too, so that many callers at once do not have more threads run than they would alone.

    Raises:
        BaseException: what ``work`` raised, after all parts have ended.

    >>> squares = [0] * 6
    >>> def work(start, stop):
    ...     squares[start:stop] = [i * i for i in range(start, stop)]
    >>> share(work, (0, 4, 6))
    >>> squares
    [0, 1, 4, 9, 16, 25]
    """
    (first, *others) = pairwise(edges)
    busy, left = [], [first]
    try:
        for part in others:
            helper = _idle_helper(len(others))
            if helper is None:
                left.append(part)
            else:
                helper.begin(work, part)
                busy.append(helper)
        for part in left:
            work(*part)
    finally:
        failures = [failure for helper in busy if (failure := helper.end()) is not None]
    if failures:
        raise failures[0]


def _nothing(start: int, stop: int) -> None:
    """What a helper has to do between times: keeping the last work would keep its arrays."""


class _Helper:
    """A thread that sleeps until there is work; to wake it takes some 40 µs on a virtual machine."""

    def __init__(self) -> None:
        self._go, self._done = Lock(), Lock()
        self._go.acquire()
        self._done.acquire()
        self._work: Callable[[int, int], None] = _nothing
        self._part = (0, 0)
        self._failure: BaseException | None = None
        Thread(target=self._live, name="digitnet-helper", daemon=True).start()

    def begin(self, work: Callable[[int, int], None], part: tuple[int, int]) -> None:
        self._work, self._part = work, part
        self._go.release()

    def end(self) -> BaseException | None:
        """Wait for it, and let others have it; what went wrong, if anything did."""
        self._done.acquire()
        failure, self._work, self._failure = self._failure, _nothing, None
        _idle.append(self)
        return failure

    def _live(self) -> None:
        while True:
            self._go.acquire()
            try:
                self._work(*self._part)
            except BaseException as failure:  # raised where the work was given
                self._failure = failure
            self._done.release()


_idle: list[_Helper] = []
_made: list[_Helper] = []
_making = Lock()


def _idle_helper(most: int) -> _Helper | None:
    """A helper with nothing to do, a new one if there are fewer than ``most``; None if all are busy."""
    try:
        return _idle.pop()
    except IndexError:
        with _making:
            if len(_made) >= most:
                return None
            helper = _Helper()
            _made.append(helper)
            return helper


def _forget() -> None:
    """A process that was forked has no threads but the one that forked."""
    global _making
    _idle.clear()
    _made.clear()
    _making = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
