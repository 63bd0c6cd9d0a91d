"""Recognises the pictures of one request and says which picture an error is about."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING

from flask import g
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, ServiceUnavailable

from digitnet import preview
from digitnet.errors import ImageError
from service import current, metrics, request_context
from service.config import Config
from service.errors import image_problem
from service.served_model import recognizer
from service.turns import Turns
from service.uploads import Upload

if TYPE_CHECKING:
    from digitnet import Prediction


def recognize_all(uploads: Sequence[Upload]) -> "list[Prediction]":
    """One prediction a picture, in order; a picture that cannot be read fails the whole request."""
    predictions = []
    for outcome in recognize_each(uploads):
        if isinstance(outcome, HTTPException):
            raise outcome
        predictions.append(outcome)
    return predictions


def recognize_each(uploads: Sequence[Upload]) -> "Iterator[Prediction | HTTPException]":
    """Read the pictures in order; one that cannot be read gives the error that says why."""
    app = current.app()
    config: Config = app.config["DIGITNET"]
    pixels = 0
    counters = metrics.of(app)
    counters.asked(len(uploads))
    request_context.add(images=len(uploads))
    for number, upload in enumerate(uploads, start=1):
        try:
            with turn():
                prediction = recognizer().recognize(upload.data)
        except ImageError as error:
            name = f' ("{upload.filename}")' if upload.filename else ""
            which = f"Image {number} of {len(uploads)}{name}: " if len(uploads) > 1 else ""
            yield image_problem(error, which)
            continue
        counters.read(prediction)
        pixels += prediction.width * prediction.height
        # A small body can hold many pictures of many pixels.
        if pixels > config.max_total_pixels:
            raise RequestEntityTooLarge(
                f"The pictures of the request have more than {config.max_total_pixels:,} pixels together. "
                "Make them smaller, or send them in several requests."
            )
        yield prediction


@contextmanager
def turn() -> Iterator[None]:
    """One of the turns to decode; a client that would wait too long for it is asked to come back.

    Many threads wait for slow clients, but few may decode at a time: a picture of 25 million pixels takes
    250 to 700 MB while it is read, and eight at once were no faster than eight in a row.
    """
    app = current.app()
    config: Config = app.config["DIGITNET"]
    readers: Turns = app.extensions["readers"]
    counters = metrics.of(app)
    now = time.monotonic()
    # All turns of a request together have so long.
    left = g.setdefault("reading_until", now + config.reading_seconds) - now
    if left <= 0:
        counters.overloaded("reading")
        raise ServiceUnavailable(
            f"The pictures of the request took more than {config.reading_seconds:g} seconds to read. "
            "Send fewer at once.",
            retry_after=ceil(config.turn_seconds),
        )
    lacking = readers.take(0)
    if lacking:  # others have all turns
        with counters.waiting.track_inprogress():
            lacking = readers.take(min(config.turn_seconds, left))
    if lacking:
        counters.overloaded(lacking)
        raise ServiceUnavailable(
            "The service has more pictures to read than it can. Try again in a few seconds.",
            retry_after=ceil(config.turn_seconds),
        )
    try:
        counters.reading.inc()
        yield
    finally:
        counters.reading.dec()
        readers.give()


def small_picture(upload: Upload, max_side: int) -> bytes:
    """A picture that was recognised before, upright and small, as PNG."""
    config: Config = current.app().config["DIGITNET"]
    with turn():
        return preview(upload.data, max_side, max_pixels=config.max_pixels)
