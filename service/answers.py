"""What `/api/v1/predict` answers, as models that build it and describe it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from service.pictures import data_url, seen_by_the_network, where_it_looked
from service.recognition import turn
from service.served_model import model_identity, recognizer

if TYPE_CHECKING:
    from digitnet import Digit as ReadDigit
    from digitnet import Prediction as ReadNumber
    from service.uploads import Upload

Share = Annotated[float, Field(ge=0, le=1)]
OneDigit = Annotated[int, Field(ge=0, le=9)]
PngUrl = Annotated[str, Field(pattern="^data:image/png;base64,[A-Za-z0-9+/]+={0,2}$")]


def _asked_for(description: str) -> Any:
    """A field that is left out unless the client asked for it."""
    return Field(None, description=description, exclude_if=lambda value: value is None)


class Model(BaseModel):
    """The model that answered."""

    name: str
    version: str = Field(description="The first twelve digits of its file's SHA-256.")


class Box(BaseModel):
    """A rectangle in pixels of the upright picture, from its upper left corner."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class Candidate(BaseModel):
    """What a digit may be, and how likely."""

    digit: OneDigit
    probability: Share


class Digit(BaseModel):
    """One digit of a picture."""

    digit: OneDigit
    confidence: Share
    accepted: bool = Field(description="Whether it is sure enough.")
    box: Box
    probabilities: list[Share] = Field(
        min_length=10, max_length=10, description="They sum to 1; that of digit d is at place d."
    )
    top: list[Candidate] | SkipJsonSchema[None] = _asked_for(
        "With top_k: the most likely digits, the likeliest first."
    )
    input: PngUrl | SkipJsonSchema[None] = _asked_for("With explain: what the network saw.")
    saliency: PngUrl | SkipJsonSchema[None] = _asked_for(
        "With explain: the same, coloured where more ink would speak for the answer (orange) or against it "
        "(blue)."
    )


class Prediction(BaseModel):
    """What was read from one picture."""

    filename: str | None = Field(description="As it was sent, without folders.")
    text: str = Field(
        pattern="^[0-9]*$", description='The digits line by line and from left to right; "" for none.'
    )
    confidence: Share = Field(description="The product of the digits' confidences; 0 for none.")
    accepted: bool = Field(description="Whether it is sure enough; if not, have a person look.")
    digits: list[Digit]


class Answer(BaseModel):
    """What was read from each picture, in the order sent."""

    model: Model
    predictions: list[Prediction]


def answer_of(predictions: list[dict[str, Any]]) -> str:
    """The answer as JSON. One check of all of it takes half of the time of building model after model."""
    answer = Answer.model_validate({"model": model_identity(), "predictions": predictions})
    return answer.model_dump_json(ensure_ascii=True) + "\n"


def prediction_of(upload: "Upload", number: "ReadNumber", *, explain: bool, top_k: int) -> dict[str, Any]:
    """The fields of a `Prediction`, with what else was asked for; `top_k` is 0 for no candidates."""
    digits = [_digit(digit) for digit in number.digits]
    if explain:
        for fields, explanation in zip(digits, explained(number.digits), strict=True):
            fields.update(explanation)
    if top_k:
        for fields, digit in zip(digits, number.digits, strict=True):
            fields["top"] = _most_likely(digit, top_k)
    return {
        "filename": upload.filename,
        "text": number.text,
        "confidence": float(number.confidence),
        "accepted": bool(number.accepted),
        "digits": digits,
    }


def explained(digits: "Sequence[ReadDigit]") -> list[dict[str, str]]:
    """The input and the saliency of every digit, as data URLs of PNG."""
    if not digits:
        return []
    with turn():  # a crowd of digits is work like a picture
        saliency = recognizer().saliency(digits)
    return [
        {"input": data_url(seen_by_the_network(digit)), "saliency": data_url(where_it_looked(digit, one))}
        for digit, one in zip(digits, saliency, strict=True)
    ]


def _digit(digit: "ReadDigit") -> dict[str, Any]:
    box = digit.box
    return {
        "digit": int(digit.digit),
        "confidence": float(digit.confidence),
        "accepted": bool(digit.accepted),
        "box": {"x": int(box.x), "y": int(box.y), "width": int(box.width), "height": int(box.height)},
        "probabilities": list(map(float, digit.probabilities)),
    }


def _most_likely(digit: "ReadDigit", count: int) -> list[dict[str, Any]]:
    """The `count` most likely digits, the likeliest first; of two as likely as each other the smaller one."""
    probabilities = np.asarray(digit.probabilities, float)
    order = np.argsort(-probabilities, kind="stable")[:count]
    return [{"digit": int(place), "probability": float(probabilities[place])} for place in order]
