"""The uploads of the load: digits as a finger draws them on a pad, 280×280 PNG, of each its number."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from digitnet.geometry import CLASSES
from digitnet.synthesis.digit_shapes import VARIANTS
from digitnet.synthesis.strokes import curve, parse

SIDE = 280
FINER = 4  # drawn so many times as large and averaged, as screens smooth edges


def pictures(count: int) -> list[tuple[int, bytes]]:
    """So many pictures with their digits: each another variant, size and place, and always the same.

    >>> digits = pictures(20)
    >>> [digit for digit, _ in digits[:4]], len({png for _, png in digits})
    ([0, 1, 2, 3], 20)
    """
    rng = np.random.default_rng(7)
    usual = [
        [one for one in VARIANTS if one.digit == digit and one.weight >= 1.5] for digit in range(CLASSES)
    ]
    drawn = []
    for number in range(count):
        digit = number % CLASSES
        shapes = usual[digit]
        drawn.append((digit, _draw(shapes[number // CLASSES % len(shapes)].shape, rng)))
    return drawn


def _draw(shape: str, rng: np.random.Generator) -> bytes:
    height, pen = rng.uniform(130, 200), rng.uniform(13, 20)
    strokes = [np.concatenate([curve(piece) for piece in pieces]) * height / 100 for pieces in parse(shape)]
    every = np.concatenate(strokes)
    room = SIDE - 2 * pen - np.ptp(every, axis=0)
    corner = pen + rng.uniform(0.2, 0.8, 2) * room - every.min(axis=0)
    picture = Image.new("L", (SIDE * FINER, SIDE * FINER), 255)
    brush, radius = ImageDraw.Draw(picture), pen * FINER / 2
    for points in strokes:
        path = [(float(x), float(y)) for x, y in (points + corner) * FINER]
        brush.line(path, fill=0, width=round(2 * radius), joint="curve")
        for x, y in (path[0], path[-1]):
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    stream = io.BytesIO()
    picture.reduce(FINER).save(stream, "PNG")
    return stream.getvalue()
