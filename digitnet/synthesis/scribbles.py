"""Marks that are no digits: letters, signs, doodles, blobs and noise, to train rejection on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from digitnet.synthesis.pens import Ink, Pen, choose_pen, draw, finish
from digitnet.synthesis.sign_shapes import LETTERS, SYMBOLS
from digitnet.synthesis.strokes import Points, curve, parse, write
from digitnet.synthesis.textures import draw_texture

_THICKEST = 0.14
# Those that a network which knows digits only is most easily taken in by are drawn three times as often.
_MISTAKEN = (
    *("A", "A round", "B", "D", "F", "H", "K", "M", "N", "P", "R", "T", "U", "V", "X", "Y", "k", "h"),
    *("α", "α round", "β", "γ", "ε", "λ", "λ curly"),
)


def draw_scribble(rng: np.random.Generator, *, size: int = 96) -> Ink:
    """Draw something that is not a digit.

    Two in five are letters and signs, two in five doodles of several strokes or turns, the rest blobs,
    textures and noise such as photographs leave. Nothing is drawn that could pass for a digit: no single
    plain stroke, no oval, no S and no Z.

    Args:
        rng: source of all randomness; the same state gives the same picture.
        size: side of the picture in pixels.

    Returns:
        float32 ``(size, size)`` in [0, 1], 1 is full ink.

    >>> draw_scribble(np.random.default_rng(0)).shape
    (96, 96)
    """
    kind = rng.random()
    if kind < 0.4:
        lines = write(parse(_signs()[rng.integers(len(_signs()))]), rng, slant=0.15)
    elif kind < 0.8:
        lines = _DOODLES[rng.integers(len(_DOODLES))](rng)
    else:
        return draw_texture(rng, size=size)
    pen = choose_pen(rng, thickest=_THICKEST)
    return finish(draw(lines, pen, rng, size=size), rng)


def draw_mark(rng: np.random.Generator, *, size: int = 96) -> Ink:
    """Draw a punctuation mark that fills the picture: dot, comma, dash, colon, semicolon, quotes, dots.

    A comma is at least a third as wide as long, or it would be a 1.

    Args:
        rng: source of all randomness; the same state gives the same picture.
        size: side of the picture in pixels.

    Returns:
        float32 ``(size, size)`` in [0, 1], 1 is full ink.

    >>> draw_mark(np.random.default_rng(0), size=48).shape
    (48, 48)
    """
    shape, thinnest, thickest = _MARKS[rng.integers(len(_MARKS))]
    lines = write(parse(shape), rng, freedom=0.5, slant=0.1)
    pen = Pen(
        width=float(rng.uniform(thinnest, thickest)),
        flatness=float(rng.uniform(0.6, 1)),
        angle=float(rng.uniform(0, np.pi)),
        pressure=float(rng.uniform(0, 0.15)),
        ends=float(rng.uniform(0.8, 1.2)),
    )
    return finish(draw(lines, pen, rng, size=size), rng)


# The shape, and the thinnest and thickest pen as shares of the mark's longer side.
_MARKS = (
    ("0,0! 2,2!", 0.85, 0.98),  # dot
    ("10,0 12,40 0,100", 0.35, 0.6),  # comma
    ("0,0! 60,3 100,0!", 0.08, 0.4),  # dash
    ("0,4 30,-4 60,6 100,-2", 0.08, 0.25),  # tilde
    ("0,0! 2,2! / 0,98! 2,100!", 0.2, 0.4),  # colon
    ("0,0! 2,2! / 4,70 4,84 -4,100", 0.15, 0.3),  # semicolon
    ("0,0! -4,40! / 46,0! 42,40!", 0.15, 0.35),  # quotes
    ("0,0! 2,2! / 50,0! 52,2! / 100,0! 102,2!", 0.12, 0.3),  # dots
)


@cache
def _signs() -> tuple[str, ...]:
    mistaken = [LETTERS[letter] for letter in _MISTAKEN] + [SYMBOLS["plus"], SYMBOLS["plus, tall"]]
    return (*LETTERS.values(), *SYMBOLS.values(), *mistaken, *mistaken)


def _zigzag(rng: np.random.Generator) -> list[Points]:
    corners = int(rng.integers(5, 13))
    x = np.linspace(0, rng.uniform(60, 160), corners)
    y = np.where(np.arange(corners) % 2, 0, rng.uniform(30, 100)) + rng.normal(0, 8, corners)
    line = np.stack([x + rng.normal(0, 3, corners), y], axis=1)
    return [line if rng.random() < 0.7 else curve(line)]


def _spiral(rng: np.random.Generator) -> list[Points]:
    turns = rng.uniform(2.3, 4.5)
    t = np.linspace(0, 1, int(turns * 30))
    angle = rng.choice([-1, 1]) * 2 * np.pi * turns * t + rng.uniform(0, 6)
    radius = 50 * (0.05 + 0.95 * t) * (1 + 0.08 * np.sin(rng.uniform(1, 3) * angle))
    return [np.stack([radius * np.cos(angle), rng.uniform(0.7, 1) * radius * np.sin(angle)], axis=1)]


def _wave(rng: np.random.Generator) -> list[Points]:
    """A wave, or with a large advance against its direction a row of loops, as in joined-up writing."""
    periods = rng.uniform(2.5, 6)
    t = np.linspace(0, 1, int(30 * periods))
    angle = 2 * np.pi * periods * t
    height = rng.uniform(10, 40) * (1 + 0.3 * np.sin(rng.uniform(2, 9) * t + rng.uniform(0, 6)))
    loops = rng.uniform(5, 18) if rng.random() < 0.6 else 0.0
    course = rng.uniform(-0.5, 0.5)
    x = 110 * t + loops * np.cos(angle)
    return [np.stack([x, height * np.sin(angle) + course * x], axis=1)]


def _tangle(rng: np.random.Generator) -> list[Points]:
    """Three or four random curves across each other."""
    count = int(rng.integers(3, 5))
    return [curve(rng.uniform(0, 100, (int(rng.integers(3, 7)), 2))) for _ in range(count)]


def _jackstraws(rng: np.random.Generator) -> list[Points]:
    """Four to seven straight strokes across each other."""
    return [rng.uniform(0, 100, (2, 2)) for _ in range(int(rng.integers(4, 8)))]


def _hatching(rng: np.random.Generator) -> list[Points]:
    """Parallel strokes, in one direction or two."""
    angle = rng.uniform(0, np.pi)
    lines = []
    for turn in (0.0, rng.uniform(0.8, 1.6))[: int(rng.integers(1, 3))]:
        along = np.array([np.cos(angle + turn), np.sin(angle + turn)])
        across = np.array([-along[1], along[0]])
        for place in np.linspace(-50, 50, int(rng.integers(3, 9))):
            reach = rng.uniform(35, 60, (2, 1)) * np.array([[-1.0], [1.0]])
            lines.append(reach * along + (place + rng.normal(0, 2)) * across)
    return lines


def _polygon(rng: np.random.Generator) -> list[Points]:
    """A triangle, rectangle or pentagon with sharp corners, perhaps crossed out or with one inside."""
    count = int(rng.choice([3, 4, 4, 4, 5]))
    angles = 2 * np.pi * (np.arange(count + 1) % count) / count + (np.pi / 4 if count == 4 else np.pi / 6)
    corners = 50 * np.stack([np.cos(angles), np.sin(angles)], axis=1) * [1, rng.uniform(0.5, 1.25)]
    corners[1:-1] += rng.normal(0, 3, (count - 1, 2))
    lines = [corners]
    extra = rng.random()
    if extra < 0.2:
        lines += [corners[[0, count // 2]], corners[[1, (1 + count // 2) % count]]]
    elif extra < 0.4:
        lines.append(corners * rng.uniform(0.3, 0.7))
    return lines


def _circles(rng: np.random.Generator) -> list[Points]:
    """Two to four circles apart, across, or within each other, not one above the other as in an 8."""
    angles = np.linspace(0, 2 * np.pi, 40) + rng.uniform(0, 6)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    across = np.cumsum(rng.uniform(20, 70, int(rng.integers(2, 5))))
    return [rng.uniform(18, 40) * circle + [x, rng.normal(0, 8)] for x in across]


def _star(rng: np.random.Generator) -> list[Points]:
    """Rays from a centre."""
    angles = 2 * np.pi * (np.arange(rays := int(rng.integers(5, 11))) + rng.normal(0, 0.1, rays)) / rays
    start = rng.choice([0.0, rng.uniform(5, 25)])
    rays_to = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [np.stack([start * ray, rng.uniform(35, 55) * ray]) for ray in rays_to]


def _grid(rng: np.random.Generator) -> list[Points]:
    """Ruling: two to five lines each way."""
    places = [np.linspace(0, 100, int(rng.integers(2, 6))) + rng.normal(0, 2) for _ in range(2)]
    margin = rng.uniform(0, 25)
    down = [np.array([[x, -margin], [x, 100 + margin]]) for x in places[0]]
    return down + [np.array([[-margin, y], [100 + margin, y]]) for y in places[1]]


def _dots(rng: np.random.Generator) -> list[Points]:
    return [
        point + np.array([[0.0, 0.0], [1.0, 1.0]])
        for point in rng.uniform(0, 100, (int(rng.integers(3, 15)), 2))
    ]


def _scrawl(rng: np.random.Generator) -> list[Points]:
    """Something struck out: a line led to and fro many times."""
    count = int(rng.integers(12, 30))
    return [curve(rng.normal(0, 1, (count, 2)) * [50, rng.uniform(15, 50)])]


_DOODLES: tuple[Callable[[np.random.Generator], list[Points]], ...] = (
    *(_zigzag, _spiral, _wave, _tangle, _tangle, _jackstraws, _hatching, _polygon, _polygon, _circles),
    *(_star, _grid, _dots, _scrawl),
)
