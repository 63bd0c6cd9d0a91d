"""gunicorn as digitnet runs it: processes with threads, limits chosen on purpose, nothing on disk."""

import socket
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from service.worker import PatientWorker

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # workers keep their heartbeat file here, not on a disk


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves `app` on a bound socket until SIGTERM or SIGINT, which end it with exit status 0."""

    def __init__(
        self, app: Flask, listener: socket.socket, *, workers: int, threads: int, log_level: str
    ) -> None:
        self._app = app
        host, port = listener.getsockname()[:2]
        self._address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._settings = {
            # gunicorn takes the socket over by its number.
            "bind": [f"fd://{listener.detach()}"],
            "workers": workers,
            "worker_class": PatientWorker,
            "threads": threads,
            # The application is loaded once and forked, so the processes share the model's memory.
            "preload_app": True,
            # A worker whose main loop says nothing for a minute is replaced; a slow request does not
            # stop that loop. What is under way at SIGTERM has fifteen seconds to finish.
            "timeout": 60,
            "graceful_timeout": 15,
            "keepalive": 5,
            # No address of this service is long, but other programs on the same host name may have
            # left large cookies, so header fields keep gunicorn's own limit.
            "limit_request_line": 2048,
            "limit_request_fields": 64,
            "limit_request_field_size": 8190,
            # gunicorn lets local clients set SCRIPT_NAME and the like, meant for a proxy: here a header
            # never changes what an address means.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "when_ready": self._announce,
            "loglevel": log_level,
            "accesslog": "-",
            "access_log_format": '%(t)s %(h)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms',
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

    def _announce(self, _arbiter: Any) -> None:
        click.echo(f"digitnet serves {self._address} (Ctrl+C stops it)")
