"""From the bytes of an image to the digits in it, as a network wants to see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digitnet.geometry import DIGITS_GEOMETRY, MNIST_GEOMETRY, PREPROCESSING_VERSION, Geometry
from digitnet.imaging.decode import decode, preview
from digitnet.imaging.locate import Box
from digitnet.imaging.normalize import lay_out, normalize, to_inputs
from digitnet.imaging.picture import ByteArray, FloatArray, Picture, picture_from_array
from digitnet.imaging.readings import best_reading

__all__ = [
    "DIGITS_GEOMETRY",
    "MNIST_GEOMETRY",
    "PREPROCESSING_VERSION",
    "Box",
    "Geometry",
    "Glyph",
    "Picture",
    "decode",
    "find_digits",
    "normalize",
    "picture_from_array",
    "preview",
    "to_inputs",
]


@dataclass(frozen=True)
class Glyph:
    """A digit that was found.

    Attributes:
        box: where, in pixels of the upright original picture.
        pixels: what the network gets to see, uint8 (size, size) in 0..levels of the geometry.
        probabilities: what it says to that, float64 (10,).

    >>> Glyph(Box(0, 0, 5, 9), np.zeros((28, 28), np.uint8), np.full(10, 0.1)).box.height
    9
    """

    box: Box
    pixels: ByteArray
    probabilities: npt.NDArray[np.float64]


#: From pixels as a network sees them, uint8 (n, size, size), to probabilities of the digits, float64 (n, 10).
Score: TypeAlias = Callable[[ByteArray], npt.NDArray[np.float64]]


def find_digits(picture: Picture, geometry: Geometry, score: Score) -> list[Glyph]:
    """Find the digits in a picture, line by line and left to right; one without any gives an empty list.

    What is ink, and where one digit ends and the next begins, is not always plain to see. Then several
    readings are tried, and the one that ``score`` finds most digit-like is taken.

    Args:
        picture: from :func:`~digitnet.imaging.decode` or :func:`~digitnet.imaging.picture_from_array`.
        geometry: how the network wants its digits laid out.
        score: maps pixels ``(n, size, size)`` to probabilities ``(n, 10)``, as
            :meth:`digitnet.model_file.Model.scores` does.

    >>> from pathlib import Path
    >>> from digitnet.model_file import load_model
    >>> model = load_model("models/mnist.safetensors")
    >>> glyphs = find_digits(decode(Path("docs/number.jpg").read_bytes()), model.geometry, model.scores)
    >>> [int(glyph.probabilities.argmax()) for glyph in glyphs]
    [4, 2]
    """

    def judge(crops: Sequence[FloatArray]) -> tuple[ByteArray, npt.NDArray[np.float64]]:
        pixels = np.array([lay_out(crop, geometry) for crop in crops])
        return pixels, score(pixels)

    reading = best_reading(picture.tones, judge)
    return [
        Glyph(_in_original(region.box, picture), region.pixels, region.probabilities)
        for region in reading.regions
    ]


def _in_original(box: Box, picture: Picture) -> Box:
    """A box in pixels of the grey as one in pixels of the original, which it must not leave."""
    left, top = box.x * picture.scale, box.y * picture.scale
    right = min((box.x + box.width) * picture.scale, picture.width)
    bottom = min((box.y + box.height) * picture.scale, picture.height)
    return Box(left, top, right - left, bottom - top)
