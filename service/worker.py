"""gunicorn's thread worker with bounded patience, and with a problem+json for what it refuses itself."""

import math
import os
import signal
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    InvalidHTTPVersion,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import ThreadWorker

from service.config import Config
from service.errors import PROBLEM, SENTENCES, problem
from service.headers import HEADERS
from service.request_parser import InvalidHostError, Parser

STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT}
SECONDS_TO_CLOSE = 2.0  # for a client that has its answer


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for each client for a bounded time, and takes no connection that no thread is free for.

    gunicorn waits for ever for the rest of a header or body, and goes on accepting while its threads
    wait: a hundred clients that say nothing then stop one worker, though another could have answered.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._config: Config = self.app.config
        self._listens = True
        # Connections that a thread serves or that queue for one, and when reading from them ends.
        self._deadlines: dict[Any, float] = {}

    def init_signals(self) -> None:
        """Leave Ctrl+C, which reaches every process of a terminal, to the master."""
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def handle_quit(self, _signal: int, _frame: Any) -> None:
        """Stop at once, as the master asks at a second Ctrl+C. Python's own end would wait for threads."""
        os._exit(0)

    def enqueue_req(self, conn: Any) -> None:
        """Queue a connection for a thread; its time starts when it gets one."""
        self._deadlines[conn] = math.inf
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, in a thread."""
        self._deadlines[conn] = time.monotonic() + self._config.header_seconds
        conn.parser = conn.parser or Parser(self.cfg, conn.sock, conn.client)
        try:
            keep = super().handle(conn)
            if not keep:
                _say_goodbye(conn.sock)
            return keep
        finally:
            self._deadlines.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose header has been read."""
        self._deadlines[conn] = time.monotonic() + self._config.request_seconds
        conn.sock.settimeout(self._config.silence_seconds)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what never reaches the application: what is no HTTP, or HTTP that is not understood."""
        req = req or getattr(exc, "request", None)
        status, detail = refusal(exc)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("Error handling a request", exc_info=exc)
        else:
            self.log.warning("Refused a request of %s with %d: %s", (addr or [""])[0], status, exc)
        body = problem(status, status.phrase, detail).encode()
        headers = {
            **HEADERS,
            "Connection": "close",
            "Content-Type": PROBLEM,
            "Content-Length": str(len(body)),
        }
        lines = [
            f"HTTP/1.1 {status} {status.phrase}",
            *(f"{name}: {headers[name]}" for name in headers),
            "",
            "",
        ]
        with suppress(OSError):  # the client is gone
            client.settimeout(self._config.silence_seconds)
            client.sendall("\r\n".join(lines).encode("latin-1"))
            if getattr(req, "method", None) != "HEAD":
                client.sendall(body)

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
        super().set_accept_enabled(enabled and self.alive and not self._all_threads_taken())
        # A signal can change `alive` at any moment; what is still registered is closed at the next call.
        if not self.alive and not self._accepting and self._listens:
            self._listens = False
            self._close_listeners()

    def _close_listeners(self) -> None:
        """At a stop: take in those who connected before, and let those who come now be refused at once.

        gunicorn closes the listeners last: whoever comes meanwhile waits, and is reset in the end.
        """
        for listener in self.sockets:
            listener.setblocking(False)
            taken = -1
            while taken != self.nr_conns:
                taken = self.nr_conns
                self.accept(listener)
            listener.close()

    def _all_threads_taken(self) -> bool:
        return len(self._deadlines) >= int(self.cfg.threads)


def refusal(error: Exception) -> tuple[HTTPStatus, str]:
    """The status and the sentence for what gunicorn raised in place of calling the application.

    >>> refusal(LimitRequestLine(9000, 2048))[0]
    <HTTPStatus.REQUEST_URI_TOO_LONG: 414>
    """
    if isinstance(error, LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long. No address of this service is."
    if isinstance(error, LimitRequestHeaders):
        return (
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The header fields are too many or too long. Send fewer, such as fewer cookies.",
        )
    if isinstance(error, UnsupportedTransferCoding):
        return HTTPStatus.NOT_IMPLEMENTED, "Of transfer codings only chunked is understood."
    if isinstance(error, ExpectationFailed):
        return HTTPStatus.EXPECTATION_FAILED, "Of expectations only 100-continue is understood."
    # gunicorn keeps a version that it could read as a pair of numbers.
    if isinstance(error, InvalidHTTPVersion) and isinstance(error.version, tuple):
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This version of HTTP is not served. Use HTTP/1.1."
    if isinstance(error, InvalidHostError):
        return HTTPStatus.BAD_REQUEST, "The request names no host, or no valid one, in the header field Host."
    own = (ConfigurationProblem, InvalidResponseHeader, InvalidResponseHeaderName)
    if isinstance(error, ParseException) and not isinstance(error, own):
        return (
            HTTPStatus.BAD_REQUEST,
            "The request is not valid HTTP: its first line, a header field or its length is malformed.",
        )
    return HTTPStatus.INTERNAL_SERVER_ERROR, SENTENCES[HTTPStatus.INTERNAL_SERVER_ERROR]


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
