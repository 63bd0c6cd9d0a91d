"""One thread waits for all kept connections, and gets whichever asks next."""

import socket
import threading
import time
from contextlib import closing
from dataclasses import dataclass

import pytest

from service.kept import Kept, say_goodbye


@dataclass(eq=False)
class Connection:
    """A connection, and the client's end of it."""

    sock: socket.socket
    client: socket.socket


@pytest.fixture
def clients():
    """Three kept connections, and the clients' ends of them."""
    pairs = [socket.socketpair() for _ in range(3)]
    yield [Connection(near, far) for near, far in pairs]
    for near, far in pairs:
        near.close()
        far.close()


@pytest.fixture
def kept(clients):
    with closing(Kept()) as held:
        for conn in clients:
            held.add(conn)
        yield held


def start_waiting(kept, seconds, found):
    """A thread that waits for those kept, and adds to `found` what it gets."""
    waiter = threading.Thread(target=lambda: found.append(kept.wait(seconds)))
    waiter.start()
    while not kept.watched:
        time.sleep(0.001)
    return waiter


def test_whoever_asks_is_found_and_kept_no_longer(kept, clients):
    clients[1].client.send(b"GET")
    assert kept.wait(5) is clients[1]
    assert len(kept) == 2
    assert kept.wait(0.01) is None, "what it sent is its own thread's business now"
    kept.add(clients[1])
    assert kept.wait(5) is clients[1]


def test_each_of_those_that_ask_at_once_is_found_once(kept, clients):
    for conn in clients:
        conn.client.send(b"GET")
    found = [kept.wait(5) for _ in clients]
    assert {id(conn) for conn in found} == {id(conn) for conn in clients}
    assert kept.wait(5) is None, "nobody is kept, so there is nothing to wait for"


def test_a_client_that_goes_away_is_found_too(kept, clients):
    clients[2].client.close()
    assert kept.wait(5) is clients[2]


def test_one_thread_waits_and_others_are_sent_away(kept, clients):
    found = []
    waiter = start_waiting(kept, 20, found)
    assert kept.wait(20) is None
    assert kept.asking(0) == [], "they are waited for"
    clients[0].client.send(b"GET")
    waiter.join(20)
    assert found == [clients[0]]
    assert not kept.watched


def test_one_that_is_added_while_a_thread_waits_is_found(kept, clients):
    found = []
    assert kept.quiet(0) == clients
    kept.add(clients[0])
    waiter = start_waiting(kept, 20, found)
    clients[1].client.send(b"GET")
    kept.add(clients[1])
    waiter.join(20)
    assert found == [clients[1]]


def test_a_thread_that_is_needed_elsewhere_is_dismissed(kept):
    found = []
    kept.dismiss()  # nobody waits, so nothing happens
    started = time.monotonic()
    waiter = start_waiting(kept, 20, found)
    kept.dismiss()
    kept.dismiss()
    waiter.join(20)
    assert found == [None]
    assert time.monotonic() - started < 19
    assert kept.wait(0) is None
    assert len(kept) == 3


def test_those_that_ask_in_vain_are_handed_over_after_a_while(kept, clients):
    assert kept.wait(0) is None  # so that nobody waits from now on
    clients[0].client.send(b"GET")
    clients[2].client.send(b"GET")
    assert kept.asking(60) == []
    assert sorted(map(clients.index, kept.asking(0))) == [0, 2]
    assert kept.asking(0) == []
    assert len(kept) == 1


def test_those_that_do_not_ask_are_handed_over_after_a_while(kept, clients):
    assert kept.quiet(60) == []
    assert kept.quiet(0) == clients
    assert len(kept) == 0


def test_one_that_is_handed_over_is_not_found_by_who_waits(kept, clients):
    found = []
    waiter = start_waiting(kept, 0.3, found)
    assert kept.quiet(0) == clients
    clients[0].client.send(b"GET")
    waiter.join(20)
    assert found == [None]


def test_many_threads_lose_and_double_nothing():
    """As in the service: each thread serves what it finds, and keeps it again."""
    kept, rounds = Kept(), 200
    pairs = [socket.socketpair() for _ in range(6)]
    conns = [Connection(near, far) for near, far in pairs]
    for conn in conns:
        kept.add(conn)
    ended = threading.Event()

    def serve():
        while not ended.is_set():
            if conn := kept.wait(0.01):
                conn.sock.send(conn.sock.recv(100))
                kept.add(conn)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(rounds):
        for conn in conns:
            conn.client.send(b"%d" % number)
        for conn in conns:
            conn.client.settimeout(20)
            assert conn.client.recv(100) == b"%d" % number
    ended.set()
    for thread in threads:
        thread.join(20)
    assert len(kept) == 6
    kept.close()
    for near, far in pairs:
        near.close()
        far.close()


def test_goodbye_waits_until_the_client_has_read():
    near, far = socket.socketpair()
    with near, far:
        near.send(b"answer")
        thread = threading.Thread(target=say_goodbye, args=(near,))
        thread.start()
        far.send(b"what nobody reads any more")
        assert far.recv(100) == b"answer"
        assert far.recv(100) == b""
        far.close()
        thread.join(20)
        assert not thread.is_alive()
