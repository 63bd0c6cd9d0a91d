"""Health checks: /health/live says that the process answers, /health/ready that it reads digits right."""

from typing import Any

from flask import Blueprint, current_app
from werkzeug.exceptions import ServiceUnavailable

from service.self_test import failure
from service.served_model import model_identity, recognizer

blueprint = Blueprint("health", __name__, url_prefix="/health")


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
        wrong = failure(recognizer())
    except Exception as error:
        current_app.logger.exception("The known picture could not be read")
        raise ServiceUnavailable("The model is not ready: it failed on a known picture.") from error
    if wrong:
        raise ServiceUnavailable(f"The model is not ready: {wrong}")
    return {"status": "ready", "model": model_identity()}
