"""Pictures to send, a recognizer that needs no model, and the application and servers to send them to."""

import hashlib
import io
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw, ImageFont

from digitnet.imaging import decode
from service import create_app
from service.config import Config

CHECKOUT = Path(__file__).resolve().parents[2]
PREDICT = "/api/v1/predict"
MODEL = Path(os.environ.get("DIGITNET_MODEL") or CHECKOUT / "models" / "mnist.safetensors")


def draw(text: str, form: str = "PNG", **options: Any) -> bytes:
    """A picture of `text` in dark ink on white."""
    picture = Image.new("L", (70 + 60 * max(1, len(text)), 140), 255)
    font = ImageFont.load_default(size=90)
    for place, sign in enumerate(text):
        ImageDraw.Draw(picture).text((35 + 60 * place, 15), sign, fill=0, font=font, stroke_width=2)
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


class FakeRecognizer:
    """Finds a seven in each hundred pixels of a picture's width, none on a white picture."""

    name, version = "fake", "1.2.3"
    model = SimpleNamespace(geometry=SimpleNamespace(size=28, levels=255))

    def recognize(self, image: bytes) -> Any:
        picture = decode(image)  # takes and refuses what the true one does
        blank = picture.grey.min() == 1
        digits = () if blank else tuple(self._digit(place) for place in range(max(1, picture.width // 100)))
        return SimpleNamespace(
            text="7" * len(digits),
            confidence=np.float32(0 if blank else 0.97),
            accepted=np.bool_(len(digits) == 1),
            digits=digits,
            width=picture.width,
            height=picture.height,
        )

    def saliency(self, digits: Any) -> Any:
        """More ink in the upper half would speak against each answer, in the lower one for it."""
        gradient = np.linspace(-1, 1, 784, dtype=np.float32).reshape(28, 28)
        return np.stack([gradient] * len(digits))

    def _digit(self, place: int) -> Any:
        return SimpleNamespace(
            digit=np.int64(7),
            confidence=np.float32(0.97),
            accepted=np.bool_(place == 0),
            box=SimpleNamespace(x=10 + 100 * place, y=np.int64(8), width=40, height=61),
            probabilities=tuple(np.float32(0.97 if digit == 7 else 0.03 / 9) for digit in range(10)),
            pixels=np.arange(784, dtype=np.uint8).reshape(28, 28),
            levels=255,
        )


@pytest.fixture(name="draw", scope="session")
def draw_fixture() -> Callable[..., bytes]:
    return draw


@pytest.fixture
def app_with() -> Callable[..., Flask]:
    """Build an application with the given settings, and with the fake recognizer or a given one."""

    def build(recognizer: Any = None, **settings: Any) -> Flask:
        return create_app(Config(**settings), recognizer=recognizer or FakeRecognizer())

    return build


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with the hash of one key."""
    file = tmp_path / "keys"
    file.write_text(f"somebody sha256:{hashlib.sha256(b'a key').hexdigest()}\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def client(app_with: Callable[..., Flask]) -> FlaskClient:
    return app_with().test_client()


@pytest.fixture(scope="module")
def shared_client() -> FlaskClient:
    """A client for tests that send many requests."""
    return create_app(Config(), recognizer=FakeRecognizer()).test_client()


@pytest.fixture(scope="session")
def model() -> Path:
    """The shipped model's file, or the one that DIGITNET_MODEL names."""
    if not MODEL.exists():
        pytest.skip(f"The model {MODEL} is missing; make models trains it.")
    return MODEL


@pytest.fixture(scope="session")
def real_client(model: Path) -> FlaskClient:
    """The application as it is shipped, without a server around it."""
    return create_app(Config(model=model)).test_client()


class Server:
    """A running `python -m service`."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, errors: Any) -> None:
        self.process, self.port, self.url = process, port, f"http://127.0.0.1:{port}"
        self._errors = errors
        self.lines: list[str] = []  # of standard output: one a request
        # A pipe that nobody reads would fill up and stop the server.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.lines.extend(self.process.stdout)

    def events(self) -> list[dict[str, Any]]:
        """What it has written to standard error so far."""
        self._errors.seek(0)
        return [json.loads(line) for line in self._errors]

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        self.process.stdout.close()

    def post(self, body: bytes, content_type: str, address: str = PREDICT) -> tuple[int, str, bytes]:
        """Post with urllib; return status, content type and body."""
        headers = {"Content-Type": content_type}
        request = urllib.request.Request(self.url + address, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read()

    def talk(self, raw: bytes, seconds: float = 20) -> bytes:
        """Send bytes as they are, whatever the server says meanwhile, and return all that it answers."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=seconds)) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def is_alive(self) -> bool:
        with urllib.request.urlopen(self.url + "/health/ready", timeout=10) as answer:
            return answer.status == 200


@contextmanager
def run_server(*options: str, **environment: str) -> Iterator[Server]:
    """Start the service on a free port and stop it at the end."""
    command = [sys.executable, "-m", "service", "--port", "0", *options]
    errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed below
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("digitnet serves http://127.0.0.1:"), f"the server said {line!r}"
    except BaseException:
        process.kill()
        process.communicate()
        errors.close()
        raise
    server = Server(process, int(line.split()[2].rsplit(":", 1)[1]), errors)
    try:
        yield server
    finally:
        server.stop()
        errors.close()


@pytest.fixture(name="run_server", scope="session")
def run_server_fixture() -> Callable[..., Any]:
    return run_server


@pytest.fixture(scope="session")
def server(model: Path) -> Iterator[Server]:
    """One server for all tests that leave it as it is."""
    with run_server("--model", str(model)) as running:
        yield running


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + b"".join(chunks) + _png_chunk(b"IEND", b"")


def _bad_images() -> dict[str, tuple[bytes, int]]:
    """Pictures that cannot be read, each with the status that says so."""
    png, jpeg = draw("42"), draw("42", "JPEG")
    broken = bytearray(png)
    broken[len(png) // 2] ^= 0xFF
    text_bomb = _png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(60_000_000)))
    return {
        "empty.png": (b"", 400),
        "text.png": (b"this is no picture at all", 415),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><text>4</text></svg>', 415),
        "document.pdf": (b"%PDF-1.7\n1 0 obj\n", 415),
        "truncated.png": (png[: len(png) // 2], 422),
        "truncated.jpg": (jpeg[: len(jpeg) // 2], 422),
        "broken-checksum.png": (bytes(broken), 422),
        "only-a-signature.png": (png[:8], 422),
        "huge.png": (_png(30_000, 30_000, _png_chunk(b"IDAT", zlib.compress(bytes(3_000_000)))), 413),
        "text-bomb.png": (_png(28, 28, text_bomb, _png_chunk(b"IDAT", zlib.compress(bytes(29 * 28)))), 422),
    }


@pytest.fixture(scope="session")
def bad_images() -> dict[str, tuple[bytes, int]]:
    return _bad_images()


@pytest.fixture
def problem() -> Callable[..., str]:
    """Check that an answer is a problem document with this status; return its sentence."""

    def check(answer: Any, status: int) -> str:
        assert answer.status_code == status, answer.text
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        body = answer.get_json(force=True)
        more = {"error"} if answer.request.path.startswith("/v2/") else set()
        assert set(body) == {"type", "title", "status", "detail"} | more
        assert body["status"] == status
        assert body.get("error", body["detail"]) == body["detail"]
        check_sentence(body["detail"])
        return body["detail"]

    return check


def check_sentence(text: str) -> None:
    """A sentence for people: no path of the server, no traceback, no repr of an object."""
    assert text[0].isupper()
    assert text.endswith((".", "!"))
    for leak in ("Traceback", str(CHECKOUT), "site-packages", ".py", "<", " object at 0x", "errno"):
        assert leak not in text
