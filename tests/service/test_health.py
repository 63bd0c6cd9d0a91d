"""Health checks: live is always live, ready means that a known digit comes out right."""

from types import SimpleNamespace

import pytest

from service.self_test import known_picture


class Stuck:
    """A recognizer that gives the same answer, or fails, whatever the picture."""

    name, version = "stuck", "0"

    def __init__(self, answer):
        self.answer = answer

    def recognize(self, _image):
        if isinstance(self.answer, Exception):
            raise self.answer
        return SimpleNamespace(text=self.answer)


def test_live(client):
    answer = client.get("/health/live")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "live"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_ready(client):
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ready", "model": {"name": "fake", "version": "1.2.3"}}


@pytest.mark.parametrize("wrong", ["", "1", "77", RuntimeError("weights in /srv are gone")])
def test_a_model_that_reads_the_known_digit_wrong_is_not_ready_but_alive(app_with, problem, wrong):
    client = app_with(Stuck(wrong)).test_client()
    detail = problem(client.get("/health/ready"), 503)
    assert detail.startswith("The model is not ready")
    assert "/srv" not in detail
    assert client.get("/health/live").status_code == 200


def test_it_recovers_as_soon_as_the_model_does(app_with):
    recognizer = Stuck("1")
    client = app_with(recognizer).test_client()
    assert client.get("/health/ready").status_code == 503
    recognizer.answer = "7"
    assert client.get("/health/ready").status_code == 200


def test_the_known_picture_is_drawn_once():
    assert known_picture() is known_picture()
    assert known_picture().startswith(b"\x89PNG")


def test_the_shipped_model_is_ready(real_client):
    assert real_client.get("/health/ready").get_json()["model"]["name"] == "mnist"
