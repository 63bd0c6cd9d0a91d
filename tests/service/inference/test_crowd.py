"""Many clients at once: each gets the answers to its own rows, and one who would wait too long is told so."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest

from digitnet import Recognizer

LENGTH = "Inference-Header-Content-Length"
SEED = 20260


def test_everybody_gets_the_answers_to_their_own_rows(server, outputs_of, ink, expected):
    print(f"seed {SEED}")
    orders = [np.random.default_rng(SEED + n).integers(0, 10, 1 + 37 * n % 600) for n in range(120)]

    with httpx.Client(limits=httpx.Limits(max_connections=16), timeout=60) as client:

        def ask(number):
            name = "latest" if number % 2 else None
            address = f"/v2/models/mnist{f'/versions/{name}' if name else ''}/infer"
            body = ink[orders[number]].tobytes()
            answer = client.post(server.url + address, content=body, headers={LENGTH: "0"})
            answer.raise_for_status()
            return answer

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, range(len(orders))))

    for order, answer in zip(orders, answers, strict=True):
        outputs = outputs_of(_Read(answer))
        assert np.abs(outputs["probabilities"] - expected[order]).max() < 1e-5
        assert outputs["digit"].tolist() == expected[order].argmax(axis=1).tolist()


class _Read:
    """An answer of httpx under the names that the test client has."""

    def __init__(self, answer):
        self.data, self.headers = answer.content, answer.headers


@pytest.mark.parametrize("readers", [1, 2])
def test_a_service_that_is_busy_says_when_to_come_back(app_with, model, problem, ink, readers):
    started, go_on = threading.Semaphore(0), threading.Event()

    class Slow(Recognizer):
        def input_probabilities(self, inputs):
            started.release()
            assert go_on.wait(60)
            return super().input_probabilities(inputs)

    app = app_with(Slow(Recognizer.load(model).model), readers=readers, turn_seconds=0.6)
    send = {"data": ink.tobytes(), "headers": {LENGTH: "0"}}
    answers = []

    def ask():
        answers.append(app.test_client().post("/v2/models/mnist/infer", **send))

    clients = [threading.Thread(target=ask) for _ in range(readers)]
    for client in clients:
        client.start()
        assert started.acquire(timeout=30)
    try:
        answer = app.test_client().post("/v2/models/mnist/infer", **send)
    finally:
        go_on.set()
        for client in clients:
            client.join()
    assert "Try again" in problem(answer, 503)
    assert answer.headers["Retry-After"] == "1"
    assert [answer.status_code for answer in answers] == [200] * readers
