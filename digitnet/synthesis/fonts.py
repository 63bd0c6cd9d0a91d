"""Glyphs of handwriting fonts as ink: digits, and the letters and signs that nobody takes for digits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digitnet.errors import ConfigurationError, DataError
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import normalize
from digitnet.synthesis.font_files import FontFile

Ink = NDArray[np.float32]

#: The ten digits.
DIGIT_CHARACTERS = "0123456789"

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MORE_LETTERS = "ÄÜäüéèñçÆæŁłÇÉ"
_GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψω"
_SIGNS = '+-=?!&@#%$€£¥*()[]{}<>~^/\\|§;:"×÷±'

_TAKEN_FOR_DIGITS = (
    "OoQΟοΘθ"  # a 0, with or without a stroke
    "Il|/\\()ΙιJ]^Λ"  # a 1: one stroke, straight, leaning or bent a little, or with the flag of a printed 1
    "ZzΖ"  # a 2
    "ξζ"  # a 3 with a tail
    "y"  # a 4 that is open at the top
    "Ssς§"  # a 5, or with two storeys an 8
    "bGσδ"  # a 6: a bow with a stem or a tail above it, and how many hands write a G
    "τ>"  # a 7 with its stem in the middle, or a 7 with a long flag that lies on its side
    "γ"  # an 8 that is open at the top
    "gq"  # a 9
)

NON_DIGIT_CHARACTERS = "".join(
    character
    for character in _LETTERS + _MORE_LETTERS + _GREEK + _SIGNS
    if character not in _TAKEN_FOR_DIGITS
)
"""Latin and Greek letters and signs, without those that people take for digits when they stand alone."""

_MARGIN = 2
# The size at which the digits of a font are measured.
_TRIAL_SIZE = 200.0
_LARGEST_HEIGHT = 1024
# A code point that Unicode promises never to assign: every font shows its sign for a missing character.
_UNASSIGNED = "\uffff"


class Glyph(NamedTuple):
    """One character of one font.

    Attributes:
        ink: float32 (height, width) in [0, 1], 1 where there is ink, with an empty margin of 2 pixels.
        character: which one.
        family: name of the typeface.

    >>> Glyph(np.zeros((10, 6), np.float32), "7", "a hand").character
    '7'
    """

    ink: Ink
    character: str
    family: str


def render_glyph(font: FontFile, character: str, *, height: int = 96) -> Ink | None:
    """Draw one character, antialiased.

    Args:
        font: the typeface.
        character: a single character.
        height: pixels from the lowest to the highest point of the font's digits; all characters of a font
            are drawn at the same scale, so a tilde stays small and a letter may be higher.

    Returns:
        float32 (height, width) in [0, 1], 1 where there is ink, tight around the ink but for an empty margin
        of 2 pixels; None if the font has no such character or nothing is to be seen of it.

    Raises:
        DataError: a file of the typeface is missing, is not a font or has no digits.
        ConfigurationError: not a single character, or a height outside 8..1024.

    >>> import matplotlib
    >>> folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    >>> ink = render_glyph(FontFile("DejaVu Sans", (folder / "DejaVuSans.ttf",)), "7", height=40)
    >>> ink.shape[0]  # some 40 pixels, and two of margin on either side
    43
    """
    if len(character) != 1:
        raise ConfigurationError(f"render_glyph draws a single character; got {character!r}.")
    if not 8 <= height <= _LARGEST_HEIGHT:
        raise ConfigurationError(f"A glyph's height is 8 to {_LARGEST_HEIGHT} pixels; got {height}.")
    size = _TRIAL_SIZE * height / _digit_height(font.paths[0])
    for path in font.paths:
        ink = _drawn(path, size, character)
        if ink is not None:
            return np.pad(ink, _MARGIN)
    return None


def font_glyphs(fonts: Iterable[FontFile], characters: str, *, height: int = 96) -> list[Glyph]:
    """All the characters that the fonts have, font by font; see :func:`render_glyph` for the errors.

    >>> font_glyphs([], "07")
    []
    """
    return [
        Glyph(ink, character, font.family)
        for font in fonts
        for character in characters
        if (ink := render_glyph(font, character, height=height)) is not None
    ]


def without_lookalikes(
    glyphs: Sequence[Glyph], digits: Sequence[Glyph], *, similarity: float = 0.87
) -> list[Glyph]:
    """Leave out the glyphs that look just like some digit: in one hand a T is another's 7.

    Two glyphs are compared as a network sees them, laid out as in MNIST: the cosine of the angle between
    their pixels, ``x·y / (‖x‖ ‖y‖)``, which is 1 for the same picture and 0 for disjoint ink.

    Args:
        glyphs: letters and signs.
        digits: digits, best of all the fonts.
        similarity: from which cosine on a glyph is left out.

    Returns:
        The other glyphs, in their order.

    >>> stroke, bow = np.ones((40, 6), np.float32), np.tri(40, dtype=np.float32)
    >>> letters = [Glyph(stroke, "l", "a hand"), Glyph(bow, "L", "a hand")]
    >>> [glyph.character for glyph in without_lookalikes(letters, [Glyph(stroke, "1", "another")])]
    ['L']
    """
    if not glyphs or not digits:
        return list(glyphs)
    nearest = (_directions(glyphs) @ _directions(digits).T).max(axis=1)
    return [glyph for glyph, cosine in zip(glyphs, nearest, strict=True) if cosine < similarity]


def _directions(glyphs: Sequence[Glyph]) -> Ink:
    """The normalised pictures as vectors of length 1, float32 (glyphs, 784)."""
    pictures = np.stack([normalize(glyph.ink, MNIST_GEOMETRY).ravel() for glyph in glyphs]).astype(np.float32)
    lengths = np.linalg.norm(pictures, axis=1, keepdims=True).astype(np.float32)
    directions: Ink = pictures / np.maximum(lengths, np.float32(1))
    return directions


@lru_cache(maxsize=8)
def _face(path: Path, size: float) -> ImageFont.FreeTypeFont:
    try:
        # The basic layout: another one would depend on a library that some systems lack.
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise DataError(f"{path} cannot be read as a font ({error}); fetch the fonts again.") from error


@lru_cache(maxsize=256)
def _digit_height(path: Path) -> int:
    """The height in pixels of the font's digits at the trial size."""
    box = _face(path, _TRIAL_SIZE).getbbox(DIGIT_CHARACTERS)
    height = int(box[3] - box[1])
    if height < 1 or any(_drawn(path, _TRIAL_SIZE, digit) is None for digit in DIGIT_CHARACTERS):
        raise DataError(f"The font {path} does not have the ten digits; choose another one.")
    return height


def _drawn(path: Path, size: float, character: str) -> Ink | None:
    """The character's ink without a margin; None without any, or if the font lacks the character."""
    ink, missing = _ink(_face(path, size), character), _missing_sign(path, size)
    return None if ink is None or (missing is not None and np.array_equal(ink, missing)) else ink


@lru_cache(maxsize=8)
def _missing_sign(path: Path, size: float) -> Ink | None:
    """What the font shows for a character that it lacks, often a box; None if that is nothing."""
    return _ink(_face(path, size), _UNASSIGNED)


def _ink(face: ImageFont.FreeTypeFont, character: str) -> Ink | None:
    left, top, right, bottom = (int(edge) for edge in face.getbbox(character))
    if right <= left or bottom <= top:
        return None
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), character, fill=255, font=face)
    tight = image.getbbox()
    return None if tight is None else np.asarray(image.crop(tight), dtype=np.float32) / np.float32(255)
