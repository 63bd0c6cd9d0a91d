"""Clients that keep a server busy while something happens to it, and tell what became of each request."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PREDICT = "/api/v1/predict"


class Load:
    """Clients that ask one request after the other, until they are told to end or are refused."""

    def __init__(self, port: int, picture: bytes) -> None:
        self.port, self.picture = port, picture  # without one they ask whether the service is alive
        self.answers: list[tuple[int, Any]] = []
        self.failures: list[tuple[int, str]] = []  # the client's port, and what happened
        self.refusals = 0
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, *, keep_alive: int = 0, new_connections: int = 0) -> None:
        targets = [self._keep_alive] * keep_alive + [self._new_connections] * new_connections
        self._threads = [threading.Thread(target=target) for target in targets]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for_refusals(self) -> None:
        """Wait until every client has been refused a connection."""
        for thread in self._threads:
            thread.join(60)

    def _connect(self) -> http.client.HTTPConnection | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.connect()
        except ConnectionRefusedError:
            self.refusals += 1
            return None
        return connection

    def _keep_alive(self) -> None:
        while not self._over.is_set() and (connection := self._connect()):
            # An answer with "Connection: close" takes the socket away: time for a new connection.
            while connection.sock and not self._over.is_set():
                self._ask(connection, {})
            connection.close()

    def _new_connections(self) -> None:
        while not self._over.is_set() and (connection := self._connect()):
            self._ask(connection, {"Connection": "close"})
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection, headers: dict[str, str]) -> None:
        port = connection.sock.getsockname()[1]
        try:
            if self.picture:
                connection.request("POST", PREDICT, self.picture, {"Content-Type": "image/png", **headers})
            else:
                connection.request("GET", "/health/live", headers=headers)
            answer = connection.getresponse()
            self.answers.append((answer.status, json.loads(answer.read())))
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.failures.append((port, repr(error)))
            connection.close()


@contextmanager
def under_load(port: int, picture: bytes = b"", **clients: int) -> Iterator[Load]:
    """A server that clients keep busy for as long as the block lasts."""
    load = Load(port, picture)
    load.start(**clients)
    try:
        yield load
    finally:
        load.end()
