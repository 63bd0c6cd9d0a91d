"""Many clients that ask one question after the other on kept connections, and check every answer."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from load.connection import Address, Connection, LostError
from load.questions import Question

REST = 0.02  # seconds that a client waits where nobody listens


@dataclass
class Tally:
    """What became of the requests of a load.

    Attributes:
        statuses: answers by their status.
        complaints: what was wrong with answers, each with how often.
        lost: the ports, at the client's end, of connections on which a request got no complete answer.
        refused: connections that nobody took.
        seconds: how long each answer took.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    complaints: Counter[str] = field(default_factory=Counter)
    lost: list[int] = field(default_factory=list)
    refused: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """How many requests were answered."""
        return self.statuses.total()

    @property
    def wrong(self) -> int:
        """How many answers were not the right one."""
        return self.complaints.total()

    def percentile(self, share: int) -> float:
        """Seconds within which so many of a hundred answers came; 0 where there are none."""
        if len(self.seconds) < 2:
            return sum(self.seconds)
        return statistics.quantiles(self.seconds, n=100)[share - 1]

    def add(self, other: Tally) -> None:
        """Count what became of another client's requests too."""
        self.statuses += other.statuses
        self.complaints += other.complaints
        self.lost += other.lost
        self.refused += other.refused
        self.seconds += other.seconds


class Load:
    """Clients that ask for as long as the ``with`` block lasts; `tally` is whole after it.

    Args:
        server: where it listens.
        questions: each client asks them in turn, beginning at a place of its own.
        clients: how many, each with one connection at a time.
        pause: seconds that a client rests between two questions.
        timeout: seconds after which an answer counts as lost.
    """

    def __init__(
        self,
        server: Address,
        questions: Sequence[Question],
        clients: int = 8,
        pause: float = 0.0,
        timeout: float = 30.0,
    ) -> None:
        self._server, self._questions, self._pause, self._timeout = server, questions, pause, timeout
        self._stop = threading.Event()
        self._tallies = [Tally() for _ in range(clients)]
        self._threads = [
            threading.Thread(target=self._client, args=(number,), daemon=True) for number in range(clients)
        ]
        self.elapsed = 0.0

    def __enter__(self) -> Load:
        self._started = time.perf_counter()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.elapsed = time.perf_counter() - self._started
        deadline = time.monotonic() + self._timeout + 5
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def tally(self) -> Tally:
        """What became of all requests so far."""
        whole = Tally()
        for tally in self._tallies:
            whole.add(tally)
        return whole

    @property
    def answers(self) -> int:
        """How many requests have been answered so far."""
        return sum(tally.answers for tally in self._tallies)

    def wait_for(self, answers: int, seconds: float = 60.0) -> None:
        """Wait until so many more requests have been answered; raises TimeoutError where they are not."""
        target, deadline = self.answers + answers, time.monotonic() + seconds
        while self.answers < target:
            if time.monotonic() > deadline:
                raise TimeoutError(f"The server did not answer {answers} requests in {seconds:g} seconds.")
            time.sleep(0.01)

    def _client(self, number: int) -> None:
        tally, connection = self._tallies[number], None
        place = number * 7 % len(self._questions)
        while not self._stop.is_set():
            question = self._questions[place]
            place = (place + 1) % len(self._questions)
            try:
                connection = connection or Connection(self._server, self._timeout)
            except OSError:
                tally.refused += 1
                self._stop.wait(REST)
                continue
            started = time.perf_counter()
            try:
                answer = connection.ask(question.message)
            except LostError:
                tally.lost.append(connection.port)
                connection.close()
                connection = None
                continue
            tally.seconds.append(time.perf_counter() - started)
            if complaint := question.complaint(answer):
                tally.complaints[complaint] += 1
            tally.statuses[answer.status] += 1
            if answer.closes:
                connection.close()
                connection = None
            if self._pause:
                self._stop.wait(self._pause)
        if connection:
            connection.close()
