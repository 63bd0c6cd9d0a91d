"""New connections, shared out among the processes of a server: who has least to do takes the next one."""

import mmap
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

PLACES = 256
ABSENT = -1  # stands for a process that is gone, or takes nobody at the moment
MORE = 1  # that a process may be busy with than another one, and still take the next
SECONDS_FOR_OTHERS = 0.005  # that a newcomer waits for a process with less to do, at most
SECONDS_BETWEEN_LOOKS = 0.001  # meanwhile
SECONDS_WITHOUT = 0.05  # that nobody is waited for, since one did not come
SECONDS_TO_CONNECT = 0.25  # for a client that has begun to when a stop begins


class Shares:
    """With how many connections each process is busy, in memory that all of them share.

    >>> shares = Shares()
    >>> shares.say(0, 3), shares.say(257, 1), shares.least(but=0), shares.least(but=1) == 3
    (None, None, 1, True)
    """

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, 4 * PLACES)).cast("i")
        for place in range(PLACES):
            self._counts[place] = ABSENT

    def say(self, age: int, count: int) -> None:
        """Say it of the process of this age, as gunicorn numbers them."""
        self._counts[age % PLACES] = count

    def least(self, but: int) -> int:
        """Of all processes but the one of this age; very many if there is no other."""
        counts = self._counts.tolist()
        counts[but % PLACES] = ABSENT
        return min((count for count in counts if count != ABSENT), default=2**31)


class FairWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves new connections to processes that are busy with fewer, for a moment.

    All processes listen at one socket, and whoever runs first takes what comes: one time in six, one of two
    had three of four clients, and one request in a hundred then took twice as long (26 ms instead of 14).
    """

    nr_conns: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shares: Shares = self.app.shares
        self._left_at = self._hurries_until = 0.0

    @property
    def busy_with(self) -> int:
        """Connections whose clients asked a moment ago: the main loop has the others."""
        return self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)

    def accept(self, listener: Any) -> None:
        """Take a connection, unless it is left to another process."""
        if self._is_ahead() and time.monotonic() >= self._hurries_until:
            self._left_at = time.monotonic()
            self.set_accept_enabled(False)
        else:
            self.accept_anyway(listener)

    def accept_anyway(self, listener: Any) -> None:
        """Take a connection, if there is still one."""
        super().accept(listener)
        self._say()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Whether to take connections."""
        super().set_accept_enabled(enabled and not self._left_at)
        self._say()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """A turn of the main loop."""
        super().wait_for_and_dispatch_events(
            min(timeout, SECONDS_BETWEEN_LOOKS) if self._left_at else timeout
        )
        if self._left_at:
            self._look_again()
        self._say()

    def close_listeners(self) -> None:
        """At a stop: take in those who connected before, and let those who come now be refused.

        gunicorn closes the listeners last: whoever comes meanwhile waits, and is reset in the end.
        """
        self._left_at = 0.0
        time.sleep(SECONDS_TO_CONNECT)
        for listener in self.sockets:
            listener.setblocking(False)
            taken = -1
            while taken != self.nr_conns:
                taken = self.nr_conns
                self.accept_anyway(listener)
            listener.close()

    def _look_again(self) -> None:
        late = time.monotonic() - self._left_at >= SECONDS_FOR_OTHERS
        if late or not self._is_ahead():
            self._left_at = 0.0
        if late:
            before = self.nr_conns
            for listener in self.sockets:
                self.accept_anyway(listener)
            if self.nr_conns > before:  # so the other one did not come
                self._hurries_until = time.monotonic() + SECONDS_WITHOUT

    def _is_ahead(self) -> bool:
        return self.busy_with > self._shares.least(but=self.age) + MORE

    def _say(self) -> None:
        self._shares.say(self.age, self.busy_with if self._accepting or self._left_at else ABSENT)
