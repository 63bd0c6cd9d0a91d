"""Clients that hold connections open and send or take next to nothing, and probes of those who wait."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from load.connection import Address, LostError, ask_once, request
from load.questions import PREDICT, Question, live, page, predict, ready

TICK = 1.0  # seconds between two bytes
HEAD = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
PIPELINED = 400  # requests whose answers, unread, are more than sockets hold


def _idle(_connection: socket.socket, _tick: int) -> None:
    """Says nothing at all."""


def _half_a_header(connection: socket.socket, tick: int) -> None:
    """Sends half of a header, and a further line each second."""
    connection.sendall(HEAD.encode() if tick == 0 else f"X-{tick}: 1\r\n".encode())


def _slow_body(connection: socket.socket, tick: int) -> None:
    """Sends a header, and one byte of the body each second."""
    connection.sendall(f"{HEAD}Content-Length: 100000\r\n\r\n".encode() if tick == 0 else b"x")


def _slow_reader(connection: socket.socket, tick: int) -> None:
    """Asks for the page again and again, and takes one byte of the answers each second."""
    if tick == 0:
        with suppress(BlockingIOError):
            connection.sendall(request("GET", "/") * PIPELINED)
    else:
        connection.recv(1)


KINDS: dict[str, Callable[[socket.socket, int], None]] = {
    "idle": _idle,
    "half a header": _half_a_header,
    "slow body": _slow_body,
    "slow reader": _slow_reader,
}


class SlowClients:
    """So many slow connections of one kind, each opened anew when the server ends it.

    Attributes:
        cut_off: how many the server has ended.
    """

    def __init__(self, server: Address, kind: str, count: int = 60) -> None:
        self._server, self._act, self._count = server, KINDS[kind], count
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._all_there = threading.Event()
        self.cut_off = 0

    def __enter__(self) -> SlowClients:
        self._thread.start()
        self._all_there.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def _run(self) -> None:
        places: list[tuple[socket.socket, int] | None] = [None] * self._count
        while not self._stop.is_set():
            for number, place in enumerate(places):
                places[number] = self._step(*place) if place else self._open()
            self._all_there.set()
            self._stop.wait(TICK)
        for place in places:
            if place:
                place[0].close()

    def _open(self) -> tuple[socket.socket, int] | None:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least that the system allows
        connection.settimeout(5)
        try:
            connection.connect(self._server)
        except OSError:  # a server that takes nobody is seen by the probes
            connection.close()
            return None
        connection.setblocking(False)
        return self._step(connection, 0)

    def _step(self, connection: socket.socket, tick: int) -> tuple[socket.socket, int] | None:
        try:
            if self._act is not _slow_reader and connection.recv(1000) == b"":
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            return self._ended(connection)
        try:
            self._act(connection, tick)
        except BlockingIOError:
            pass
        except OSError:
            return self._ended(connection)
        return connection, tick + 1

    def _ended(self, connection: socket.socket) -> None:
        self.cut_off += 1
        connection.close()


PROBES = {"live": live, "ready": ready, "predict": lambda: predict("42"), "page": page}


def probe(
    server: Address, seconds: float, patience: float = 2.0, probes: Iterable[str] = tuple(PROBES)
) -> dict[str, float]:
    """Ask the probes one after the other, again and again; the longest that each took, in seconds.

    A probe that is not answered within `patience`, or wrongly, counts as infinitely long, and is the last.
    """
    questions = {name: PROBES[name]() for name in probes}
    longest = dict.fromkeys(questions, 0.0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name, question in questions.items():
            longest[name] = max(longest[name], _answered_in(server, question, patience))
            if longest[name] == float("inf"):
                return longest
    return longest


def _answered_in(server: Address, question: Question, patience: float) -> float:
    message = question.message.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    started = time.perf_counter()
    try:
        complaint = question.complaint(ask_once(server, message, patience))
    except (LostError, OSError):
        return float("inf")
    return float("inf") if complaint else time.perf_counter() - started
