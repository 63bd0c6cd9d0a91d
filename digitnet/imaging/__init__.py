"""From the bytes of an image to the digits in it, as a network wants to see them."""

from __future__ import annotations

from dataclasses import dataclass

from digitnet.geometry import DIGITS_GEOMETRY, MNIST_GEOMETRY, PREPROCESSING_VERSION, Geometry
from digitnet.imaging.decode import decode, preview
from digitnet.imaging.ink import extract_ink
from digitnet.imaging.locate import Box, locate
from digitnet.imaging.normalize import normalize, to_inputs
from digitnet.imaging.picture import ByteArray, Picture, picture_from_array

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
    """

    box: Box
    pixels: ByteArray


def find_digits(picture: Picture, geometry: Geometry) -> list[Glyph]:
    """Find the digits in a picture, left to right; a picture without any gives an empty list."""
    ink = extract_ink(picture.grey)
    return [
        Glyph(_in_original(region.box, picture), normalize(region.ink, geometry)) for region in locate(ink)
    ]


def _in_original(box: Box, picture: Picture) -> Box:
    """A box in pixels of the grey as one in pixels of the original, which it must not leave."""
    left, top = box.x * picture.scale, box.y * picture.scale
    right = min((box.x + box.width) * picture.scale, picture.width)
    bottom = min((box.y + box.height) * picture.scale, picture.height)
    return Box(left, top, right - left, bottom - top)
