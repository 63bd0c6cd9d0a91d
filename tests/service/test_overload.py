"""A small request cannot ask for endless work, and a client that would wait too long is told so."""

import io
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from service.turns import Turns

URL = "/api/v1/predict"


def form(*files):
    return {"image": [(io.BytesIO(data), name) for name, data in files]}


def test_pictures_share_a_budget_of_pixels(app_with, draw):
    picture = draw("1")
    answer = app_with().test_client().post(URL, data=form(("a.png", picture)))
    assert answer.status_code == 200
    client = app_with(max_total_pixels=4 * 200 * 200).test_client()
    few = client.post(URL, data=form(*[(f"{n}.png", picture) for n in range(2)]))
    assert few.status_code == 200
    many = client.post(URL, data=form(*[(f"{n}.png", picture) for n in range(60)]))
    assert many.status_code == 413
    assert many.content_type == "application/problem+json"
    assert "160,000 pixels together" in many.get_json()["detail"]


@pytest.mark.parametrize("readers", [1, 3])
def test_a_service_that_is_busy_says_when_to_come_back(app_with, draw, readers):
    class Slow:
        name, version = "slow", "1"
        started, go_on = threading.Semaphore(0), threading.Event()

        def recognize(self, _image):
            self.started.release()
            self.go_on.wait(30)
            raise AssertionError("nobody waits for this answer")

    app = app_with(Slow(), readers=readers, turn_seconds=0.6)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    send = {"data": draw("1"), "content_type": "image/png"}
    clients = [
        threading.Thread(target=app.test_client().post, args=(URL,), kwargs=send) for _ in range(readers)
    ]
    for client in clients:
        client.start()
        Slow.started.acquire(timeout=30)
    try:
        answer = app.test_client().post(URL, **send)
    finally:
        Slow.go_on.set()
        for client in clients:
            client.join()
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert "Try again" in answer.get_json()["detail"]


def rows_of(turns, names, order):
    """Threads that wait for a turn one after the other, and write down who got it."""

    def wait(name):
        assert turns.take(30) == ""
        order.append(name)
        turns.give()

    threads = []
    for name in names:
        threads.append(threading.Thread(target=wait, args=(name,)))
        threads[-1].start()
        while len(turns._row) < len(threads):
            time.sleep(0.001)
    return threads


def test_who_came_first_is_served_first():
    turns, order = Turns(1, most_waiting=20), []
    assert turns.take(1) == ""
    threads = rows_of(turns, range(20), order)
    assert turns.take(30) == "queue"
    turns.give()
    for thread in threads:
        thread.join()
    assert order == [*range(20)]
    assert turns.take(0) == ""


def test_turns_are_neither_lost_nor_made_by_many_who_give_up():
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    turns, had, busy, most = Turns(3, most_waiting=100), [], [], []

    def work(number):
        rng = random.Random(seed + number)
        for _ in range(60):
            if turns.take(rng.random() * 0.002) == "":
                busy.append(number)
                most.append(len(busy))
                time.sleep(rng.random() * 0.002)
                busy.pop()
                turns.give()
                had.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert had
    assert max(most) <= 3
    assert [turns.take(0.01) for _ in range(4)] == ["", "", "", "turn"]


class Gate:
    """A recognizer that reads when it may."""

    name, version = "gate", "1"

    def __init__(self):
        self.started, self.go_on = threading.Semaphore(0), threading.Event()

    def recognize(self, _image):
        self.started.release()
        assert self.go_on.wait(30)
        return SimpleNamespace(text="", confidence=0.0, accepted=False, digits=(), width=10, height=10)


def test_a_queue_that_is_full_says_so_at_once(app_with, draw):
    gate = Gate()
    app = app_with(gate, readers=1, max_waiting=2, turn_seconds=30)
    send = {"data": draw("1"), "content_type": "image/png"}
    with ThreadPoolExecutor(3) as pool:
        taken = [pool.submit(app.test_client().post, URL, **send) for _ in range(3)]
        assert gate.started.acquire(timeout=30)
        client = app.test_client()
        while "digitnet_images_waiting 2.0" not in client.get("/metrics").text:
            time.sleep(0.01)
        assert "digitnet_images_reading 1.0" in client.get("/metrics").text
        answer = client.post(URL, **send)  # it would wait half a minute if there were room
        gate.go_on.set()
        assert [answer.result().status_code for answer in taken] == [200] * 3
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert 'digitnet_overloads_total{reason="queue"} 1.0' in client.get("/metrics").text
    assert client.post(URL, **send).status_code == 200


def test_the_pictures_of_a_request_share_their_time(app_with, draw):
    class Slow(Gate):
        def recognize(self, image):
            time.sleep(0.3)
            return super().recognize(image)

    slow = Slow()
    slow.go_on.set()
    client = app_with(slow, reading_seconds=0.5).test_client()
    few = client.post(URL, data=form(("a.png", draw("1"))))
    assert few.status_code == 200
    many = client.post(URL, data=form(*[(f"{n}.png", draw("1")) for n in range(20)]))
    assert many.status_code == 503
    assert "more than 0.5 seconds" in many.get_json()["detail"]
    assert "Send fewer at once" in many.get_json()["detail"]
    assert many.headers["Retry-After"]
    assert len([*iter(lambda: slow.started.acquire(blocking=False), False)]) < 6
