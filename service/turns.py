"""Turns for what few may do at a time: first come, first served, and a queue that has an end."""

from collections import deque
from threading import Lock


class Turns:
    """So many may have a turn at once; those who wait for one are in a row of at most `most_waiting`."""

    def __init__(self, at_once: int, most_waiting: int) -> None:
        self._free, self._most_waiting = at_once, most_waiting
        self._row: deque[Lock] = deque()  # the lock of each who waits, held until it is their turn
        self._lock = Lock()

    def take(self, seconds: float) -> str:
        """Wait for a turn: "" once it is there, or what was lacking, room in the "queue" or a "turn" in time.

        Whoever gets one must `give` it back.

        >>> turns = Turns(1, most_waiting=1)
        >>> turns.take(1), turns.take(0.01)
        ('', 'turn')
        >>> turns.give()  # to nobody
        False
        >>> turns.take(1), Turns(0, most_waiting=0).take(1)
        ('', 'queue')
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return ""
            if len(self._row) >= self._most_waiting:
                return "queue"
            place = Lock()
            place.acquire()
            self._row.append(place)
        if place.acquire(timeout=seconds):
            return ""
        with self._lock:
            if place not in self._row:  # it was handed over at the last moment
                return ""
            self._row.remove(place)
        return "turn"

    def give(self) -> bool:
        """Give a turn back: to the first of those who wait, if there is one, which is returned."""
        with self._lock:
            if self._row:
                self._row.popleft().release()
                return True
            self._free += 1
            return False
