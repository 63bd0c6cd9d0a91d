"""gunicorn as digitnet runs it: processes with threads, limits chosen on purpose, nothing on disk."""

import signal
import socket
import time
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service import limits, listening, logs, metrics, served_model
from service.config import Config
from service.counter_folder import SHARED_MEMORY
from service.newcomers import ABSENT, Shares
from service.worker import HELD_BACK, PatientWorker


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves `app` on a bound socket until SIGTERM or SIGINT, which end it with exit status 0."""

    def __init__(self, app: Flask, listener: socket.socket, config: Config) -> None:
        self._app = app
        self.config = config
        self.shares = Shares()
        host, port = listener.getsockname()[:2]
        self._address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._settings = {
            # gunicorn takes the socket over by its number.
            "bind": [f"fd://{listener.detach()}"],
            "workers": config.workers,
            "worker_class": PatientWorker,
            "threads": config.threads,
            # The application is loaded once and forked, so the processes share the model's memory.
            "preload_app": True,
            # A worker whose main loop says nothing for so long is replaced; a slow request does not
            # stop that loop.
            "timeout": config.hang_seconds,
            "graceful_timeout": config.stop_seconds,
            "keepalive": config.keepalive_seconds,
            # No address of this service is long, but other programs on the same host name may have
            # left large cookies, so header fields may be longer than the line with the address.
            "limit_request_line": config.max_line_bytes,
            "limit_request_fields": config.max_headers,
            "limit_request_field_size": config.max_header_bytes,
            # gunicorn lets local clients set SCRIPT_NAME and the like, meant for a proxy: here a header
            # never changes what an address means.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "when_ready": self._announce,
            "child_exit": PoliteArbiter.note_death,
            "logger_class": logs.logger_class(config.log_format),
            "loglevel": config.log_level,
            "accesslog": "-",
            # Workers keep their heartbeat file in memory, not on a disk.
            "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand the settings over; an older gunicorn lacks the last one and does not need it."""
        for name, value in self._settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application that gunicorn serves."""
        return self._app

    def run(self) -> None:
        """Serve until a signal ends it."""
        logs.configure(self.config)
        limits.raise_open_files()
        PoliteArbiter(self).run()

    def _announce(self, _arbiter: Any) -> None:
        click.echo(f"digitnet serves {self._address} (Ctrl+C stops it)")


class PoliteArbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master process, for which Ctrl+C is a stop like SIGTERM: what is under way is finished.

    A second Ctrl+C ends the wait; gunicorn's own `stop` sees to that. SIGHUP has every process look for a
    new model; gunicorn would replace the processes.
    """

    def __init__(self, app: Server) -> None:
        super().__init__(app)
        flask = app.load()
        self._served, self._metrics = served_model.of(flask), metrics.of(flask)
        self._watch_seconds = app.config.watch_seconds
        self._next_look = 0.0
        self._asked_to_end: set[int] = set()

    def handle_hup(self) -> None:
        """Look for a new model, here and in every worker."""
        self._look(anyway=True)
        self.kill_workers(signal.SIGHUP)

    def manage_workers(self) -> None:
        """See to it that there are as many workers as should be; new ones start with the newest model."""
        if self._watch_seconds and time.monotonic() >= self._next_look:
            self._look()
        super().manage_workers()

    def _look(self, *, anyway: bool = False) -> None:
        self._next_look = time.monotonic() + self._watch_seconds
        if self._served.watch:
            self._served.watch.look(self._served, self._metrics, anyway=anyway, report=True)

    def stop(self, graceful: bool = True) -> None:
        """End the workers, once nobody can begin to connect any more."""
        others_listen = self.systemd or self.reexec_pid or self.master_pid
        for listener in () if others_listen else self.LISTENERS:
            listening.take_no_newcomers(listener.sock)
        super().stop(graceful)

    def kill_worker(self, pid: int, sig: int) -> None:
        """Send a signal to a worker."""
        if sig in (signal.SIGTERM, signal.SIGQUIT):
            self._asked_to_end.add(pid)
        super().kill_worker(pid, sig)

    def note_death(self, worker: Any) -> None:
        """A worker has ended."""
        self.app.shares.say(worker.age, ABSENT)
        self._metrics.died(worker.pid, asked=worker.pid in self._asked_to_end)
        self._asked_to_end.discard(worker.pid)

    def handle_int(self) -> None:
        """Stop as at SIGTERM; gunicorn would drop what is under way."""
        self.handle_term()

    def spawn_worker(self) -> Any:
        """Start a worker; what tells it to stop is held back until it listens for that.

        gunicorn's worker forgets a signal that comes while it starts, and its master then waits in vain.
        """
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
