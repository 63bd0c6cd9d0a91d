"""Corrections over HTTP: somebody says which digit a small picture shows, and may take that back."""

from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, cast

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    NotFound,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnprocessableEntity,
    UnsupportedMediaType,
)
from werkzeug.wrappers import Response as BaseResponse

from digitnet.errors import ConfigurationError, CorrectionsError, CorrectionsFullError, UnreadableImageError
from service.config import Config
from service.pictures import pixels_in

if TYPE_CHECKING:
    from digitnet import Corrections, Recognizer

blueprint = Blueprint("feedback", __name__)

MOST_BYTES = 64 * 1024  # of a request; the picture of one digit has a few hundred
SECONDS_TO_WAIT = 5.0  # before asking again where the file was locked or the disk full
_EXTENSION = "digitnet_corrections"
_OFF = "Corrections are not kept by this service. Started with --feedback FILE, it keeps them in that file."

DigitField = Annotated[int, Field(strict=True, ge=0, le=9)]


class Correction(BaseModel):
    """What somebody says that a digit is, and what the network had taken it for."""

    model_config = ConfigDict(extra="forbid")

    input: Annotated[str, Field(strict=True, description="What the network saw, as a data URL of a PNG.")]
    digit: Annotated[DigitField, Field(description="What it really is.")]
    predicted: Annotated[DigitField | None, Field(description="What the network read.")] = None
    confidence: Annotated[
        float | None, Field(strict=True, ge=0, le=1, allow_inf_nan=False, description="How sure it was.")
    ] = None
    model: Annotated[
        str, Field(strict=True, max_length=100, description="The version of the model that answered.")
    ] = ""


class Kept(BaseModel):
    """A correction that is kept; whoever has its id may delete it."""

    id: str
    digit: int


EXPECTED = {
    "input": 'the text "data:image/png;base64,…" of the small picture that the network saw',
    "digit": "a whole number from 0 to 9",
    "predicted": "a whole number from 0 to 9, or absent",
    "confidence": "a number from 0 to 1, or absent",
    "model": "the version of the model, at most 100 characters",
}


class InsufficientStorage(HTTPException):
    """507: the file holds as many corrections as it may."""

    code = 507
    description = "No more corrections are kept."


def register(app: Flask, recognizer: "Recognizer") -> None:
    """Open the file of corrections where one is set; raises CorrectionsError if it cannot be used."""
    from digitnet import Corrections

    config: Config = app.config["DIGITNET"]
    if config.feedback is not None:
        geometry = recognizer.model.geometry
        app.extensions[_EXTENSION] = Corrections(
            config.feedback, size=geometry.size, levels=geometry.levels, most=config.max_corrections
        )


@blueprint.post("/api/v1/feedback")
def keep_for_program() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Keep a correction that a program sends as JSON."""
    corrections = _corrections()
    _bound()
    if not request.is_json:
        raise UnsupportedMediaType("Send the correction as JSON, with the Content-Type application/json.")
    try:
        fields = request.get_json()
    except BadRequest as error:
        raise BadRequest("The body is not valid JSON. Let a JSON library write it.") from error
    kept = keep(corrections, _checked(fields))
    return kept.model_dump(), 201, {"Location": url_for("feedback.delete_for_program", which=kept.id)}


@blueprint.delete("/api/v1/feedback/<which>")
def delete_for_program(which: str) -> tuple[str, int]:
    """Delete a correction; who has its id may."""
    forget(_corrections(), which)
    return "", 204


@blueprint.get("/feedback")
def nothing_to_show() -> BaseResponse:
    """Somebody came here by the address of an answer: the page is elsewhere."""
    _corrections()
    return redirect(url_for("pages.form"), 303)


@blueprint.post("/feedback")
def correct() -> str | tuple[dict[str, Any], int, dict[str, str]]:
    """Keep a correction from the page's form: JSON for the page's script, a page that says thanks without."""
    corrections = _corrections()
    _bound()
    kept = keep(corrections, _checked(_from_form(request.form)))
    if _for_script():
        return kept.model_dump(), 201, {"Location": url_for("feedback.delete", which=kept.id)}
    return render_template("page.html", answer="thanks", kept=kept)


@blueprint.delete("/feedback/<which>")
def delete(which: str) -> tuple[str, int]:
    """Delete a correction for the page's script."""
    forget(_corrections(), which)
    return "", 204


@blueprint.post("/feedback/<which>/delete")
def take_back(which: str) -> str:
    """Delete a correction from a form, which knows no DELETE."""
    forget(_corrections(), which)
    return render_template("page.html", answer="thanks")


def keep(corrections: "Corrections", correction: Correction) -> Kept:
    """Keep it on the disk; what cannot be kept is the HTTP error that says why."""
    try:
        pixels = pixels_in(correction.input, corrections.size, corrections.levels)
        name = corrections.add(
            pixels,
            correction.digit,
            predicted=correction.predicted,
            confidence=correction.confidence,
            model=correction.model,
        )
    except (UnreadableImageError, ConfigurationError) as error:
        raise UnprocessableEntity(str(error)) from error
    except CorrectionsFullError as error:
        raise InsufficientStorage(str(error)) from error
    except CorrectionsError as error:
        raise _unavailable(error) from error
    return Kept(id=name, digit=correction.digit)


def forget(corrections: "Corrections", which: str) -> None:
    """Delete a correction with its picture; an id that is not known is a 404."""
    try:
        known = corrections.remove(which)
    except CorrectionsError as error:
        raise _unavailable(error) from error
    if not known:
        raise NotFound("No correction has this id: it was deleted before, or never kept.")


def _unavailable(error: CorrectionsError) -> ServiceUnavailable:
    current_app.logger.warning("%s", error)
    return ServiceUnavailable(str(error), retry_after=ceil(SECONDS_TO_WAIT))


def _corrections() -> "Corrections":
    if _EXTENSION not in current_app.extensions:
        raise NotFound(_OFF)
    return cast("Corrections", current_app.extensions[_EXTENSION])


def _bound() -> None:
    """Read the body, if it is not too long for the correction of one digit."""
    request.max_content_length = MOST_BYTES
    try:
        request.get_data(parse_form_data=True)
    except RequestEntityTooLarge as error:
        raise RequestEntityTooLarge(
            "A correction has at most 64 KiB: send the small picture that the network saw, not the upload."
        ) from error


def _from_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """The fields of a form with its numbers as numbers; what is none stays as it is, to be refused."""
    fields: dict[str, Any] = form.to_dict()
    for name, kind in (("digit", int), ("predicted", int), ("confidence", float)):
        try:
            fields[name] = kind(fields[name])
        except (KeyError, ValueError):
            continue
    return fields


def _checked(fields: Any) -> Correction:
    if not isinstance(fields, dict):
        raise UnprocessableEntity('A correction is a JSON object, such as {"input": "data:…", "digit": 7}.')
    try:
        return Correction.model_validate(fields)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
    if name not in EXPECTED:
        raise UnprocessableEntity(f"A correction has the fields {', '.join(EXPECTED)} and no other.")
    given = "missing" if name not in fields else "something else"
    raise UnprocessableEntity(f"{name} is {given}, but it must be {EXPECTED[name]}.")


def _for_script() -> bool:
    accepted = request.accept_mimetypes
    return accepted.best_match(["text/html", "application/json"]) == "application/json"
