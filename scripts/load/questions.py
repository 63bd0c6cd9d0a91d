"""Requests of many kinds, each of which knows what the right answer to it is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from load.connection import Answer, request

PREDICT = "/api/v1/predict"
PROBLEM = "application/problem+json"
FORMATS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "GIF": "image/gif",
}
BOUNDARY = "a-boundary-that-no-picture-contains"


@dataclass(frozen=True)
class Question:
    """A request, and what is wrong with an answer to it: a sentence, or "" where nothing is."""

    name: str
    message: bytes
    complaint: Callable[[Answer], str]


def draw(number: str, form: str = "PNG") -> bytes:
    """A picture of a number, in dark ink on white."""
    picture = Image.new("L", (70 + 60 * max(1, len(number)), 140), 255)
    font = ImageFont.load_default(size=90)
    for place, sign in enumerate(number):
        ImageDraw.Draw(picture).text((35 + 60 * place, 15), sign, fill=0, font=font, stroke_width=2)
    stream = io.BytesIO()
    picture.save(stream, form)
    return stream.getvalue()


def form(*files: tuple[str, bytes]) -> tuple[bytes, str]:
    """Pictures with their names as a multipart body, and its content type."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def live() -> Question:
    """Whether the process answers."""
    return _get("/health/live", b'"live"')


def ready() -> Question:
    """Whether it reads a known picture right."""
    return _get("/health/ready", b'"ready"')


def page() -> Question:
    """The page for people."""
    return _get("/", b"<form")


def _get(address: str, contained: bytes) -> Question:
    def complaint(answer: Answer) -> str:
        if answer.status != 200:
            return f"GET {address} was answered with {answer.status}."
        return "" if contained in answer.body else f"GET {address} did not answer what it should."

    return Question(f"GET {address}", request("GET", address), complaint)


def predict(number: str, form: str = "PNG") -> Question:
    """Read the picture of a number, sent as the body."""
    return Question(
        f"{form} of {number}", request("POST", PREDICT, draw(number, form), FORMATS[form]), _reads(number)
    )


def predict_form(*numbers: str) -> Question:
    """Read several pictures, sent as a form."""
    body, kind = form(*((f"{number}.png", draw(number)) for number in numbers))
    return Question(
        f"form with {', '.join(numbers)}", request("POST", PREDICT, body, kind), _reads(*numbers, named=True)
    )


def _reads(*numbers: str, named: bool = False) -> Callable[[Answer], str]:
    expected = [(f"{number}.png" if named else None, number) for number in numbers]

    def complaint(answer: Answer) -> str:
        if answer.status != 200:
            return f"A picture of {' and '.join(numbers)} was answered with {answer.status}."
        found = [(one["filename"], one["text"]) for one in json.loads(answer.body)["predictions"]]
        return "" if found == expected else f"Expected {expected}, but the answer says {found}."

    return complaint


def page_with(number: str) -> Question:
    """The page after a picture was sent with its form."""
    body, kind = form((f"{number}.png", draw(number)))

    def complaint(answer: Answer) -> str:
        if answer.status != 200:
            return f"The page answered a picture of {number} with {answer.status}."
        return "" if number.encode() in answer.body else f"The page does not say {number}."

    return Question(f"page with {number}", request("POST", "/", body, kind), complaint)


def refused(name: str, message: bytes, status: int) -> Question:
    """A request that is wrong, and the status that says so in a problem document."""

    def complaint(answer: Answer) -> str:
        if answer.status != status:
            return f"{name} was answered with {answer.status} in place of {status}."
        if answer.headers.get("content-type") != PROBLEM or json.loads(answer.body)["status"] != status:
            return f"{name} was not answered with a problem document."
        return ""

    return Question(name, message, complaint)


def mixed() -> list[Question]:
    """One of each kind: pictures of several formats, forms, pages, health and what is refused."""
    numbers = ("7", "42", "64", "207", "3", "58")
    pictures = [predict(number, form) for number, form in zip(numbers, [*FORMATS, "PNG"], strict=True)]
    wrong = [
        refused("text", request("POST", PREDICT, b"this is no picture", "image/png"), 415),
        refused("nothing", request("POST", PREDICT, b"", "image/png"), 400),
        refused("half a picture", request("POST", PREDICT, draw("42")[:300], "image/png"), 422),
        refused("no such address", request("GET", "/api/v1/nothing"), 404),
    ]
    others = [predict_form("42", "7"), page(), page_with("207"), live(), ready()]
    return [*pictures, *others, *wrong]
