"""What a process may take of the machine: memory, and as many threads as it gets."""

import logging
import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

log = logging.getLogger("service")

MIB = 2**20
OPEN_FILES = 8192


def limit_memory(mib: int) -> None:
    """Bound the address space of this process: what goes beyond is a MemoryError; 0 changes nothing."""
    if not mib:
        return
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = mib * MIB if hard == resource.RLIM_INFINITY else min(mib * MIB, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (ValueError, OSError) as error:  # macOS takes no limit below what is mapped already
        log.warning("memory is not limited", extra={"reason": str(error)})


def raise_open_files() -> None:
    """Have as many files and connections open as the system lets this user have, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class ThreadPool(ThreadPoolExecutor):
    """Makes do with the threads that it has where the system gives no more."""

    @property
    def size(self) -> int:
        """How many threads there can be."""
        return self._max_workers

    def _adjust_thread_count(self) -> None:
        # The task is in the queue already, and one of the threads will come to it.
        try:
            super()._adjust_thread_count()
        except (RuntimeError, MemoryError) as error:
            if not self._threads:
                raise
            self._max_workers = len(self._threads)
            log.warning("no more threads", extra={"threads": self._max_workers, "reason": str(error)})


def thread_pool(threads: int) -> ThreadPool:
    """A pool that starts its first thread now: without any, a process had better not begin to serve."""
    pool = ThreadPool(max_workers=threads, thread_name_prefix="client")
    pool.submit(int)
    return pool
