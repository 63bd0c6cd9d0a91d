"""Health checks: /health/live says that the process answers, /health/ready that it reads digits right."""

from functools import cache
from io import BytesIO
from typing import Any

from flask import Blueprint, current_app
from PIL import Image, ImageDraw
from werkzeug.exceptions import ServiceUnavailable

from service.served_model import model_identity, recognizer

blueprint = Blueprint("health", __name__, url_prefix="/health")

KNOWN_DIGIT = "7"


@blueprint.get("/live")
def live() -> dict[str, str]:
    """The process is up; this touches nothing that could fail."""
    return {"status": "live"}


@blueprint.get("/ready")
def ready() -> dict[str, Any]:
    """A known picture goes the whole way, from its bytes to a digit, and must come out right.

    That takes a few milliseconds, so it is done each time: a remembered answer could be out of date.
    """
    try:
        text = recognizer().recognize(known_picture()).text
    except Exception as error:
        current_app.logger.exception("The known picture could not be read")
        raise ServiceUnavailable("The model is not ready: it failed on a known picture.") from error
    if text != KNOWN_DIGIT:
        raise ServiceUnavailable(
            f'The model is not ready: it reads a known picture of "{KNOWN_DIGIT}" as "{text}".'
        )
    return {"status": "ready", "model": model_identity()}


@cache
def known_picture() -> bytes:
    """A 7 in thick strokes, as PNG."""
    picture = Image.new("L", (96, 96), 255)
    strokes = [(28, 22), (68, 22), (42, 76)]
    ImageDraw.Draw(picture).line(strokes, fill=0, width=9, joint="curve")
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
