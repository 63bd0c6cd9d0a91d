"""What a running server makes of bodies that are too long, damaged, cut off or never finished."""

import json
import re
import shutil
import socket
import subprocess
import time

import pytest

PREDICT = "/api/v1/predict"
MIB = 1024 * 1024


def raw(*headers, body=b"", address=PREDICT):
    lines = [f"POST {address} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def parse(answer):
    """Status and document of a raw HTTP answer; interim answers such as 100 Continue are skipped."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if status < 200:
        return parse(body)
    assert b"application/problem+json" in head
    return status, json.loads(body)


@pytest.mark.parametrize("address", [PREDICT, "/", "/nowhere"])
def test_urllib_reads_why_eleven_mebibytes_are_refused(server, address):
    status, _, body = server.post(bytes(11 * MIB), "image/png", address)
    assert status == (404 if address == "/nowhere" else 413)
    if address != "/nowhere":
        assert b"at most 10 MiB" in body
    assert server.is_alive()


@pytest.mark.parametrize("expect", ["Expect: 100-continue", "Expect:"])
@pytest.mark.parametrize("length", ["announced", "chunked"])
def test_curl_reads_why_eleven_mebibytes_are_refused(server, tmp_path, expect, length):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed.")
    (tmp_path / "big.png").write_bytes(bytes(11 * MIB))
    chunks = ["-H", "Transfer-Encoding: chunked"] if length == "chunked" else []
    options = ["-sS", "-m", "30", "-H", expect, *chunks, "-F", f"image=@{tmp_path / 'big.png'}"]
    answer = subprocess.run(
        ["curl", *options, "-w", "%{stderr}%{http_code}", server.url + PREDICT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "413")
    assert "at most 10 MiB" in json.loads(answer.stdout)["detail"]


def test_a_raw_client_that_sends_all_before_it_reads(server):
    body = bytes(11 * MIB)
    kind = "Content-Type: image/png"
    for request in (
        raw(kind, f"Content-Length: {len(body)}", body=body),
        raw(kind, "Transfer-Encoding: chunked", body=b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"),
    ):
        assert parse(server.talk(request))[0] == 413
    assert server.is_alive()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"zz\r\nabc\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"5\r\nabc"),
        (["Transfer-Encoding: chunked"], b"3\r\nabc\r\n0\r\nbad trailer\r\n\r\n"),
        (["Content-Length: 0"], b""),
        (["Content-Length: 100"], b"cut off"),
    ],
)
@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=b"])
def test_bodies_that_are_empty_malformed_or_cut_off(server, headers, body, kind):
    status, document = parse(server.talk(raw(f"Content-Type: {kind}", *headers, body=body)))
    assert (status, document["status"]) == (400, 400)
    assert server.is_alive()


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\nHost: x", b"\x16\x03\x01\x02\x00\x01", b""])
def test_a_client_that_ends_within_a_header_gets_no_answer(server, garbage):
    assert server.talk(garbage) == b""
    assert server.is_alive()


HOST = b"Host: localhost\r\n"
REFUSED = {
    b"nonsense\r\n": 400,
    b"get / HTTP/1.1\r\n" + HOST: 400,
    b"GET / FTP\r\n" + HOST: 400,
    b"GET / HTTP/1.1\n" + HOST: 400,
    b"GET http://[ HTTP/1.1\r\n" + HOST: 400,
    b"PRI * HTTP/2.0\r\n": 400,
    b"GET / HTTP/2.0\r\n" + HOST: 505,
    b"GET / HTTP/1.1\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a b\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: <b>\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a/b\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a:port\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: \xff\r\n": 400,
    b"GET / HTTP/1.0\r\nHost: a/b\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + HOST: 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"no colon\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"A : 1\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"A: \0\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"A: 1\r\n folded\r\n": 400,
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n": 400,
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n": 400,
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n": 400,
    b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n": 400,
    b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: unknown\r\n": 501,
    b"POST / HTTP/1.1\r\n" + HOST + b"Expect: something\r\n": 417,
}


@pytest.mark.parametrize(("request_head", "status"), REFUSED.items())
def test_what_is_refused_before_the_application_sees_it(server, request_head, status):
    answer = server.talk(request_head + b"\r\n")
    found, document = parse(answer)
    assert (found, document["status"], document["type"]) == (status, status, "about:blank")
    assert set(document) == {"type", "title", "status", "detail"}
    assert document["detail"][0].isupper()
    assert document["detail"].endswith(".")
    assert not set(document["detail"]) & set("<'\"")  # nothing of what was sent comes back
    head = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[0] == f"HTTP/1.1 {status} {document['title']}"
    for line in ("Connection: close", "X-Content-Type-Options: nosniff", "Cache-Control: no-store"):
        assert line in head
    assert any(line.startswith("Content-Security-Policy: default-src 'none'") for line in head)


@pytest.mark.parametrize(
    "request_head", [key for key in REFUSED if key.startswith((b"GET / HTTP/1.1\r\n", b"POST"))]
)
def test_a_refused_head_request_gets_the_same_without_a_body(server, request_head):
    address, _, headers = request_head.partition(b" ")[2].partition(b"\r\n")
    with_body = server.talk(b"GET " + address + b"\r\n" + headers + b"\r\n").partition(b"\r\n\r\n")
    without = server.talk(b"HEAD " + address + b"\r\n" + headers + b"\r\n").partition(b"\r\n\r\n")
    heads = [re.sub(rb"X-Request-Id: [0-9a-f]{16}\r\n", b"", head) for head in (without[0], with_body[0])]
    assert heads[0] == heads[1]
    assert without[2] == b""
    assert with_body[2]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "BREW", "HEAD"])
@pytest.mark.parametrize("address", ["/", PREDICT, "/health/live"])
def test_other_methods(server, method, address):
    answer = server.talk(f"{method} {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    if method != "HEAD":
        status, document = parse(answer)
        assert (status, document["status"]) == (405, 405)
        assert method in document["detail"]
    else:
        assert answer.endswith(b"\r\n\r\n")
        assert int(answer.split()[1]) == (405 if address == PREDICT else 200)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health/live HTTP/1.0",
        b"GET /health/live HTTP/1.1\r\nHost:",
        b"GET /health/live HTTP/1.1\r\nHost: [::1]:8000",
        b"GET /health/live HTTP/1.1\r\nHost: my_service.example:80",
        b"GET http://x/health/live HTTP/1.1\r\nHost: x",
    ],
)
def test_hosts_that_are_fine(server, head):
    assert b" 200 OK" in server.talk(head + b"\r\nConnection: close\r\n\r\n")


def test_the_longest_request_line_and_header_and_the_most_headers(server):
    def ask(path="/health/live", *headers):
        lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]
        return int(server.talk("\r\n".join(lines).encode()).split()[1])

    line = 2048 - len("GET /health/live? HTTP/1.1")
    assert [ask("/health/live?" + "a" * length) for length in (line, line + 1)] == [200, 414]
    field = 8190 - len("A: \r\n")
    assert [ask("/health/live", "A: " + "a" * length) for length in (field, field + 1)] == [200, 431]
    assert [ask("/health/live", *["A: 1"] * count) for count in (62, 63)] == [200, 431]


def test_bad_pictures_leave_it_answering(server, bad_images):
    for name, (data, status) in bad_images.items():
        head = f'--b\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'.encode()
        answer = server.post(head + data + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")
        assert answer[:2] == (status, "application/problem+json"), name
        assert server.is_alive()


def test_clients_that_fall_silent_do_not_keep_others_waiting_and_are_let_go(server):
    start = b"POST /api/v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100\r\n"
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=25) for _ in range(100)]
    try:
        for number, connection in enumerate(silent):
            connection.sendall(start if number % 2 else start + b"\r\nthe beginning")
        began = time.monotonic()
        assert all(server.is_alive() for _ in range(20))
        assert time.monotonic() - began < 5
        in_header, in_body = ([connection.recv(65536) for connection in silent[place::2]] for place in (1, 0))
        assert time.monotonic() - began < 20
    finally:
        for connection in silent:
            connection.close()
    assert set(in_header) == {b""}
    assert {parse(answer)[0] for answer in in_body} == {400}
    assert server.is_alive()


def test_clients_that_do_not_close_do_not_keep_others_waiting(run_server, model):
    with run_server("--model", str(model), "--workers", "1") as running:
        lazy = [socket.create_connection(("127.0.0.1", running.port), timeout=5) for _ in range(10)]
        try:
            for connection in lazy:
                connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert all(b" 200 OK" in connection.recv(65536) for connection in lazy)
            began = time.monotonic()
            assert running.is_alive()
            assert time.monotonic() - began < 2
        finally:
            for connection in lazy:
                connection.close()
