"""Headers for safety: on every answer, whoever gives it, and the right one about keeping a copy."""

import re
import socket

import pytest

EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
PNG = b"Content-Type: image/png\r\n"
POST = b"POST /api/v1/predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


def headers_of(raw):
    head = raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = [line.partition(":")[::2] for line in head[1:]]
    return int(head[0].split()[1]), [(name.lower(), value.strip()) for name, value in pairs]


def check(headers):
    names = [name for name, _ in headers]
    assert len(names) == len(set(names)), "a header stands there twice"
    found = dict(headers)
    for name, value in EXPECTED.items():
        assert found[name] == value, name
    policy = found["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=()" in found["permissions-policy"]
    assert "set-cookie" not in found
    assert "x-powered-by" not in found
    assert not re.search(r"\d", found.get("server", "")), "the server tells its version"
    return found


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (200, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (200, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (200, b"GET /static/style.css HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (404, b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (405, b"GET /api/v1/predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (400, POST + PNG + b"Content-Length: 0\r\n\r\n"),
        (400, POST + PNG + b"Content-Length: 5\r\n\r\nabc"),
        (400, POST + PNG + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        (403, POST + PNG + b"Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n"),
        (413, POST + PNG + b"Content-Length: 99999999\r\n\r\n"),
        (415, POST + b"Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"),
        (415, POST + PNG + b"Content-Length: 5\r\n\r\nhello"),
        (415, POST + PNG + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello"),
        # What never reaches the application is answered by the server around it.
        (400, b"NONSENSE\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n\r\n"),
        (414, b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n"),
        (501, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    ],
)
def test_every_answer_of_the_server_carries_them(server, status, request_):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        raw = b"".join(iter(lambda: connection.recv(65536), b""))
    answered, headers = headers_of(raw)
    assert answered == status
    found = check(headers)
    kept = found["cache-control"]
    assert "max-age=" in kept if b"/static/" in request_ else kept == "no-store"


def test_an_error_of_the_service_itself_carries_them(app_with, draw):
    class Failing:
        name, version = "failing", "0"

        def recognize(self, _image):
            raise RuntimeError("inside")

    answer = app_with(Failing()).test_client().post("/", data=draw("1"), content_type="image/png")
    assert answer.status_code == 500
    assert check([(name.lower(), value) for name, value in answer.headers])["cache-control"] == "no-store"


def test_a_prediction_is_kept_by_nobody(client, draw):
    for address in ("/api/v1/predict", "/"):
        answer = client.post(address, data=draw("1"), content_type="image/png")
        assert answer.status_code == 200
        assert check([(n.lower(), v) for n, v in answer.headers])["cache-control"] == "no-store"


def test_the_page_asks_for_nothing_that_the_policy_forbids(client):
    page = client.get("/").text
    assert not re.search(r"<[^>]+\son\w+=", page), "a handler in an attribute"
    assert not re.search(r"<script(?![^>]*\ssrc=)", page), "a script in the page"
    assert not re.search(r"<style|\sstyle=", page), "a style in the page"
    assert not re.search(r"(src|href|action)=\"(https?:)?//", page), "something from elsewhere"
