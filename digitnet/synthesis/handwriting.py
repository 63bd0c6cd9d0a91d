"""Digits as our own hand writes them: a variant, a writer's variation, a pen, a ground."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.geometry import CLASSES
from digitnet.synthesis.digit_shapes import VARIANTS, Variant
from digitnet.synthesis.pens import Ink, choose_pen, draw, finish
from digitnet.synthesis.strokes import Points, parse, write


def draw_digit(digit: int, rng: np.random.Generator, *, size: int = 96) -> Ink:
    """Draw a digit in one of the ways in which people write it.

    Args:
        digit: 0 to 9.
        rng: source of all randomness; the same state gives the same picture.
        size: side of the picture in pixels.

    Returns:
        float32 ``(size, size)`` in [0, 1], 1 is full ink; the digit fills the picture but for a margin.

    Raises:
        ConfigurationError: not a digit.

    >>> draw_digit(4, np.random.default_rng(0)).shape
    (96, 96)
    """
    if digit not in range(CLASSES):
        raise ConfigurationError(f"A digit is a whole number from 0 to 9; got {digit!r}.")
    variants, probabilities = _variants(int(digit))
    return draw_variant(variants[rng.choice(len(variants), p=probabilities)], rng, size=size)


def draw_variant(variant: Variant, rng: np.random.Generator, *, size: int = 96) -> Ink:
    """Draw one way of writing a digit; see :func:`draw_digit`.

    >>> crossed = next(variant for variant in VARIANTS if variant.name == "crossed")
    >>> crossed.digit, draw_variant(crossed, np.random.default_rng(0), size=64).shape
    (7, (64, 64))
    """
    lines = write(_strokes(variant.shape), rng, freedom=variant.freedom, slant=variant.slant)
    pen = choose_pen(rng, thickest=variant.thickest)
    return finish(draw(lines, pen, rng, size=size), rng)


@cache
def _variants(digit: int) -> tuple[list[Variant], NDArray[np.float64]]:
    variants = [variant for variant in VARIANTS if variant.digit == digit]
    weights = np.array([variant.weight for variant in variants])
    return variants, weights / weights.sum()


@cache
def _strokes(shape: str) -> list[list[Points]]:
    return parse(shape)
