"""The model that answers: a request takes it once, so that a new one never comes between its pictures."""

from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, g

if TYPE_CHECKING:
    from digitnet import Recognizer

_EXTENSION = "digitnet_model"


class ServedModel:
    """Holds the recognizer of an application; requests that come after a new one is assigned see that."""

    def __init__(self, recognizer: "Recognizer") -> None:
        self.recognizer = recognizer


def register(app: Flask, recognizer: "Recognizer") -> None:
    """Serve with this recognizer."""
    app.extensions[_EXTENSION] = ServedModel(recognizer)


def recognizer() -> "Recognizer":
    """The recognizer of the current request: the same one until the request is answered."""
    if "recognizer" not in g:
        g.recognizer = cast(ServedModel, current_app.extensions[_EXTENSION]).recognizer
    return cast("Recognizer", g.recognizer)


def model_identity() -> dict[str, str]:
    """The name and version of the model that answers the current request."""
    return {"name": recognizer().name, "version": recognizer().version}
