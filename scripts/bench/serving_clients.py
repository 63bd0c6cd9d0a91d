"""Clients that cost next to nothing beside the servers they load: one thread, requests made beforehand."""

from __future__ import annotations

import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

Address = tuple[str, int]
SILENCE = 20.0  # seconds without any answer, after which a server counts as dead
APART = 0.03  # seconds between one connection and the next
PIECE = 65_536
LENGTH = b"content-length:"


@dataclass(frozen=True)
class Ask:
    """The bytes of a request, and what its answer must contain, which no other answer does."""

    message: bytes
    contained: bytes


@dataclass
class Answers:
    """What came of a load.

    Attributes:
        count: answers, each of them checked.
        seconds: from the first request to the last answer.
        waits: of each answer: seconds since its request was due, whether or not a connection was free then.
        client_seconds: processor time that the clients took.
        server_seconds: processor time that the server took, where somebody asked.
    """

    count: int = 0
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    client_seconds: float = 0.0
    server_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.count / self.seconds

    def percentile(self, share: float) -> float:
        """The time within which this share of the answers came, such as 0.99.

        >>> Answers(waits=[0.3, 0.1, 0.2]).percentile(0.5)
        0.2
        """
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class WrongAnswerError(Exception):
    """An answer is not the one that belongs to its request."""


class _Connection:
    """One kept connection, with at most one request under way."""

    def __init__(self, server: Address) -> None:
        self.socket = socket.create_connection(server, timeout=SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._got = b""
        self.ask, self.due = Ask(b"", b""), 0.0

    def send(self, ask: Ask, due: float) -> None:
        """Send a request; it is a few kilobytes, which a socket takes at once."""
        self.ask, self.due, self._got = ask, due, b""
        if self.socket.send(ask.message) != len(ask.message):
            raise WrongAnswerError("The server does not take a request of a few kilobytes at once.")

    def answered(self) -> bool:
        """Take what has come; whether the answer is complete, and the right one."""
        piece = self.socket.recv(PIECE)
        if not piece:
            raise WrongAnswerError("The server closed a connection that was to be kept.")
        self._got = self._got + piece if self._got else piece
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return False
        place = self._got[:end].lower().find(LENGTH)
        if place < 0:
            self._wrong("does not say how long it is")
        place += len(LENGTH)
        length = int(self._got[place : self._got.find(b"\r", place)])
        if len(self._got) < end + 4 + length:
            return False
        if not self._got.startswith(b"HTTP/1.1 200"):
            self._wrong("is no success")
        if self.ask.contained not in self._got[end:]:
            self._wrong("is not the right one")
        return True

    def _wrong(self, what: str) -> NoReturn:
        raise WrongAnswerError(
            f"An answer {what}; {self.ask.contained!r} was to be in it: {self._got[:900]!r}"
        )


def saturate(
    server: Address,
    asks: Sequence[Ask],
    *,
    clients: int,
    seconds: float,
    server_clock: Callable[[], float] = float,
) -> Answers:
    """Ask on every connection again as soon as its answer is there: as much as the server can do.

    ``server_clock`` tells the processor time that the server has taken so far.
    """
    with _Crew(server, asks) as crew:
        crew.open(clients)
        before = server_clock()
        answers = crew.run(seconds)
        answers.server_seconds = server_clock() - before
        return answers


def at_rate(
    server: Address, asks: Sequence[Ask], *, rate: float, clients: int, seconds: float, seed: int = 0
) -> Answers:
    """Ask at random moments, ``rate`` times a second on average, whatever the server does meanwhile.

    The moments are those of a Poisson process, as of people who know nothing of each other. A request that
    finds no free connection waits for one, and that time counts.
    """
    with _Crew(server, asks) as crew:
        crew.open(clients)
        return crew.run(seconds, rate, random.Random(seed))  # noqa: S311  # no secret


class _Crew:
    """The connections of one load, which ask the same things in turn."""

    def __init__(self, server: Address, asks: Sequence[Ask]) -> None:
        self._server, self._asks, self._place = server, asks, 0
        self._selector = selectors.DefaultSelector()
        self._all: list[_Connection] = []
        self._free: deque[_Connection] = deque()

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for connection in self._all:
            connection.socket.close()

    def open(self, clients: int) -> None:
        """Connect, one after the other while those before ask: who has less to do takes the next one.

        All at once, they may end up with one process while the others have nothing to do.
        """
        for _ in range(clients):
            self._connect()
            self.run(APART, wait=False)
        self.run(0)

    def _connect(self) -> None:
        connection = _Connection(self._server)
        self._all.append(connection)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        self._free.append(connection)

    def run(
        self,
        seconds: float,
        rate: float | None = None,
        chance: random.Random | None = None,
        wait: bool = True,
    ) -> Answers:
        """Ask for so long; then, if ``wait``, until what is under way is answered."""
        answers, before = Answers(), time.process_time()
        now = heard = due = started = time.perf_counter()
        until = started + seconds
        while now < until or (wait and len(self._free) < len(self._all)):
            while self._free and now < until and (rate is None or due <= now):
                self._free.popleft().send(self._asks[self._place], due if rate else now)
                self._place = (self._place + 1) % len(self._asks)
                if rate and chance:
                    due += chance.expovariate(rate)
            # The next event is an answer, the end, or a request that is due and has a connection.
            last = due if rate and self._free else until
            pause = min(last, until) - now if now < until else SILENCE
            for key, _ in self._selector.select(max(0.0, pause)):
                connection: _Connection = key.data
                if connection.answered():
                    heard = time.perf_counter()
                    answers.waits.append(heard - connection.due)
                    self._free.append(connection)
            now = time.perf_counter()
            if now - max(heard, until) > SILENCE:
                raise WrongAnswerError(f"The server answered nothing for {SILENCE:g} seconds.")
        answers.count, answers.seconds = len(answers.waits), max(heard - started, 1e-9)
        answers.client_seconds = time.process_time() - before
        return answers
