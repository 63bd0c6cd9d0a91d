"""`python -m service` as a process: it starts or says why not, serves many at once, and stops cleanly."""

import json
import os
import random
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from flask import Flask

from service.config import Config, expected
from service.server import Server

MIB = 1024 * 1024
CHECKOUT = Path(__file__).resolve().parents[2]


def run(*options, **environment):
    return subprocess.run(
        [sys.executable, "-m", "service", *options],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_it_answers_on_the_address_it_prints(server, draw):
    status, kind, body = server.post(draw("42"), "image/png")
    assert (status, kind) == (200, "application/json")
    assert json.loads(body)["predictions"][0]["text"] == "42"


def test_help_lists_every_setting():
    answer = run("--help")
    assert answer.returncode == 0
    text, _, options = answer.stdout.partition("\nOptions:\n")
    assert "curl" in text
    words = " ".join(options.split())
    assert "--settings FILE TOML file" in words
    for name, field in Config.model_fields.items():
        option = words[words.index("--" + name.replace("_", "-") + " ") :]
        assert option.index(field.description) < 40
        assert f"DIGITNET_{name.upper()}: {expected(name)}. [default: " in option
    assert "[default: 10485760]" in words


def refused(answer):
    """The one sentence of a start that failed."""
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert answer.stderr.startswith("Error: ")
    assert len(answer.stderr.splitlines()) == 1
    return answer.stderr


def test_a_missing_model_stops_the_start(tmp_path):
    assert "nothing.safetensors" in refused(run("--model", str(tmp_path / "nothing.safetensors")))


def test_a_file_that_is_no_model_stops_the_start(tmp_path):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no model")
    assert "bad.safetensors" in refused(run("--port", "0", DIGITNET_MODEL=str(bad)))


def test_a_wrong_setting_stops_the_start(tmp_path):
    file = tmp_path / "digitnet.toml"
    file.write_text("workers = 'some'\n")
    may_be = "but it must be a whole number from"
    for answer, sentence in (
        (
            run("--port", "0", DIGITNET_MAX_IMAGES="many"),
            f"DIGITNET_MAX_IMAGES is 'many', {may_be} 1 to 10000.",
        ),
        (run("--port", "70000"), f"port is '70000', {may_be} 0 to 65535."),
        (run("--settings", str(file)), f"workers in {file} is 'some', {may_be} 1 to 64."),
    ):
        assert refused(answer) == f"Error: {sentence}\n"


def test_the_server_takes_its_settings_from_the_file(run_server, model, tmp_path):
    file = tmp_path / "digitnet.toml"
    file.write_text(f"model = {str(model)!r}\nworkers = 1\nmax_body_bytes = 1000\n")
    with run_server(DIGITNET_SETTINGS=str(file)) as running:
        assert running.post(bytes(1001), "image/png")[0] == 413


def test_gunicorn_is_told_the_settings():
    settings = {
        "workers": 3,
        "threads": 5,
        "hang_seconds": 7,
        "stop_seconds": 8,
        "keepalive_seconds": 9,
        "max_line_bytes": 100,
        "max_headers": 11,
        "max_header_bytes": 120,
        "log_level": "error",
    }
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        cfg = Server(Flask("none"), listener, Config(**settings)).cfg
    told = (cfg.workers, cfg.threads, cfg.timeout, cfg.graceful_timeout, cfg.keepalive)
    limits = (cfg.limit_request_line, cfg.limit_request_fields, cfg.limit_request_field_size, cfg.loglevel)
    assert (*told, *limits) == tuple(settings.values())


def test_a_port_in_use_stops_the_start(model):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        sentence = refused(run("--model", str(model), "--port", str(port)))
    assert f"port {port}: Address already in use" in sentence


def test_an_address_that_is_not_ours_stops_the_start(model):
    assert "Cannot listen on" in refused(run("--model", str(model), "--host", "host.invalid"))


def test_an_upload_touches_no_file(run_server, model, tmp_path, draw):
    picture = draw("7") + random.Random(2).randbytes(9 * MIB)
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    with run_server("--model", str(model), "--workers", "1", TMPDIR=str(tmp_path)) as running:
        before = tmp_path.stat().st_mtime_ns
        running.post(head + picture + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")
        running.post(picture, "image/png")
        # Creating and removing a file would both have changed the folder's time.
        assert tmp_path.stat().st_mtime_ns == before
        assert list(tmp_path.iterdir()) == []


def test_many_clients_at_once_get_their_own_answers(server, draw):
    pictures = {number: draw(number) for number in ("7", "42", "11", "207")}
    alone = {number: server.post(picture, "image/png")[2] for number, picture in pictures.items()}

    def ask(number):
        return server.post(pictures[number], "image/png")[2] == alone[number]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, [*pictures] * 40))


def test_serving_imports_nothing_that_only_training_needs(model):
    program = (
        "import sys; from pathlib import Path\n"
        "from service import create_app; from service.config import Config\n"
        f"client = create_app(Config(model=Path({str(model)!r}))).test_client()\n"
        "assert client.get('/health/ready').status_code == 200\n"
        "import service.server\n"
        "unwanted = {'sklearn', 'matplotlib', 'pooch', 'tqdm', 'pandas', 'pytest'} & set(sys.modules)\n"
        "assert not unwanted, unwanted"
    )
    subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, check=True, timeout=30)


def test_importing_the_package_leaves_numpy_for_later():
    """NumPy reads the number of its threads when it is imported, so the command line must come first."""
    program = "import sys, service, service.__main__; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, check=True, timeout=30)


def test_a_header_does_not_change_what_an_address_means(server, draw):
    headers = {
        "SCRIPT_NAME": "/api",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-SSL": "off",
        "Content-Type": "image/png",
    }
    request = urllib.request.Request(f"{server.url}/api/v1/predict", draw("1"), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
