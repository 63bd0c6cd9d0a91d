"""A process stays within its memory and works with the threads it gets, and goes on when either runs out."""

import io
import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from PIL import Image

from service.limits import ThreadPool, thread_pool

CHECKOUT = Path(__file__).resolve().parents[2]
PREDICT = "/api/v1/predict"
MIB = 2**20


def test_memory_beyond_the_limit_is_an_error_that_can_be_caught():
    program = (
        "from service.limits import limit_memory\n"
        "limit_memory(600)\n"
        "try: bytearray(800 * 2**20)\n"
        "except MemoryError: print('caught')\n"
        "print(len(bytearray(50 * 2**20)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.split() == ["caught", str(50 * MIB)]


def test_without_a_limit_nothing_changes():
    program = "from service.limits import limit_memory; limit_memory(0); print(len(bytearray(800 * 2**20)))"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.strip() == str(800 * MIB)


def test_a_request_that_runs_out_of_memory_is_a_503_and_the_next_one_is_answered(
    app_with, draw, problem, caplog
):
    class Hungry:
        name, version = "hungry", "0"
        meals = 1

        def recognize(self, image):
            if self.meals:
                self.meals -= 1
                raise MemoryError
            return SimpleNamespace(
                text="", confidence=0.0, accepted=False, digits=(), width=len(image), height=1
            )

    client = app_with(Hungry()).test_client()
    send = {"data": draw("1"), "content_type": "image/png"}
    answer = client.post(PREDICT, **send)
    assert "too little memory" in problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"
    assert [record.message for record in caplog.records] == ["out of memory"]
    assert 'digitnet_overloads_total{reason="memory"} 1.0' in client.get("/metrics").text
    assert client.post(PREDICT, **send).status_code == 200


def test_a_process_that_ran_out_of_memory_goes_on(run_server, model, draw):
    options = ("--workers", "1", "--threads", "2", "--max-memory-mib", "900", "--max-body-bytes", str(2**30))
    with run_server("--model", str(model), *options) as server:
        assert server.is_alive()
        before = psutil.Process(server.process.pid).children()
        body = bytes(600 * MIB)
        for _ in range(2):
            status, kind, said = server.post(body, "image/png")
            assert (status, kind) == (503, "application/problem+json")
            assert "too little memory" in json.loads(said)["detail"]
        assert server.post(draw("42"), "image/png")[0] == 200
        assert psutil.Process(server.process.pid).children() == before
        assert "out of memory" in {event["event"] for event in server.events()}


def test_a_pool_that_gets_no_more_threads_works_with_those_it_has(monkeypatch, caplog):
    start, started = threading.Thread.start, []

    def start_three(thread):
        if len(started) == 3:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_three)
    meeting = threading.Barrier(3, timeout=30)
    with thread_pool(8) as pool:
        results = [pool.submit(meeting.wait) for _ in range(9)]
        assert sorted(result.result(30) for result in results) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert pool.size == 3
    assert [record.threads for record in caplog.records] == [3]


def test_a_pool_without_any_thread_says_so(monkeypatch):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError), ThreadPool(2) as pool:
        pool.submit(int)


def test_the_default_suffices_for_all_threads_and_readers_with_the_largest_pictures(run_server, model):
    """25 million pixels each, twice at once, while every other thread waits for a client."""
    stream = io.BytesIO()
    Image.new("RGBA", (5000, 5000), (255, 255, 255, 255)).save(stream, "PNG", compress_level=1)
    with run_server("--model", str(model), "--workers", "1", "--turn-seconds", "60") as server:
        address = ("127.0.0.1", server.port)
        waiting = [socket.create_connection(address, timeout=60) for _ in range(60)]
        for connection in waiting:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost:")
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda _: server.post(stream.getvalue(), "image/png"), range(3)))
        for connection in waiting:
            connection.close()
        assert [status for status, _, _ in answers] == [200] * 3
