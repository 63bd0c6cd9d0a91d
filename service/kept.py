"""Kept connections: one thread waits for all of their clients, and serves whoever asks next itself."""

import selectors
import socket
import time
from contextlib import suppress
from threading import Lock
from typing import Any

SECONDS_TO_CLOSE = 2.0  # for a client that has its answer


class Kept:
    """Connections whose clients have their answers and may ask again.

    A thread for each of them would be woken for each request, most often on another core than the thread
    before it, and would find none of its memory in that core's cache: a request of 2.9 ms of processor time
    took 4.5 ms with eight clients of one process. Here whoever has answered a request waits for the next one,
    of whichever client, unless somebody does already.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = Lock()
        self._since: dict[Any, float] = {}  # in this order
        self._watched = False
        self._unwatched_since = time.monotonic()
        self._bell, self._rings = socket.socketpair()
        self._bell.setblocking(False)
        self._rings.setblocking(False)
        self._selector.register(self._rings, selectors.EVENT_READ)

    def close(self) -> None:
        """Give back what it has of the system; the connections stay as they are."""
        self._selector.close()
        self._bell.close()
        self._rings.close()

    def __len__(self) -> int:
        return len(self._since)

    @property
    def watched(self) -> bool:
        """Whether a thread waits for them."""
        return self._watched

    def add(self, conn: Any) -> None:
        """Keep one more."""
        with self._lock:
            self._since[conn] = time.monotonic()
            self._selector.register(conn.sock, selectors.EVENT_READ, conn)

    def wait(self, seconds: float) -> Any:
        """One whose client asks, or goes away, which is then kept no longer.

        None if another thread waits already, or nobody asks within this time, or `dismiss` is called.
        """
        with self._lock:
            if self._watched or not self._since:
                return None
            self._watched = True
        try:
            while events := self._selector.select(seconds):
                with self._lock:
                    for conn in (key.data for key, _ in events):
                        if conn is None:
                            self._rings.recv(4096)
                            return None
                        if self._forget(conn):
                            return conn
            return None
        finally:
            self._unwatched_since = time.monotonic()
            self._watched = False

    def dismiss(self) -> None:
        """Have nobody wait any more, where somebody does: the thread is needed."""
        if self._watched:
            with suppress(BlockingIOError):  # it rings already
                self._bell.send(b"!")

    def asking(self, seconds: float) -> list[Any]:
        """Those whose clients ask, if nobody has waited for them for so long; they are kept no longer."""
        with self._lock:
            if self._watched or not self._since or time.monotonic() - self._unwatched_since < seconds:
                return []
            found = [key.data for key, _ in self._selector.select(0)]
            return [conn for conn in found if conn and self._forget(conn)]

    def quiet(self, seconds: float) -> list[Any]:
        """Those whose clients have not asked for so long; they are kept no longer."""
        with self._lock:
            until, found = time.monotonic() - seconds, []
            for conn, since in self._since.items():
                if since > until:
                    break
                found.append(conn)
            return [conn for conn in found if self._forget(conn)]

    def _forget(self, conn: Any) -> bool:
        if self._since.pop(conn, None) is None:  # somebody else has it
            return False
        self._selector.unregister(conn.sock)
        return True


def say_goodbye(sock: socket.socket) -> None:
    """Let the client read its answer and close first, here in the thread.

    gunicorn waits for that in its main loop, two seconds for each client that does not close, and
    nobody else is served meanwhile. Once this end reads no more, there is nothing left to wait for.
    """
    deadline = time.monotonic() + SECONDS_TO_CLOSE
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while (remaining := deadline - time.monotonic()) > 0:
            sock.settimeout(remaining)
            if not sock.recv(65536):
                break
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RD)
