"""The model that answers: a request takes it once, so that a new one never comes between its pictures."""

from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, g

if TYPE_CHECKING:
    from digitnet import Recognizer
    from service.model_watch import ModelWatch

_EXTENSION = "digitnet_model"


class ServedModel:
    """Holds the recognizer of an application; requests that come after a new one is assigned see that."""

    def __init__(self, recognizer: "Recognizer", watch: "ModelWatch | None" = None) -> None:
        self.recognizer = recognizer
        self.watch = watch  # None for a recognizer that is from no file


def register(app: Flask, recognizer: "Recognizer", watch: "ModelWatch | None" = None) -> None:
    """Serve with this recognizer; `watch` knows whether its file holds another."""
    app.extensions[_EXTENSION] = ServedModel(recognizer, watch)


def of(app: Flask) -> ServedModel:
    """The model that an application serves with."""
    return cast(ServedModel, app.extensions[_EXTENSION])


def recognizer() -> "Recognizer":
    """The recognizer of the current request: the same one until the request is answered."""
    taken = g.get("recognizer")
    if taken is None:
        taken = g.recognizer = of(current_app).recognizer
    return cast("Recognizer", taken)


def model_identity() -> dict[str, str]:
    """The name and version of the model that answers the current request."""
    answering = recognizer()
    return {"name": answering.name, "version": answering.version}
