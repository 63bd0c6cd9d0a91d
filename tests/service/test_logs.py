"""The log: a line an event, with the request's id, and without anything that was sent."""

import http.client
import json
import logging
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from service.logs import Formatter, LogHandler

CHECKOUT = Path(__file__).resolve().parents[2]

PREDICT = "/api/v1/predict"
IDENTITY = re.compile(r"[0-9a-f]{16}")
INSANE = ["", "a b", "x" * 65, "a\tb", 'a","level":"error', "ü", "a;b", "../x"]


def form(picture, name="image.png"):
    head = f'--b\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    return head.encode() + picture + b"\r\n--b--\r\n"


def test_a_request_is_one_line_with_all_that_is_known_of_it(run_server, model, draw):
    with run_server("--model", str(model)) as server:
        headers = {"Content-Type": "multipart/form-data; boundary=b", "X-Request-Id": "trace-1.a_B"}
        body = form(draw("42"), "name-of-a-patient.png")
        request = urllib.request.Request(f"{server.url}{PREDICT}?top_k=3", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.headers["X-Request-Id"] == "trace-1.a_B"
            size = len(answer.read())
        refused = server.talk(b"GET /x?a-secret HTTP/1.1\r\nX-Request-Id: mine\r\nHost: a wonder\r\n\r\n")
        assert b"\r\nX-Request-Id: mine\r\n" in refused
        server.talk(b"GET /a%0a%1b[2Jb HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        errors = server.events()
    # A line is written once the answer is on its way, so the next request can be faster.
    by_path = {line["path"]: line for line in map(json.loads, server.lines)}
    first, second, third = (by_path.pop(path) for path in (PREDICT, "/x", "/a\n\x1b[2Jb"))
    assert not by_path
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", first.pop("time"))
    assert first.pop("milliseconds") > 0
    assert first == {
        "level": "info",
        "event": "request",
        "request_id": "trace-1.a_B",
        "method": "POST",
        "path": PREDICT,
        "status": 200,
        "bytes": size,
        "client": "127.0.0.1",
        "images": 1,
    }
    assert (second["request_id"], second["status"]) == ("mine", 400)
    assert third["status"] == 404
    assert [e["request_id"] for e in errors if e["level"] == "warning"] == ["mine"]
    said = json.dumps([first, second, third, errors])
    for secret in ("top_k", "a-secret", "patient", "a wonder"):
        assert secret not in said
    assert {"Starting gunicorn", "Listening at:"} <= {" ".join(e["event"].split()[:2]) for e in errors}


def test_the_level_silences_all_that_is_less(run_server, model, draw):
    with run_server("--model", str(model), "--log-level", "error") as server:
        assert server.post(draw("1"), "image/png")[0] == 200
        server.talk(b"nonsense\r\n\r\n")
        assert server.events() == []
    # Two processes write: the later line may be the first.
    assert sorted(json.loads(line)["status"] for line in server.lines) == [200, 400]


def test_the_log_can_be_for_people(run_server, model):
    with run_server("--model", str(model), "--log-format", "text", "--log-level", "error") as server:
        server.talk(b"GET /no%20thing HTTP/1.1\r\nHost: x\r\nX-Request-Id: i\r\nConnection: close\r\n\r\n")
    (line,) = server.lines
    assert re.fullmatch(
        r'2\S+Z info    request request_id=i method=GET path="/no thing" status=404 '
        r"bytes=\d+ milliseconds=[\d.]+ client=127.0.0.1\n",
        line,
    )


def test_a_log_that_nobody_reads_does_not_stop_the_service(model):
    command = [sys.executable, "-m", "service", "--port", "0", "--model", str(model)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        port = int(process.stdout.readline().split()[2].rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(1500):  # more than a pipe of 64 KiB holds
            connection.request("GET", "/health/live")
            with connection.getresponse() as answer:
                assert answer.read() == b'{"status":"live"}\n'
        connection.close()
        process.terminate()
        said, _ = process.communicate(timeout=30)
    lines = [json.loads(line) for line in said.splitlines()]
    assert 100 < len(lines) < 1500


@pytest.fixture
def piped():
    """Where a log can be read that nobody reads meanwhile, and the handler that writes it."""
    there, here = os.pipe()
    os.set_blocking(there, False)
    with open(here, "w") as stream:  # noqa: PTH123
        handler = LogHandler(stream)
        handler.setFormatter(Formatter("json"))
        yield there, handler


def test_lines_that_are_left_out_are_counted(piped):
    there, handler = piped
    for _ in range(1000):
        handler.emit(logging.makeLogRecord({"msg": "x" * 200, "levelname": "INFO"}))
    before = os.read(there, 10**6).splitlines()
    handler.emit(logging.makeLogRecord({"msg": "last", "levelname": "INFO"}))
    told, last = map(json.loads, os.read(there, 10**6).splitlines())
    assert (told["level"], told["event"], told["lines"]) == (
        "warning",
        "log lines left out",
        1000 - len(before),
    )
    assert last["event"] == "last"
    os.close(there)
    handler.emit(logging.makeLogRecord({"msg": "nobody is there", "levelname": "INFO"}))


@pytest.mark.parametrize("identity", INSANE)
def test_an_id_that_is_not_sane_is_replaced(client, identity):
    answer = client.get("/health/live", headers={"X-Request-Id": identity.encode().decode("latin-1")})
    assert IDENTITY.fullmatch(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("identity", ["x" * 64, "a", "A-b_c.9"])
def test_a_sane_id_is_kept(client, identity):
    answer = client.get("/nothing", headers={"X-Request-Id": identity})
    assert answer.headers.get_all("X-Request-Id") == [identity]


def test_every_answer_has_an_id_of_its_own(client, bad_images):
    answers = [client.get("/nothing"), client.delete("/"), client.get("/")]
    answers += [client.post(PREDICT, data=data, content_type="image/png") for data, _ in bad_images.values()]
    identities = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(IDENTITY.fullmatch(identity) for identity in identities)
    assert len(set(identities)) == len(answers)


def test_what_goes_wrong_is_one_line_with_its_trace(app_with, draw, caplog):
    class Broken:
        name, version = "broken", "0"

        def recognize(self, _image):
            raise RuntimeError('no\n{"level": "forged"}')

    app = app_with(Broken())
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().post(PREDICT, data=draw("1"), content_type="image/png")
    assert answer.status_code == 500
    (record,) = [record for record in caplog.records if record.exc_info]
    line = Formatter("json").format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert list(told)[:4] == ["time", "level", "event", "request_id"]
    assert (told["level"], told["request_id"]) == ("error", answer.headers["X-Request-Id"])
    assert told["exception"].startswith("Traceback")
    assert "RuntimeError: no" in told["exception"]
    first, *trace = Formatter("text").format(record).split("\n")
    assert f"request_id={told['request_id']}" in first
    assert all(part.startswith("    ") for part in trace)  # nothing that somebody sent can look like a line


@pytest.mark.parametrize("style", ["json", "text"])
def test_nobody_can_write_a_line_of_the_log(style):
    nasty = 'a\r\n2026-01-01 error   forged\x1b[31m\u2028" x=1'
    record = logging.makeLogRecord({"msg": nasty, "levelname": "INFO", "path": nasty})
    line = Formatter(style).format(record)
    assert line.isprintable()
    assert "forged" in line


def test_a_line_that_is_ready_is_left_out_and_counted_like_a_record(piped):
    there, handler = piped
    for _ in range(1000):
        handler.emit_line("x" * 200)
    before = os.read(there, 10**6).splitlines()
    assert set(before) == {b"x" * 200}
    handler.emit_line("last")
    told, last = os.read(there, 10**6).splitlines()
    assert json.loads(told)["lines"] == 1000 - len(before) > 0
    assert last == b"last"
    os.close(there)
    handler.emit_line("nobody is there")
