"""What a correction is, how one that is sent is checked, and where it is kept."""

import json
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, cast

from flask import Flask, current_app
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable, UnprocessableEntity

from digitnet.errors import ConfigurationError, CorrectionsError, CorrectionsFullError, UnreadableImageError
from service.config import Config
from service.pictures import pixels_in

if TYPE_CHECKING:
    from digitnet import Corrections, Recognizer

LONGEST_SHOWN = 20
SECONDS_TO_WAIT = 5.0  # before asking again where the file was locked or the disk full
_EXTENSION = "digitnet_corrections"
_OFF = "Corrections are not kept by this service. Started with --feedback FILE, it keeps them in that file."

DigitField = Annotated[int, Field(strict=True, ge=0, le=9)]


class Correction(BaseModel):
    """What somebody says that a digit is, and what the network had taken it for."""

    model_config = ConfigDict(extra="forbid")

    input: Annotated[
        str,
        Field(
            strict=True,
            description="What the network saw, as a data URL of a PNG.",
            json_schema_extra={"pattern": "^data:image/png;base64,[A-Za-z0-9+/]+={0,2}$"},
        ),
    ]
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


def checked(fields: Any) -> Correction:
    """The fields as a correction; a 422 names the first that is wrong and what it must be."""
    if not isinstance(fields, dict):
        raise UnprocessableEntity('A correction is a JSON object, such as {"input": "data:…", "digit": 7}.')
    try:
        return Correction.model_validate(fields)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
    if name not in EXPECTED:
        raise UnprocessableEntity(f"A correction has the fields {', '.join(EXPECTED)} and no other.")
    given = _shown(fields[name]) if name in fields else "missing"
    raise UnprocessableEntity(f'The field "{name}" is {given}, but it must be {EXPECTED[name]}.')


def _shown(value: object) -> str:
    """A value as JSON, if it is short."""
    text = json.dumps(value) if isinstance(value, (str, int, float, type(None))) else ""
    return text if 0 < len(text) <= LONGEST_SHOWN else "something else"


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


def kept_corrections() -> "Corrections":
    """Where corrections are kept; a 404 that says how they are, where they are not."""
    if _EXTENSION not in current_app.extensions:
        raise NotFound(_OFF)
    return cast("Corrections", current_app.extensions[_EXTENSION])
