"""Requests one after the other on a kept connection, with answers of every form in one piece."""

import socket
import threading
import time
from contextlib import suppress

import pytest

LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def connection(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as kept:
        yield kept


def answer(connection):
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65_536)
    head, _, body = got.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += connection.recv(65_536)
    return int(head.split()[1]), fields, body


def test_many_in_a_row_are_answered_each_with_an_id_of_its_own(connection):
    ids = set()
    for _ in range(30):
        connection.sendall(LIVE)
        status, fields, body = answer(connection)
        assert (status, body) == (200, b'{"status":"live"}\n')
        assert fields[b"connection"] == b"keep-alive"
        ids.add(fields[b"x-request-id"])
    assert len(ids) == 30


def test_two_that_come_at_once_are_both_answered_in_order(connection):
    connection.sendall(LIVE + LIVE.replace(b"live", b"nowhere"))
    first, second = b"", b""
    while second.count(b"\r\n\r\n") < 1 or not second.endswith(b"}"):
        first += connection.recv(65_536)
        _, _, second = first.partition(b'{"status":"live"}\n')
    assert first.startswith(b"HTTP/1.1 200")
    assert second.startswith(b"HTTP/1.1 404")


def test_an_answer_without_a_body_ends_with_its_head(connection):
    connection.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    got = connection.recv(65_536)
    assert got.startswith(b"HTTP/1.1 200")
    assert got.endswith(b"\r\n\r\n")
    connection.sendall(LIVE)
    assert answer(connection)[0] == 200


def test_a_short_answer_comes_in_one_piece(connection):
    for _ in range(5):
        connection.sendall(LIVE)
        assert connection.recv(65_536).endswith(b'{"status":"live"}\n')


def test_a_request_after_a_pause_is_answered_as_well(connection):
    """No thread waits any more by then, and the main loop waits for the client."""
    connection.sendall(LIVE)
    answer(connection)
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.settimeout(20)
    connection.sendall(LIVE)
    assert answer(connection)[0] == 200


def test_the_end_that_a_client_asks_for_is_given(connection):
    connection.sendall(LIVE)
    answer(connection)
    connection.sendall(LIVE.replace(b"Host: a", b"Host: a\r\nConnection: close"))
    assert answer(connection)[1][b"connection"] == b"close"
    assert connection.recv(1) == b""


def test_kept_clients_are_answered_while_one_sends_slowly_and_large_pictures_are_read(server, draw):
    """Whoever waits for them meanwhile: none of them is forgotten."""
    ended, waits = threading.Event(), []

    def ask():
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as kept:
            while not ended.is_set():
                started = time.monotonic()
                kept.sendall(LIVE)
                assert answer(kept)[0] == 200
                waits.append(time.monotonic() - started)
                time.sleep(0.005)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    head = (
        b"POST /api/v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
    )
    picture, large = draw("42"), draw("0123456789" * 5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
        slow.sendall(head % len(picture))
        for _ in range(3):
            assert server.post(large, "image/png")[0] == 200
            slow.sendall(picture[:10])
            picture = picture[10:]
            time.sleep(0.05)
        slow.sendall(picture)
        assert answer(slow)[0] == 200
    ended.set()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert len(waits) > 40


def test_a_kept_client_that_is_silent_is_let_go_while_another_one_asks(run_server, model):
    with run_server("--model", str(model), "--keepalive-seconds", "1", "--workers", "1") as server:
        address = ("127.0.0.1", server.port)
        with (
            socket.create_connection(address, timeout=20) as silent,
            socket.create_connection(address, timeout=20) as busy,
        ):
            silent.sendall(LIVE)
            answer(silent)
            silent.settimeout(0)
            until, gone = time.monotonic() + 20, False
            while not gone and time.monotonic() < until:
                busy.sendall(LIVE)
                answer(busy)
                time.sleep(0.01)
                with suppress(BlockingIOError):
                    gone = silent.recv(1) == b""
            assert gone
