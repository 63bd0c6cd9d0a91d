"""Recognises the pictures of one request and says which picture an error is about."""

from collections.abc import Sequence
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, cast

from flask import current_app

from digitnet import preview
from digitnet.errors import ImageError
from service.config import Config
from service.errors import image_problem
from service.uploads import Upload

if TYPE_CHECKING:
    from digitnet import Prediction, Recognizer

# Many threads wait for slow clients, but few may decode at a time: a picture of 25 million pixels takes
# 250 to 400 MB while it is read, and eight at once were no faster than eight in a row.
_turns = BoundedSemaphore(2)


def recognizer() -> "Recognizer":
    """The recognizer that the application was built with."""
    return cast("Recognizer", current_app.extensions["recognizer"])


def model_identity() -> dict[str, str]:
    """The name and version of the model that answers."""
    return {"name": recognizer().name, "version": recognizer().version}


def recognize_all(uploads: Sequence[Upload]) -> "list[Prediction]":
    """One prediction a picture, in order; a picture that cannot be read fails the whole request."""
    predictions = []
    for number, upload in enumerate(uploads, start=1):
        try:
            with _turns:
                predictions.append(recognizer().recognize(upload.data))
        except ImageError as error:
            name = f' ("{upload.filename}")' if upload.filename else ""
            which = f"Image {number} of {len(uploads)}{name}: " if len(uploads) > 1 else ""
            raise image_problem(error, which) from error
    return predictions


def small_picture(upload: Upload, max_side: int) -> bytes:
    """A picture that was recognised before, upright and small, as PNG."""
    config: Config = current_app.config["DIGITNET"]
    with _turns:
        return preview(upload.data, max_side, max_pixels=config.max_pixels)
