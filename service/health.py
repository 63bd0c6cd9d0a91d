"""Health checks: /health/live says that the process answers, /health/ready that it reads digits right."""

from functools import cache
from io import BytesIO
from typing import Any, Literal

from flask import current_app
from PIL import Image, ImageDraw
from pydantic import BaseModel
from werkzeug.exceptions import ServiceUnavailable

from service.answers import Model
from service.openapi import OPEN, OPERATING, api_blueprint
from service.served_model import model_identity, recognizer

blueprint = api_blueprint("health", __name__, OPERATING, guarded=False, url_prefix="/health")

KNOWN_DIGIT = "7"


class Live(BaseModel):
    """The process is up."""

    status: Literal["live"]


class Ready(BaseModel):
    """A known picture is read right."""

    status: Literal["ready"]
    model: Model


@blueprint.get("/live", responses={200: Live}, openapi_extensions=OPEN)
def live() -> dict[str, str]:
    """The process is up; this touches nothing that could fail."""
    return {"status": "live"}


@blueprint.get("/ready", responses={200: Ready}, openapi_extensions=OPEN)
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
