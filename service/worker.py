"""gunicorn's thread worker, with an end to its patience: slow clients cannot take all threads for good."""

import math
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

SECONDS_FOR_HEADERS = 10.0
SECONDS_OF_SILENCE = 10.0  # between two pieces of a body, or of an answer that the client takes
SECONDS_TO_CLOSE = 2.0  # for a client that has its answer
SECONDS_FOR_REQUEST = 120.0  # 10 MiB at 700 kbit/s


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for each client for a bounded time, and takes no connection that no thread is free for.

    gunicorn waits for ever for the rest of a header or body, and goes on accepting while its threads
    wait: a hundred clients that say nothing then stop one worker, though another could have answered.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Connections that a thread serves or that queue for one, and when reading from them ends.
        self._deadlines: dict[Any, float] = {}

    def enqueue_req(self, conn: Any) -> None:
        """Queue a connection for a thread; its time starts when it gets one."""
        self._deadlines[conn] = math.inf
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, in a thread."""
        self._deadlines[conn] = time.monotonic() + SECONDS_FOR_HEADERS
        try:
            keep = super().handle(conn)
            if not keep:
                _say_goodbye(conn.sock)
            return keep
        finally:
            self._deadlines.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose header has been read."""
        self._deadlines[conn] = time.monotonic() + SECONDS_FOR_REQUEST
        conn.sock.settimeout(SECONDS_OF_SILENCE)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """The heartbeat: the main loop calls this at each turn, at least once a second."""
        super().notify()
        now = time.monotonic()
        for conn, deadline in list(self._deadlines.items()):
            if now > deadline:
                # The thread sees the end of the request and can still answer that it is not complete.
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)
        if self._all_threads_taken():
            self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Whether to take connections; while all threads are taken, another worker may be free."""
        super().set_accept_enabled(enabled and not self._all_threads_taken())

    def _all_threads_taken(self) -> bool:
        return len(self._deadlines) >= int(self.cfg.threads)


def _say_goodbye(sock: socket.socket) -> None:
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
