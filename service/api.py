"""The programs' interface: pictures in, digits out as JSON or as plain text."""

from typing import Annotated, Any

from flask import Response
from flask_openapi import MediaType, RequestBody
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from service.answers import Answer, answer_of, prediction_of
from service.json_images import Images
from service.negotiation import accepted
from service.openapi import PREDICTING, Parameters, api_blueprint, schema_of
from service.problems import problems
from service.recognition import recognize_all
from service.settings_sources import Switch, Whole
from service.uploads import take_images

JSON, TEXT = "application/json", "text/plain"
NONE = 0  # what nobody can ask for, and so no default that the document tells

blueprint = api_blueprint("api", __name__, PREDICTING, url_prefix="/api/v1")

# A seven, 32 pixels high.
SEVEN = (
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQAAAABbAUdZAAAAQElEQVR42mP8z8DAwMSAk2hkYmBiYPgP4TL8///xP0z2E1zdEzjrBJJe"
    "hv//5WGK/yvAJP45wGR//IfIMuJ1AQAY5BOzE5v8DAAAAABJRU5ErkJggg=="
)
EXAMPLE = {"images": [{"filename": "7.png", "data": SEVEN}]}
FILE = {"type": "string", "format": "binary", "minLength": 1}


class Form(BaseModel):
    """Pictures as the files of a form."""

    image: list[Annotated[bytes, WithJsonSchema(FILE)]] = Field(min_length=1)


BODY = RequestBody(
    description="One or more pictures: as a form, as JSON, or one as the body itself. What is read is PNG, "
    "JPEG, WebP, BMP and GIF; the content tells which.",
    content={
        "multipart/form-data": MediaType.model_validate({"schema": schema_of(blueprint, Form, "validation")}),
        JSON: MediaType.model_validate(
            {"schema": schema_of(blueprint, Images, "validation"), "example": EXAMPLE}
        ),
        "image/*": MediaType.model_validate({"schema": FILE}),
        "application/octet-stream": MediaType.model_validate({"schema": FILE}),
    },
)
READ = {
    "description": "What was read: one entry a picture, in the order sent.",
    "headers": {"Vary": {"description": "The answer depends on Accept.", "schema": {"type": "string"}}},
    "content": {
        JSON: {"schema": schema_of(blueprint, Answer, "serialization")},
        TEXT: {"schema": {"type": "string", "description": "The digits, a line a picture."}},
    },
}


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class Options(Parameters):
    """What an answer holds besides."""

    model_config = ConfigDict(extra="forbid")

    explain: Switch = Field(
        False, description="Whether each digit comes with what the network saw and where it looked."
    )
    top_k: Whole = Field(
        NONE,
        ge=1,
        le=10,
        description="How many of the most likely digits each digit comes with.",
        json_schema_extra=_without_default,
    )


@blueprint.post("/predict", request_body=BODY, responses={200: READ, **problems(406, 413, 415, 422)})
def predict(query: Options) -> Response:
    """Read the digits of one or more pictures.

    The answer is JSON, or plain text with a line a picture where Accept asks for that.
    """
    if query.explain or query.top_k:
        kind = accepted([JSON], " What explain and top_k ask for is told in JSON only.")
    else:
        kind = accepted([JSON, TEXT])
    uploads = take_images()
    numbers = recognize_all(uploads)
    if kind == TEXT:
        return Response("".join(f"{number.text}\n" for number in numbers), mimetype=TEXT)
    predictions = [
        prediction_of(upload, number, explain=query.explain, top_k=query.top_k)
        for upload, number in zip(uploads, numbers, strict=True)
    ]
    return Response(answer_of(predictions), mimetype=JSON)


@blueprint.after_request
def _vary(answer: Response) -> Response:
    answer.headers.add("Vary", "Accept")
    return answer
