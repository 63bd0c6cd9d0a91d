"""What an ONNX file says about itself: everything a program needs that makes inputs and reads answers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from digitnet.errors import ModelFileError
from digitnet.geometry import CLASSES, Geometry
from digitnet.model_file import Model, model_bytes, model_header
from digitnet.nn import Network

#: What a model file says beside its weights, and an ONNX file says as well, one entry each.
_HEADER = (
    "format",
    "name",
    "architecture",
    "geometry",
    "preprocessing",
    "temperature",
    "confidence_scale",
    "rejection_threshold",
    "provenance",
    "metrics",
)


def checksum_of(model: Model) -> str:
    """The SHA-256 of the file that a model makes, whether or not it was ever read from one."""
    return hashlib.sha256(model_bytes(model)).hexdigest()


def network_metadata(network: Network) -> dict[str, str]:
    """The metadata of a bare network: its layers, those included that ONNX does not see."""
    return {"architecture": json.dumps(network.architecture())}


def model_metadata(model: Model) -> dict[str, str]:
    """The metadata of a model: text as it is, everything else as JSON.

    >>> from digitnet.model_file import load_model
    >>> metadata = model_metadata(load_model("models/digits.safetensors"))
    >>> metadata["name"], metadata["value_range"], json.loads(metadata["geometry"])["size"]
    ('digits', '[0, 1]', 8)
    """
    header = {key: _text(value) for key, value in model_header(model).items()}
    class_names = [str(digit) for digit in range(CLASSES)] + ["no digit"] * model.knows_non_digits
    return header | {
        "version": replace(model, checksum=checksum_of(model)).version,
        "labels": json.dumps(list(range(CLASSES))),
        "class_names_of_logits": json.dumps(class_names),
        "image_size": str(model.geometry.size),
        "polarity": "ink is bright, the ground is 0",
        "value_range": "[0, 1]",
        "how_to_make_inputs": how_to_make_inputs(model.geometry),
        "how_to_read_outputs": how_to_read_outputs(model),
    }


def header_from(metadata: dict[str, str]) -> dict[str, Any]:
    """The model file's header back from the metadata; raises ModelFileError on what is no JSON."""
    header: dict[str, Any] = {}
    for key in _HEADER:
        if key not in metadata:
            continue
        try:
            header[key] = metadata[key] if key == "name" else json.loads(metadata[key])
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"its metadata entry {key!r} is no JSON.") from error
    return header


def how_to_make_inputs(geometry: Geometry) -> str:
    """The way from a picture to the network's inputs, for people who write it in another language.

    >>> from digitnet.geometry import MNIST_GEOMETRY
    >>> print(how_to_make_inputs(MNIST_GEOMETRY)[:79])
    Cut out one digit, as grey levels with its ink bright on a ground of exactly 0.
    """
    size, box = geometry.size, geometry.box
    if geometry.sampling == "antialiased":
        middle = "its centre of mass" if geometry.centring == "mass" else "the middle of its box"
        strokes = "a tenth to a quarter"
        layout = (
            f"Scale it, aspect ratio kept, until its longer side has {box} pixels, by area averages. "
            f"Move it by whole pixels until {middle} lies in the middle of {size} × {size} pixels."
        )
    else:
        strokes = "a fifth to three tenths"
        layout = (
            "Shear it sideways until its slant, Σ ink·Δx·Δy / Σ ink·Δy² about its centre of mass, is 0. "
            f"Scale it to a height of {4 * box} pixels, its width in proportion, but squeezed to "
            f"{5 * box // 2} columns if it is wider. Put it in the middle of {4 * size} × {4 * size} pixels "
            "and take the share of ink in each 4 × 4 block."
        )
    return (
        "Cut out one digit, as grey levels with its ink bright on a ground of exactly 0. Bring strokes that "
        f"are much thinner or thicker into the data set's range, about {strokes} of the digit's longer side. "
        f"{layout} Round to whole levels from 0 to {geometry.levels} and divide by {geometry.levels}: "
        f"float32 [n, {geometry.features}], row by row from the top left. In Python, "
        "digitnet.imaging does all of this: normalize, then to_inputs."
    )


def how_to_read_outputs(model: Model) -> str:
    """What each output is."""
    none = ", with one for pictures of no digit last" if model.knows_non_digits else ""
    return (
        "digit: the answer. confidence: its probability. accepted: whether that reaches the rejection "
        f"threshold, {model.rejection_threshold:.6f}; if not, treat the picture as not read. probabilities: "
        "calibrated, of the digits 0 to 9. scores: the same before they are calibrated, for weighing the "
        "pieces of a picture while its digits are looked for. logits: what the network gives, before the "
        f"temperature{none}."
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
