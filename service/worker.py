"""gunicorn's thread worker with bounded patience, and with a problem+json for what it refuses itself."""

import errno
import math
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import closing, suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask
from gunicorn.http import wsgi

from service import limits, logs, metrics, observed, request_context, served_model
from service.config import Config
from service.gate import Gate
from service.kept import Kept, say_goodbye
from service.newcomers import FairWorker
from service.refusals import answer_to
from service.request_parser import Parser
from service.response import WholeResponse

STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT}
HELD_BACK = {*STOP_SIGNALS, signal.SIGHUP}  # until a worker listens for them
SECONDS_TO_STAY = 0.05  # with clients that have their answers and may ask again
SECONDS_UNWATCHED = 0.01  # for such clients, while the thread that has answered them is busy with another
SECONDS_KEPT = 1.0  # by the threads, of a client that does not ask; then by the main loop
SECONDS_A_TURN = 0.02  # of the main loop, while threads serve
# The machine lacks something at the moment: files, memory.
LACKING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}


class PatientWorker(FairWorker):
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
        self._gate = Gate(self._see_to_kept)
        self._kept: Kept

    def init_process(self) -> None:
        """Begin: in the new process, before its first thread."""
        limits.limit_memory(self._config.max_memory_mib)
        self._kept = Kept()
        super().init_process()

    def get_thread_pool(self) -> limits.ThreadPool:
        """The threads that serve clients."""
        return limits.thread_pool(self._config.threads)

    def init_signals(self) -> None:
        """Leave Ctrl+C, which reaches every process of a terminal, to the master."""
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        watch = served_model.of(self.app.load()).watch
        signal.signal(signal.SIGHUP, (lambda *_: watch.call()) if watch else signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)

    def run(self) -> None:
        """Serve until a signal ends it, with the model that is in the file by now."""
        self._application: Flask = self.app.load()
        self.wsgi = self._call
        served, self._metrics = served_model.of(self._application), metrics.of(self._application)
        self._metrics.serves(served.recognizer)
        if served.watch:
            served.watch.start(served, self._metrics)
        with closing(self._kept):
            super().run()

    def _call(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Call the application; an answer that is given during a stop says that the connection ends."""

        def start(*args: Any) -> Any:
            if not self.alive:
                start_response.__self__.force_close()  # type: ignore[attr-defined]  # gunicorn's Response
            return start_response(*args)

        return self._application(environ, start)

    def handle_quit(self, _signal: int, _frame: Any) -> None:
        """Stop at once, as the master asks at a second Ctrl+C. Python's own end would wait for threads."""
        os._exit(0)

    def enqueue_req(self, conn: Any) -> None:
        """Queue a connection for a thread; its time starts when it gets one."""
        self._deadlines[conn] = math.inf
        self.tpool.submit(self._work, conn)
        if self._all_threads_taken():
            self._kept.dismiss()

    def _work(self, conn: Any) -> None:
        """Serve a connection, in a thread, and after it whichever kept one asks next."""
        while conn:
            keep: Any = False
            try:
                keep = self.handle(conn)
            finally:
                relieved = self._leave(conn, keep)
            conn = None if relieved else self._next()

    def _leave(self, conn: Any, keep: Any) -> bool:
        """Put a connection away; whether another thread goes on meanwhile, and sees to the kept ones."""
        if keep is True and self.alive and not conn.parser.unreader.buf.getvalue():
            self._deadlines.pop(conn, None)
            self._kept.add(conn)
            return self._gate.leave()
        relieved = self._gate.step_aside()
        if not keep:
            say_goodbye(conn.sock)
        self._deadlines.pop(conn, None)
        self.method_queue.defer(self.finish_request, conn, _result(keep))
        return relieved

    def _next(self) -> Any:
        """The next kept connection whose client asks; None where the thread is not to wait for that."""
        if not self.alive or self._all_threads_taken() or not self.tpool._work_queue.empty():
            return None
        conn = self._kept.wait(SECONDS_TO_STAY)
        if conn:
            self._deadlines[conn] = math.inf
        return conn

    def _see_to_kept(self) -> None:
        """Have a thread wait for the kept connections, since the one that comes here waits for its client."""
        if len(self._kept) and not self._kept.watched and self.alive:
            self.tpool.submit(lambda: self._work(self._next()))

    def handle(self, conn: Any) -> Any:
        """Serve a request of a connection; whether to keep it."""
        conn.parser = conn.parser or Parser(self.cfg, conn.sock, conn.client, self._gate)
        request_context.begin()
        self._deadlines[conn] = time.monotonic() + self._config.header_seconds
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answer a request whose header has been read; whether the connection is kept."""
        self._deadlines[conn] = time.monotonic() + self._config.request_seconds
        conn.sock.settimeout(self._config.silence_seconds)
        started = time.monotonic()
        answer, environ = wsgi.create(
            req, conn.sock, conn.client, conn.server, self.cfg, WholeResponse, (self._gate,)
        )
        environ["wsgi.multithread"] = True
        if not self.alive or len(self.keepalived_conns) + len(self._kept) >= self.max_keepalived:
            answer.force_close()
        pieces: Any = ()
        try:
            pieces = self.wsgi(environ, answer.start_response)
            for piece in pieces:
                answer.write(piece)
            answer.close()
        except OSError:
            raise
        except Exception as error:
            if not answer.headers_sent:
                raise
            # A second answer within the first would only confuse the client.
            self.log.exception("Error handling a request")
            raise StopIteration from error
        finally:
            if answer.status is not None:
                took = timedelta(seconds=time.monotonic() - started)
                self.log.access(answer, req, environ, took)
            if hasattr(pieces, "close"):
                pieces.close()
        return not answer.should_close()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what never reaches the application: what is no HTTP, or HTTP that is not understood."""
        req = req or getattr(exc, "request", None)
        proposed = dict(getattr(req, "headers", None) or ()).get("X-REQUEST-ID")
        identity = str(request_context.current().get("request_id") or observed.begin(proposed))
        status, head, body = answer_to(exc, identity)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("Error handling a request", exc_info=exc)
        else:
            # What is wrong may stand in a header field that is secret.
            self.log.warning("Refused a request: %s", type(exc).__name__)
        self._metrics.malformed(status)
        method = str(getattr(req, "method", None) or "")
        self.log.answered(
            method=method,
            path=str(getattr(req, "path", None) or "")[: logs.LONGEST_PATH],
            status=int(status),
            bytes=len(body),
            milliseconds=0,
            client=str((addr or [""])[0]),
        )
        with suppress(OSError):  # the client is gone
            client.settimeout(self._config.silence_seconds)
            client.sendall(head if method == "HEAD" else head + body)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Go on where the machine lacks something for a moment; gunicorn would end the process."""
        try:
            super().wait_for_and_dispatch_events(min(timeout, SECONDS_A_TURN) if self.busy_with else timeout)
        except (MemoryError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in LACKING:
                raise
            self.log.warning("Takes no connection at the moment: %s", error)
            time.sleep(0.1)
        self._take_over()

    def _take_over(self) -> None:
        """Take the kept connections from threads that are busy, and in the end from all."""
        for conn in self._kept.asking(SECONDS_UNWATCHED):
            self.enqueue_req(conn)
        served = self._deadlines or self._kept.watched
        for conn in self._kept.quiet(SECONDS_KEPT if self.alive and served else 0.0):
            self.finish_request(conn, _result(True))

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
            self.close_listeners()

    def _all_threads_taken(self) -> bool:
        return len(self._deadlines) >= int(self.tpool.size)


def _result(value: Any) -> Future[Any]:
    result: Future[Any] = Future()
    result.set_result(value)
    return result
