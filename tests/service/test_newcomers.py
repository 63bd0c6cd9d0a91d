"""New connections fall evenly on the processes of a server, and wait for none of them for long."""

import socket
import time
from collections import Counter
from contextlib import ExitStack, closing
from selectors import DefaultSelector
from types import SimpleNamespace

import psutil
import pytest

from service.newcomers import ABSENT, FairWorker, Shares

LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def pair(run_server, model):
    with run_server("--model", str(model), "--workers", "2") as server:
        until = time.monotonic() + 20
        while True:  # until the second process has started as well
            with ExitStack() as stack:
                for _ in range(20):
                    open_one(stack, server)
                if (len(both := held(server)) == 2 and both[0]) or time.monotonic() > until:
                    break
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


@pytest.fixture
def worker():
    """One of two processes, without what comes after a connection is taken, and where clients connect."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, closing(DefaultSelector()) as poller:
        one = FairWorker.__new__(FairWorker)
        one.sockets, one.poller, one.address = [listener], poller, listener.getsockname()
        one.nr_conns, one.keepalived_conns, one.pending_conns = 0, (), ()
        one.cfg = SimpleNamespace(is_ssl=False)
        one._accepting, one._left_at, one._hurries_until = False, 0.0, 0.0
        one._shares, one.age, one.taken = Shares(), 1, []
        one.enqueue_req = one.taken.append
        one.set_accept_enabled(True)
        yield one
        for conn in one.taken:
            conn.close()


def turn(worker):
    """One of its main loop."""
    worker.wait_for_and_dispatch_events(0.001)
    worker.set_accept_enabled(True)


def client_of_a_busier_one(worker):
    """A connection that waits, while the worker is busy with two and the other process with none."""
    worker._shares.say(2, 0)
    worker.nr_conns = 2
    return socket.create_connection(worker.address)


def test_one_that_is_busy_with_as_few_takes_whoever_comes(worker):
    worker._shares.say(2, 0)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(socket.create_connection(worker.address))
            turn(worker)
        assert len(worker.taken) == 2


def test_a_client_is_left_to_one_that_is_busy_with_fewer_and_taken_if_that_does_not_come(worker):
    with client_of_a_busier_one(worker):
        started = time.monotonic()
        turn(worker)
        turn(worker)
        assert worker.taken == [] or time.monotonic() - started >= 0.005
        while not worker.taken:
            turn(worker)
        assert time.monotonic() - started >= 0.005
        with socket.create_connection(worker.address):  # the other one is not waited for again at once
            worker._hurries_until = time.monotonic() + 60
            turn(worker)
            assert len(worker.taken) == 2


def test_a_client_is_taken_as_soon_as_the_others_have_as_many(worker):
    with client_of_a_busier_one(worker):
        turn(worker)
        worker._left_at += 60  # as if it had only just come
        turn(worker)
        assert worker.taken == []
        worker._shares.say(2, 1)
        turn(worker)
        turn(worker)
        assert len(worker.taken) == 1


def test_nobody_is_left_to_one_that_takes_nobody(worker):
    worker._shares.say(2, ABSENT)
    worker.nr_conns = 9
    with socket.create_connection(worker.address):
        turn(worker)
        assert len(worker.taken) == 1
        assert worker._shares.least(but=2) == 10, "and it has said so"


def test_a_client_that_was_left_to_others_is_taken_in_at_a_stop(worker):
    with client_of_a_busier_one(worker):
        turn(worker)
        assert worker.taken == []
        worker.alive = False
        worker.close_listeners()
        assert len(worker.taken) == 1
        time.sleep(0.02)
        worker.wait_for_and_dispatch_events(0.001)  # which looks for nobody any more


def test_the_least_is_that_of_the_others():
    shares = Shares()
    assert shares.least(but=3) > 10**6
    shares.say(3, 0)
    shares.say(4, 7)
    shares.say(5, 5)
    assert [shares.least(but=age) for age in (3, 4, 5)] == [5, 0, 0]
    shares.say(3, ABSENT)
    assert [shares.least(but=age) for age in (3, 4, 5)] == [5, 5, 7]
