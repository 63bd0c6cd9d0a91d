"""What the fuzzer feeds: the decoders, and whatever reads the body of a request."""

from __future__ import annotations

import io
import json
import zlib
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from digitnet.errors import ImageError
from digitnet.imaging import MNIST_GEOMETRY, decode, find_digits, preview

MAX_PIXELS = 60_000  # so that an input takes milliseconds
PREDICT = "/api/v1/predict"
KINDS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


def feed_decoders(data: bytes) -> None:
    """Decode a picture, look for its digits and shrink it: it works, or it is an ImageError in a sentence."""
    try:
        picture = decode(data, max_pixels=MAX_PIXELS)
    except ImageError as error:
        sentence = str(error)
        assert sentence[0].isupper(), sentence
        assert sentence[-1] == ".", sentence
        return
    assert picture.grey.dtype == np.float32
    assert np.isfinite(picture.grey).all()
    for glyph in find_digits(picture, MNIST_GEOMETRY, lambda pixels: np.full((len(pixels), 10), 0.1)):
        assert 0 <= glyph.box.x < picture.width
        assert 0 <= glyph.box.y < picture.height
    assert preview(data, 40, max_pixels=MAX_PIXELS).startswith(b"\x89PNG")


#: The first byte of an input says where its rest goes: an address, a content type, and a coding of the body.
PLACES = [
    (address, kind, coding)
    for address in (PREDICT, "/")
    for kind in ("multipart/form-data; boundary=b", "application/json", "image/png", "")
    for coding in ("", "gzip")
]


def feed_requests(data: bytes) -> None:
    """Send a body: whatever it is, the answer is no 500, and an error is a sentence."""
    address, kind, coding = PLACES[data[0] % len(PLACES)] if data else PLACES[0]
    headers = {"Content-Encoding": coding} if coding else {}
    answer = _client().post(address, data=data[1:], content_type=kind or None, headers=headers)
    assert answer.status_code in (200, 400, 413, 415, 422), f"{answer.status_code}: {answer.text}"
    if answer.status_code != 200 and address == PREDICT:
        assert answer.content_type == "application/problem+json"
        assert answer.get_json(force=True)["detail"][0].isupper()


class _NoDigits:
    """Reads every picture as one without digits: what comes before that is what is fuzzed here."""

    name, version = "none", "0"

    def recognize(self, image: bytes) -> Any:
        picture = decode(image, max_pixels=MAX_PIXELS)
        size = {"width": picture.width, "height": picture.height}
        return SimpleNamespace(text="", confidence=0.0, accepted=False, digits=(), **size)


@cache
def _client() -> Any:
    from service import create_app
    from service.config import Config

    app = create_app(Config(max_body_bytes=100_000, max_pixels=MAX_PIXELS), recognizer=_NoDigits())  # type: ignore[arg-type]
    return app.test_client()


def picture_seeds() -> Iterator[bytes]:
    """Small pictures of every type that is read, in several modes."""
    drawing = Image.new("L", (24, 32), 255)
    ImageDraw.Draw(drawing).line([(5, 6), (18, 6), (10, 26)], fill=0, width=4)
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in KINDS:
        modes = {"PNG": ("1", "L", "P", "LA", "RGB", "RGBA", "I;16")}.get(kind, ("L", "RGB"))
        for mode in modes:
            image = drawing.convert("I").convert("I;16") if mode == "I;16" else drawing.convert(mode)
            stream = io.BytesIO()
            image.save(stream, kind, **({"exif": exif} if kind in ("JPEG", "WEBP") else {}))
            yield stream.getvalue()
    for kind, options in (
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
        ("GIF", {"loop": 0}),
    ):
        stream = io.BytesIO()
        more = {"save_all": True, "append_images": [drawing.transpose(Image.Transpose.ROTATE_180)]}
        drawing.save(stream, kind, **options, **({} if kind == "JPEG" else more))
        yield stream.getvalue()


def request_seeds() -> Iterator[bytes]:
    """Bodies of every kind, whole and right."""
    pictures = list(picture_seeds())
    for number, (_, kind, coding) in enumerate(PLACES):
        picture = pictures[number % len(pictures)]
        if kind.startswith("multipart"):
            head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
            body = head + picture + b"\r\n" + head + picture + b"\r\n--b--\r\n"
        elif kind == "application/json":
            body = json.dumps({"images": [{"filename": "a", "data": b64encode(picture).decode()}]}).encode()
        else:
            body = picture
        packer = zlib.compressobj(wbits=31)
        yield bytes([number]) + (packer.compress(body) + packer.flush() if coding else body)


TARGETS = {"decode": (feed_decoders, picture_seeds), "request": (feed_requests, request_seeds)}
