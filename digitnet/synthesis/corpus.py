"""Training data beside the data set: digits that other hands write, and everything that is no digit.

MNIST holds digits of American writers of the 1980s, cut out cleanly, and nothing else. A network that knows
nothing else reads a crossed 7 as a 2, and a house as an 8. The pictures here come from handwriting fonts,
from strokes that our own code draws, and from MNIST itself, cut, joined, turned and blurred. All of them
go through :func:`digitnet.imaging.normalize`, as photographs do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitnet.data.dataset import Split
from digitnet.data.digits import load_digits
from digitnet.geometry import DIGITS_GEOMETRY, MNIST_GEOMETRY, Geometry
from digitnet.imaging import normalize
from digitnet.probabilities import NO_DIGIT
from digitnet.synthesis import pieces, retouch
from digitnet.synthesis.font_files import FontFile
from digitnet.synthesis.fonts import (
    DIGIT_CHARACTERS,
    NON_DIGIT_CHARACTERS,
    Glyph,
    font_glyphs,
    without_lookalikes,
)
from digitnet.synthesis.handwriting import draw_digit
from digitnet.synthesis.scribbles import draw_mark, draw_scribble

Ink = NDArray[np.float32]
Rng = np.random.Generator
Draw = Callable[[Rng], tuple[Ink, int] | None]


class Examples(NamedTuple):
    """Pictures, uint8 ``(n, 28, 28)``, and labels, int64 ``(n,)``: 0 to 9, or 10 for what is no digit.

    >>> blank = Examples(np.zeros((2, 28, 28), np.uint8), np.array([10, 10]))
    >>> (blank + blank).labels
    array([10, 10, 10, 10])
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __add__(self, other: object) -> Examples:
        """Both sets of examples, one after the other."""
        if not isinstance(other, Examples):
            return NotImplemented
        return Examples(
            np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels])
        )


def font_digits(fonts: Sequence[FontFile], *, held_out: bool = False) -> list[Glyph]:
    """The digits of the fonts that may be trained on, or of those that are held out.

    >>> font_digits([])  # no fonts, no digits; fetch_fonts() brings some
    []
    """
    return font_glyphs([font for font in fonts if font.held_out == held_out], DIGIT_CHARACTERS)


def font_signs(fonts: Sequence[FontFile], *, held_out: bool = False) -> list[Glyph]:
    """Letters and signs of the same fonts, without those that look like a digit of any of them.

    >>> font_signs([])
    []
    """
    signs = font_glyphs([font for font in fonts if font.held_out == held_out], NON_DIGIT_CHARACTERS)
    return without_lookalikes(signs, font_glyphs(fonts, DIGIT_CHARACTERS))


def held_out_handwriting(fonts: Sequence[FontFile], *, count: int = 3000, seed: int = 77) -> Examples:
    """Digits to calibrate on, from hands that are never trained on.

    A third is drawn by fonts that are held out, a third by the writers of the second half of scikit-learn's
    digits, a third stroke by stroke with numbers of their own. Without fonts it is halves.
    """
    glyphs = font_digits(fonts, held_out=True)
    small = load_digits("writers").test
    return _collect(
        [
            (1.0, _drawn_digit),
            *_of_fonts(1.0, glyphs, _font_digit),
            (1.0, lambda rng: _small_digit(small, rng)),
        ],
        count,
        np.random.default_rng(seed),
    )


def held_out_signs(fonts: Sequence[FontFile], *, count: int = 3000, seed: int = 78) -> Examples:
    """What is no digit, to measure rejection on: signs of held-out fonts, if any, and scribbles."""
    glyphs = font_signs(fonts, held_out=True)
    return _collect(
        [
            *_of_fonts(0.6, glyphs, _font_sign),
            (0.4, _scribble),
        ],
        count,
        np.random.default_rng(seed),
    )


def written_digits(source: Split, glyphs: Sequence[Glyph], count: int, rng: Rng) -> Examples:
    """Digits of other hands, pens and cameras than the data set's.

    Half are drawn stroke by stroke, a quarter comes from fonts, a tenth from scikit-learn's digits (the
    writers of its training half), the rest from the data set, retouched or with bits of neighbours.

    Args:
        source: the training split of MNIST.
        glyphs: digits of fonts; without any the other kinds take their share.
        count: how many.
        rng: decides everything.

    >>> from digitnet.synthesis.fonts import Glyph
    >>> ones = np.repeat(np.eye(28, dtype=np.uint8)[None] * 255, 5, axis=0)
    >>> source = Split("training", ones, np.full(5, 1))
    >>> stroke = Glyph(np.ones((40, 8), np.float32), "1", "a font")
    >>> written_digits(source, [stroke], 4, np.random.default_rng(0)).images.shape
    (4, 28, 28)
    """
    small = load_digits("writers").train
    return _collect(
        [
            (0.5, _drawn_digit),
            *_of_fonts(0.25, glyphs, _font_digit),
            (0.1, lambda rng: _small_digit(small, rng)),
            (0.15, lambda rng: _retouched(source, rng)),
        ],
        count,
        rng,
    )


