"""A picture whose answer is known: a model that reads it wrong does not serve."""

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from digitnet import Recognizer

KNOWN_DIGIT = "7"


def failure(recognizer: "Recognizer") -> str:
    """Read the known picture the whole way, from bytes to a digit; what is wrong, or "" if nothing is."""
    text = recognizer.recognize(known_picture()).text
    return "" if text == KNOWN_DIGIT else f'it reads a known picture of "{KNOWN_DIGIT}" as "{text}".'


@cache
def known_picture() -> bytes:
    """A 7 in thick strokes, as PNG."""
    picture = Image.new("L", (96, 96), 255)
    strokes = [(28, 22), (68, 22), (42, 76)]
    ImageDraw.Draw(picture).line(strokes, fill=0, width=9, joint="curve")
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
