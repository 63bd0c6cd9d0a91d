"""A small request cannot ask for endless work, and a client that would wait too long is told so."""

import io
import threading

import pytest

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
