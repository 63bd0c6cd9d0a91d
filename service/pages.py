"""The page: a pad to draw on, a form to send pictures with, and what was read from them."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, render_template, url_for
from werkzeug.exceptions import HTTPException, NotFound

from service.answers import explained
from service.config import Config
from service.pictures import data_url
from service.recognition import recognize_each, small_picture
from service.served_model import model_identity
from service.uploads import readable_size, take_images

blueprint = Blueprint("pages", __name__)

STATIC = Path(__file__).parent / "static"
PREVIEW_SIDE = 640
SMALL_PREVIEW_SIDE = 320  # where many pictures share a page
MANY_PICTURES = 4


@blueprint.before_request
def only_with_the_page() -> None:
    """Answer that there is nothing here where the page is switched off."""
    config: Config = current_app.config["DIGITNET"]
    if not config.page:
        raise NotFound("This service has no page for people. Send pictures to /api/v1/predict by POST.")


@blueprint.get("/")
def form() -> str:
    """The page that asks for a number."""
    return render_template("page.html")


@blueprint.post("/")
def answer() -> str:
    """The same page with what was read from each picture; the script takes the answers out of it.

    Among several pictures, one that cannot be read does not cost the others their answers.
    """
    uploads = take_images()
    outcomes = list(recognize_each(uploads))
    problems = [outcome for outcome in outcomes if isinstance(outcome, HTTPException)]
    if len(problems) == len(outcomes):
        raise problems[0]
    side = PREVIEW_SIDE if len(uploads) <= MANY_PICTURES else SMALL_PREVIEW_SIDE
    pictures = [
        {"error": outcome.description}
        if isinstance(outcome, HTTPException)
        else {
            "filename": upload.filename,
            "prediction": outcome,
            "preview": data_url(small_picture(upload, side)),
            "explained": explained(outcome.digits),
        }
        for upload, outcome in zip(uploads, outcomes, strict=True)
    ]
    return render_template("page.html", pictures=pictures)


@blueprint.app_context_processor
def _what_every_page_shows() -> dict[str, Any]:
    config: Config = current_app.config["DIGITNET"]
    return {
        "model": model_identity(),
        "max_images": config.max_images,
        "max_size": readable_size(config.max_body_bytes),
        "feedback": config.feedback is not None,
    }


@blueprint.app_template_global()
def static_url(name: str) -> str:
    """The address of a static file. It changes with the file, so a browser may keep the file for long."""
    return url_for("static", filename=name, v=_fingerprint(name))


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]


@blueprint.app_template_filter()
def percent(share: float) -> str:
    """A share as per cent, rounded down so that what is not certain never reads "100 %".

    >>> percent(0.99987).split(), percent(1.0).split()
    (['99.9', '%'], ['100', '%'])
    """
    return f"{int(share * 1000) / 10:g}\N{NO-BREAK SPACE}%"
