"""Errors: one shape, the right status, a sentence for people, and nothing about the server."""

import io
import logging

import pytest

from digitnet.errors import ImageTooLargeError, UnreadableImageError

URL = "/api/v1/predict"


class Failing:
    """A recognizer that raises the same error for every picture."""

    name, version = "failing", "0"

    def __init__(self, error):
        self.error = error

    def recognize(self, _image):
        raise self.error


def test_the_shape_of_a_problem(client):
    answer = client.get("/nowhere")
    assert answer.content_type == "application/problem+json"
    assert answer.get_json(force=True) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address. The page is at /, "
        "and pictures go to /api/v1/predict by POST.",
    }


@pytest.mark.parametrize(
    "address", ["/nowhere", "/api/v1", "/api/v2/predict", "/static/nothing.js", "/health"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address(client, problem, address, method):
    problem(client.open(address, method=method), 404 if "static" not in address or method == "GET" else 405)


@pytest.mark.parametrize("address", ["/static/../config.py", "/static/..%2fconfig.py"])
def test_no_way_out_of_the_static_folder(client, problem, address):
    problem(client.get(address), 404)


@pytest.mark.parametrize(
    ("address", "method", "allowed"),
    [
        (URL, "GET", {"POST", "OPTIONS"}),
        (URL, "PUT", {"POST", "OPTIONS"}),
        ("/health/live", "POST", {"GET", "HEAD", "OPTIONS"}),
        ("/health/ready", "DELETE", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_says_which_is_right(client, problem, address, method, allowed):
    answer = client.open(address, method=method)
    assert method in problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ImageTooLargeError("The picture has 900 million pixels."), 413),
        (UnreadableImageError("The picture is damaged."), 422),
    ],
)
def test_what_is_wrong_with_a_picture(app_with, problem, error, status):
    answer = app_with(Failing(error)).test_client().post(URL, data=b"x", content_type="image/png")
    assert problem(answer, status) == str(error)


def test_an_unexpected_error_is_logged_here_and_not_told_there(app_with, problem, caplog):
    client = app_with(Failing(RuntimeError("secret in /srv/models"))).test_client()
    with caplog.at_level(logging.ERROR):
        detail = problem(client.post(URL, data=b"x", content_type="image/png"), 500)
    assert "secret" not in detail
    assert "/srv" not in detail
    [record] = caplog.records
    assert "secret in /srv/models" in str(record.exc_info)


def test_among_several_pictures_the_bad_one_is_named(client, problem, draw):
    files = [(io.BytesIO(draw("1")), "good.png"), (io.BytesIO(b"hello"), "folder/bad\x1b.png")]
    detail = problem(client.post(URL, data={"image": files}), 415)
    assert detail.startswith('Image 2 of 2 ("bad.png"): ')
    alone = problem(client.post(URL, data={"image": [(io.BytesIO(b"hello"), "bad.png")]}), 415)
    assert "Image 1" not in alone


@pytest.mark.parametrize("address", ["/nowhere", "/favicon.ico"])
def test_a_browser_gets_a_page(client, address):
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = client.get(address, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "There is nothing at this address." in answer.text
    assert client.get("/api/nowhere", headers={"Accept": accept}).mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "address", ["/", "/nowhere", URL, "/health/live", "/health/ready", "/static/style.css"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT"])
def test_every_answer_carries_the_security_headers(client, address, method):
    answer = client.open(address, method=method, buffered=True)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "Set-Cookie" not in answer.headers


def test_bad_pictures_with_the_shipped_model(real_client, problem, bad_images):
    for name, (data, status) in bad_images.items():
        problem(real_client.post(URL, data={"image": [(io.BytesIO(data), name)]}), status)
        page = real_client.post("/", data={"image": [(io.BytesIO(data), name)]})
        assert (page.status_code, page.mimetype) == (status, "text/html"), name
        assert 'role="alert"' in page.text
    assert real_client.get("/health/ready").status_code == 200
