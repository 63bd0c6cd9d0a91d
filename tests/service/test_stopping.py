"""How a running server ends: it answers what is under way, and a second Ctrl+C ends that quietly."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.sock import TCPSocket

from service.newcomers import Shares
from service.worker import PatientWorker

CHECKOUT = Path(__file__).resolve().parents[2]


@contextmanager
def foreground(model, *options):
    """A server like one that a terminal runs: with a process group of its own, and what it says kept."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "--port", "0", "--model", str(model), "--workers", "3", *options],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, int(process.stdout.readline().split()[2].rsplit(":", 1)[1])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def start_sending(port, picture, count):
    """A request whose body has begun and will go on after `count` bytes."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = "POST /api/v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nExpect: 100-continue\r\n"
    connection.sendall(f"{head}Content-Length: {len(picture)}\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")  # now a thread waits for the body
    connection.sendall(picture[:count])
    return connection


def refuses_connections(port):
    """Wait until nobody listens any more: the stop has begun."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_lets_what_is_under_way_finish(model, draw, number):
    picture = draw("42")
    with foreground(model) as (process, port):
        connection = start_sending(port, picture, 100)
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        assert refuses_connections(port)
        connection.sendall(picture[100:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        connection.close()
        assert b" 200 OK\r\n" in answer
        assert b"\r\nConnection: close\r\n" in answer  # though it could have been kept when the request began
        assert b'"text":"42"' in answer
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_ctrl_c_ends_it_at_once_and_without_a_traceback(model, draw, first):
    with foreground(model) as (process, port):
        connections = [start_sending(port, draw("42"), 100) for _ in range(3)]
        os.killpg(process.pid, first) if first == signal.SIGINT else process.send_signal(first)
        assert refuses_connections(port)
        for _ in range(5):  # people press it again and again
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.02)
        # Without the second one it would wait for the bodies: ten seconds, and then send answers.
        assert process.wait(8) == 0
        assert {connection.recv(1000) for connection in connections} == {b""}
        for connection in connections:
            connection.close()
        said = process.stderr.read()
        assert "Traceback" not in said
        assert "Exception ignored" not in said


def test_a_stop_waits_no_longer_than_it_is_told(model, draw):
    with foreground(model, "--stop-seconds", "1") as (process, port):
        connection = start_sending(port, draw("42"), 100)
        process.terminate()
        # The body would be waited for ten seconds otherwise.
        assert process.wait(8) == 0
        connection.close()
        assert "Traceback" not in process.stderr.read()


def test_a_stop_that_comes_before_a_process_listens_is_quiet():
    """By hand, since in a running server it is a matter of a millisecond."""
    settings = SimpleNamespace(reuse_port=False, backlog=1, threads=1)
    listener = TCPSocket(("127.0.0.1", 0), settings, None)
    worker = PatientWorker.__new__(PatientWorker)
    worker.cfg, worker.sockets, worker.nr_conns = settings, [listener], 0
    worker._deadlines, worker._accepting, worker._listens = {}, False, True
    worker._left_at, worker._shares, worker.age = 0.0, Shares(), 1
    worker.keepalived_conns, worker.pending_conns = (), ()
    worker.alive = False
    worker.set_accept_enabled(True)  # as gunicorn does before its loop,
    assert listener.sock is None
    worker.set_accept_enabled(False)  # and after it


def talk(port, sent):
    connection = socket.create_connection(("127.0.0.1", port), timeout=8)
    connection.sendall(sent)
    return connection


REQUEST = b"POST /api/v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100\r\n"


def test_clients_that_fall_silent_get_the_time_that_the_settings_give(model):
    options = ("--header-seconds", "1", "--silence-seconds", "1.5", "--keepalive-seconds", "1")
    with foreground(model, *options) as (_, port):
        in_header, in_body = talk(port, REQUEST), talk(port, REQUEST + b"\r\nthe beginning")
        idle = talk(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        with in_header, in_body, idle:
            # These reads last eight seconds at most; the defaults would let the first two last ten.
            assert in_header.recv(1000) == b""
            assert in_body.recv(1000).startswith(b"HTTP/1.1 400 ")
            assert idle.recv(1000).startswith(b"HTTP/1.1 200 ")
            assert idle.recv(1000) == b""


def test_a_request_as_a_whole_gets_the_time_that_the_settings_give(model):
    with (
        foreground(model, "--request-seconds", "1", "--silence-seconds", "60") as (_, port),
        talk(port, REQUEST + b"\r\nthe beginning") as connection,
    ):
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
