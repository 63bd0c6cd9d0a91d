"""Counters of the rate limit, in memory and never more than a number that is known."""

import time
from collections import OrderedDict
from threading import Lock

from limits.storage import Storage

SCHEME = "bounded-memory"
MOST = 100_000  # about 30 MB


class BoundedMemory(Storage):
    """Counts in a fixed window for each key, and forgets the oldest window when there are too many.

    The storage memory:// of the library keeps a counter for every address that ever asked within the
    window, starts a thread that looks through all of them up to a hundred times a second, and has that
    thread running when the server forks.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012  # the library's name for it

    def __init__(self, uri: str | None = None, most: int = MOST, wrap_exceptions: bool = False) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._most, self._lock = most, Lock()
        # key -> how many there were, and when that ends to count; the oldest first.
        self._windows: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong in here: nothing in particular."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window that lasts `expiry` seconds from the first on; return how many there were."""
        now = time.time()
        with self._lock:
            count, end = self._windows.get(key, (0, 0.0))
            if end <= now:
                self._windows.pop(key, None)
                count, end = 0, now + expiry
            self._windows[key] = (count + amount, end)
            self._tidy(now)
            return count + amount

    def get(self, key: str) -> int:
        """How many there were in the window that is open."""
        count, end = self._windows.get(key, (0, 0.0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends."""
        return self._windows.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; return how much that was."""
        with self._lock:
            size = len(self._windows)
            self._windows.clear()
            return size

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._windows.pop(key, None)

    def _tidy(self, now: float) -> None:
        """Drop what has ended, as far as it is the oldest, and what is beyond the most there may be."""
        while len(self._windows) > self._most or next(iter(self._windows.values()))[1] <= now:
            self._windows.popitem(last=False)
