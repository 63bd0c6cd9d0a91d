"""The HTTP interface: pictures in, digits out as JSON."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from service.recognition import recognize_all
from service.served_model import model_identity
from service.uploads import Upload, take_images

if TYPE_CHECKING:
    from digitnet import Digit, Prediction

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.post("/predict")
def predict() -> dict[str, Any]:
    """Read every picture of the request: one entry a picture, in the order sent."""
    uploads = take_images()
    predictions = recognize_all(uploads)
    return {
        "model": model_identity(),
        "predictions": [_entry(*pair) for pair in zip(uploads, predictions, strict=True)],
    }


def _entry(upload: Upload, prediction: "Prediction") -> dict[str, Any]:
    return {
        "filename": upload.filename,
        "text": prediction.text,
        "confidence": float(prediction.confidence),
        "accepted": bool(prediction.accepted),
        "digits": [_digit(digit) for digit in prediction.digits],
    }


def _digit(digit: "Digit") -> dict[str, Any]:
    box = digit.box
    return {
        "digit": int(digit.digit),
        "confidence": float(digit.confidence),
        "accepted": bool(digit.accepted),
        "box": {"x": int(box.x), "y": int(box.y), "width": int(box.width), "height": int(box.height)},
        "probabilities": [float(probability) for probability in digit.probabilities],
    }
