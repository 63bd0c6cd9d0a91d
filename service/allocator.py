"""Makes the C library give memory back that pictures took while they were read."""

import ctypes
from contextlib import suppress

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

_ARENAS = 2
_OWN_MAPPING_BYTES = 1024 * 1024
# What stays at the end of a heap: with less, a picture would give back what the next one asks for anew.
_KEPT_BYTES = 8 * 1024 * 1024


def give_back() -> bool:
    """Set this for the process and those it forks, before its threads start; False where that is not glibc.

    By itself glibc gives each thread a heap of its own, and raises with each large block that is freed the
    size from which the next is given back at once: after a thousand pictures of all kinds a process of 64
    threads kept 150 MB that nobody used, and more after the next thousand. With few heaps and a fixed size
    it kept 10, when nothing was left at the end of a heap.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        settings = {
            _M_ARENA_MAX: _ARENAS,
            _M_MMAP_THRESHOLD: _OWN_MAPPING_BYTES,
            _M_TRIM_THRESHOLD: _KEPT_BYTES,
        }
        return {mallopt(name, value) for name, value in settings.items()} == {1}
    return False
