"""Health checks: /health/live says that the process answers, /health/ready that it reads digits right."""

from typing import Any, Literal

from flask import Response, current_app
from pydantic import BaseModel
from werkzeug.exceptions import ServiceUnavailable

from service.answers import Model
from service.openapi import OPEN, OPERATING, api_blueprint
from service.self_test import failure
from service.served_model import model_identity, recognizer

blueprint = api_blueprint("health", __name__, OPERATING, guarded=False, url_prefix="/health")


class Live(BaseModel):
    """The process is up."""

    status: Literal["live"]


LIVE = Live(status="live").model_dump_json() + "\n"


class Ready(BaseModel):
    """A known picture is read right."""

    status: Literal["ready"]
    model: Model


@blueprint.get("/live", responses={200: Live}, openapi_extensions=OPEN)
def live() -> Response:
    """The process is up; this touches nothing that could fail."""
    return Response(LIVE, mimetype="application/json")


@blueprint.get("/ready", responses={200: Ready}, openapi_extensions=OPEN)
def ready() -> dict[str, Any]:
    """A known picture goes the whole way, from its bytes to a digit, and must come out right.

    That takes a few milliseconds, so it is done each time: a remembered answer could be out of date.
    """
    try:
        wrong = failure(recognizer())
    except Exception as error:
        current_app.logger.exception("The known picture could not be read")
        raise ServiceUnavailable("The model is not ready: it failed on a known picture.") from error
    if wrong:
        raise ServiceUnavailable(f"The model is not ready: {wrong}")
    return {"status": "ready", "model": model_identity()}
