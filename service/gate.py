"""One thread of a process at a time, in order: Python runs no more than one, and in no order."""

import os
import select
import socket
from collections.abc import Callable
from threading import local

from gunicorn.http.unreader import SocketUnreader

from service.turns import Turns

SECONDS = 0.02  # that a thread waits for another one; a large picture is read for longer, and then both run
MOST = 100_000  # more threads than there can be
OUTSIDE, INSIDE, AROUND = "outside", "inside", "around"


class Gate:
    """Lets one thread in, and others after it in order; whoever has waited for long enough goes around it.

    Python's own lock changes hands at every read and write of a socket, and gives it to anybody: with eight
    clients of two processes, whose answers took half a millisecond, one in a hundred waited 25 ms where it
    waits 9 in order; with one process it also answers a tenth more. Nobody waits for a client inside the
    gate, see `Bytes` and `send`: it steps aside, and where nobody else comes in, `deserted` is called.
    """

    def __init__(self, deserted: Callable[[], None] = lambda: None, seconds: float = SECONDS) -> None:
        self._deserted, self._seconds = deserted, seconds
        self._turns = Turns(1, most_waiting=MOST)
        self._of_thread = local()

    @property
    def held(self) -> bool:
        """Whether the thread is in it."""
        return getattr(self._of_thread, "state", OUTSIDE) == INSIDE

    def enter(self) -> None:
        """Wait to be let in, for a bounded time; nothing happens where the thread is in or goes around."""
        if getattr(self._of_thread, "state", OUTSIDE) == OUTSIDE:
            self._of_thread.state = AROUND if self._turns.take(self._seconds) else INSIDE

    def leave(self) -> bool:
        """Let the next one in, if the thread is in it; whether there is one. The next time it waits again.

        A thread that has gone around it leaves another one inside.
        """
        state, self._of_thread.state = getattr(self._of_thread, "state", OUTSIDE), OUTSIDE
        return self._turns.give() if state == INSIDE else state == AROUND

    def step_aside(self) -> bool:
        """Leave likewise, to wait for a client."""
        relieved = self.leave()
        if not relieved:
            self._deserted()
        return relieved


class Bytes(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """What a client sends. Its thread enters the gate once there is something, and leaves it to wait."""

    def __init__(self, sock: socket.socket, gate: Gate) -> None:
        super().__init__(sock)
        self._gate = gate

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next piece."""
        if self._gate.held and not has_come(self.sock, 0):
            self._gate.step_aside()
        piece: bytes = super().chunk(size_hint)
        self._gate.enter()
        return piece


def has_come(sock: socket.socket, seconds: float) -> bool:
    """Whether the client sends something, or goes away, within this time."""
    waiter = select.poll()
    waiter.register(sock, select.POLLIN)
    return bool(waiter.poll(1000 * seconds))


def send(sock: socket.socket, data: bytes, gate: Gate) -> None:
    """Send all of it by a socket with a time-out; to a client that does not take it, outside the gate."""
    if gate.held:
        try:
            sent = os.write(sock.fileno(), data)  # such a socket never has a write wait
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return
        gate.step_aside()
        data = data[sent:]
    sock.sendall(data)