def non_digits(digits: Examples, glyphs: Sequence[Glyph], count: int, rng: Rng) -> Examples:
    """Letters and signs of fonts, scribbles, punctuation, and digits joined, cut, mirrored and turned.

    Args:
        digits: pictures of digits, from which the last kinds are made.
        glyphs: letters and signs of fonts; without any the other kinds take their share.
        count: how many.
        rng: decides everything.

    >>> from digitnet.synthesis.fonts import Glyph
    >>> digits = Examples(np.repeat(np.eye(28, dtype=np.uint8)[None] * 255, 5, axis=0), np.full(5, 1))
    >>> letter = Glyph(np.tri(40, dtype=np.float32), "L", "a font")
    >>> non_digits(digits, [letter], 4, np.random.default_rng(0)).labels
    array([10, 10, 10, 10])
    """
    return _collect(
        [
            *_of_fonts(0.36, glyphs, _font_sign),
            (0.26, _scribble),
            (0.02, lambda rng: (draw_mark(rng), NO_DIGIT)),
            (0.16, lambda rng: (_merged(digits, rng), NO_DIGIT)),
            (0.14, lambda rng: _piece(digits, pieces.cut, rng)),
            (0.06, lambda rng: _piece(digits, pieces.turned, rng)),
        ],
        count,
        rng,
    )


def _collect(kinds: Sequence[tuple[float, Draw]], count: int, rng: Rng) -> Examples:
    """``count`` normalised pictures, each of a kind drawn by its share."""
    shares = np.array([share for share, _ in kinds])
    images = np.empty((count, MNIST_GEOMETRY.size, MNIST_GEOMETRY.size), np.uint8)
    labels = np.empty(count, np.int64)
    done = 0
    while done < count:
        made = kinds[rng.choice(len(kinds), p=shares / shares.sum())][1](rng)
        if made is None:
            continue
        pixels = normalize(np.ascontiguousarray(made[0], dtype=np.float32), MNIST_GEOMETRY)
        if pixels.any():
            images[done], labels[done] = pixels, made[1]
            done += 1
    return Examples(images, labels)


def _drawn_digit(rng: Rng) -> tuple[Ink, int]:
    digit = int(rng.integers(10))
    return _retouch_some(draw_digit(digit, rng), rng, share=0.25), digit


def _font_digit(glyphs: Sequence[Glyph], rng: Rng) -> tuple[Ink, int]:
    ink, character = _font_ink(glyphs, rng)
    return ink, int(character)


def _font_sign(glyphs: Sequence[Glyph], rng: Rng) -> tuple[Ink, int]:
    return _font_ink(glyphs, rng)[0], NO_DIGIT


def _of_fonts(
    share: float, glyphs: Sequence[Glyph], make: Callable[[Sequence[Glyph], Rng], tuple[Ink, int]]
) -> list[tuple[float, Draw]]:
    """A kind made of what fonts have, or no kind if there are no fonts."""
    return [(share, lambda rng: make(glyphs, rng))] if glyphs else []


def _font_ink(glyphs: Sequence[Glyph], rng: Rng) -> tuple[Ink, str]:
    glyph = glyphs[int(rng.integers(len(glyphs)))]
    return _retouch_some(glyph.ink, rng), glyph.character


def _scribble(rng: Rng) -> tuple[Ink, int]:
    return _retouch_some(draw_scribble(rng), rng), NO_DIGIT


def _small_digit(split: Split, rng: Rng) -> tuple[Ink, int]:
    index = rng.integers(len(split))
    ink = _ink(split.images[index], DIGITS_GEOMETRY)
    return retouch.resized(ink, 4 * ink.shape[0], 4 * ink.shape[1]), int(split.labels[index])


def _retouched(source: Split, rng: Rng) -> tuple[Ink, int]:
    index, other = rng.integers(len(source), size=2)
    ink = _ink(source.images[index], MNIST_GEOMETRY)
    if rng.random() < 0.5:
        neighbour = _ink(source.images[other], MNIST_GEOMETRY)
        return pieces.with_fragment(ink, neighbour, rng), int(source.labels[index])
    return _retouch_some(ink, rng, share=1.0), int(source.labels[index])


def _retouch_some(ink: Ink, rng: Rng, share: float = 0.6) -> Ink:
    """Another pen, a coarse bitmap or a blurred picture, for a share of the inks."""
    if rng.random() >= share:
        return ink
    return (retouch.repenned, retouch.repenned, retouch.coarse, retouch.blurred)[rng.integers(4)](ink, rng)


def _ink(image: NDArray[np.uint8], geometry: Geometry) -> Ink:
    """A picture of a data set as ink."""
    return pieces.tight(np.divide(image, np.float32(geometry.levels), dtype=np.float32))


def _digit_ink(digits: Examples, rng: Rng) -> tuple[Ink, int]:
    index = rng.integers(len(digits.labels))
    return _ink(digits.images[index], MNIST_GEOMETRY), int(digits.labels[index])


def _merged(digits: Examples, rng: Rng) -> Ink:
    count = 2 if rng.random() < 0.8 else 3
    return pieces.merged([_digit_ink(digits, rng)[0] for _ in range(count)], rng)


def _piece(digits: Examples, make: Callable[[Ink, int, Rng], Ink | None], rng: Rng) -> tuple[Ink, int] | None:
    ink, digit = _digit_ink(digits, rng)
    piece = make(ink, digit, rng)
    return None if piece is None else (piece, NO_DIGIT)
