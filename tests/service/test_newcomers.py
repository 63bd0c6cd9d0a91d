"""New connections fall evenly on the processes of a server, and wait for none of them for long."""

import socket
import time
from collections import Counter
from contextlib import ExitStack

import psutil
import pytest

from service.newcomers import ABSENT, Shares

LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def pair(run_server, model):
    with run_server("--model", str(model), "--workers", "2") as server:
        yield server


def open_one(stack, server):
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
    ask(connection)
    return connection


def ask(connection):
    connection.sendall(LIVE)
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def held(server):
    """How many connections each process has."""
    counts = Counter()
    for process in psutil.Process(server.process.pid).children():
        counts[process.pid] += sum(
            one.status == psutil.CONN_ESTABLISHED for one in process.net_connections("tcp")
        )
    return sorted(counts.values())


def test_connections_that_ask_are_shared_out(pair):
    with ExitStack() as stack:
        connections = []
        for _ in range(20):
            connections.append(open_one(stack, pair))
            for one in connections:
                ask(one)
        fewest, most = held(pair)
        assert fewest + most == 20
        assert fewest >= 8


def test_many_at_once_are_all_answered(pair):
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", pair.port), timeout=20))
            for _ in range(60)
        ]
        for one in connections:
            one.sendall(LIVE)
        for one in connections:
            assert one.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_process_that_hangs_is_not_waited_for(pair):
    """The other one takes what would have been its."""
    stopped = psutil.Process(pair.process.pid).children()[0]
    with ExitStack() as stack:
        stopped.suspend()
        try:
            started = time.monotonic()
            for _ in range(12):
                open_one(stack, pair)
            assert time.monotonic() - started < 10
        finally:
            stopped.resume()


def test_the_least_is_that_of_the_others():
    shares = Shares()
    assert shares.least(but=3) > 10**6
    shares.say(3, 0)
    shares.say(4, 7)
    shares.say(5, 5)
    assert [shares.least(but=age) for age in (3, 4, 5)] == [5, 0, 0]
    shares.say(3, ABSENT)
    assert [shares.least(but=age) for age in (3, 4, 5)] == [5, 5, 7]
