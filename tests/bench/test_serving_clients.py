"""The clients of the benchmark count what was answered, and take no wrong answer for a right one."""

import importlib
import random
import socket
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPTS = str(Path(__file__).resolve().parents[2] / "scripts")


@pytest.fixture(scope="module")
def clients():
    if SCRIPTS not in sys.path:  # as Python does for a script in that folder
        sys.path.insert(0, SCRIPTS)
    return importlib.import_module("bench.serving_clients")


@contextmanager
def echo(reply, rng=None):
    """A server whose answer to a request is ``reply(its last line)``, in pieces of random length."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(sock):
        with sock:
            while line := sock.recv(65_536):
                answer = reply(line.rpartition(b"\n")[2])
                while answer:
                    length = rng.randint(1, len(answer)) if rng else len(answer)
                    sock.sendall(answer[:length])
                    answer = answer[length:]

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def http(body, status=b"200 OK"):
    return b"HTTP/1.1 %s\r\ncontent-LENGTH: %d\r\n\r\n%s" % (status, len(body), body)


def asks_of(clients, count=7):
    words = [b"%d;" % number for number in range(count)]
    return [clients.Ask(b"POST / HTTP/1.1\r\n\r\n" + word, b"<" + word) for word in words]


def test_every_answer_is_counted_and_timed(clients):
    seed = random.randrange(2**32)
    print("seed", seed)
    with echo(lambda line: http(b"<" + line), random.Random(seed)) as server:
        full = clients.saturate(server, asks_of(clients), clients=3, seconds=0.2)
        paced = clients.at_rate(server, asks_of(clients), rate=100, clients=3, seconds=0.3)
    assert full.count == len(full.waits) > 10
    assert 0 < full.percentile(0.5) <= full.percentile(0.99)
    assert 5 < paced.count < 80
    assert full.client_seconds > 0


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (lambda _: http(b"<another;"), "not the right one"),
        (lambda line: http(b"<" + line, b"503 Busy"), "no success"),
        (lambda line: b"HTTP/1.1 200 OK\r\n\r\n<" + line, "how long it is"),
    ],
)
def test_a_wrong_answer_ends_the_load(clients, reply, said):
    with echo(reply) as server, pytest.raises(clients.WrongAnswerError, match=said):
        clients.saturate(server, asks_of(clients), clients=2, seconds=0.2)


def test_a_request_that_waits_for_a_connection_has_waited_from_when_it_was_due(clients):
    """A server that answers fifty a second is asked for two hundred, on one connection."""

    def slowly(line):
        threading.Event().wait(0.02)
        return http(b"<" + line)

    with echo(slowly) as server:
        paced = clients.at_rate(server, asks_of(clients), rate=200, clients=1, seconds=0.4)
    assert paced.percentile(0.99) > 0.1
