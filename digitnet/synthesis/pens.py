"""Pens: what lines look like once they are drawn with a nib, a hand's pressure, and ink on a ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from digitnet.synthesis.strokes import Points, length, resampled

#: A picture (height, width) of ink, float32 in [0, 1].
Ink = NDArray[np.float32]

_OVER = 3  # lines are drawn at this many times the size and averaged down
_NIB = np.stack([np.cos(np.arange(16) * np.pi / 8), np.sin(np.arange(16) * np.pi / 8)], axis=1)


@dataclass(frozen=True)
class Pen:
    """A nib and how it is led.

    Attributes:
        width: of the stroke, as a share of the drawing's longer side.
        flatness: of the elliptical nib, short over long axis; 1 is round.
        angle: of the nib's long axis, radians from the x axis.
        pressure: how much the width changes along a stroke, 0 to 1.
        ends: the width at the ends of a stroke over that in its course; < 1 tapers, > 1 leaves blobs.
        corners: points a stroke, as a slow mouse reports them; 0 for as many as the curve needs.
        gaps: how many times a stroke fails to mark the ground.
    """

    width: float = 0.1
    flatness: float = 1.0
    angle: float = 0.0
    pressure: float = 0.0
    ends: float = 1.0
    corners: int = 0
    gaps: int = 0


def choose_pen(rng: np.random.Generator, *, thickest: float = 0.2) -> Pen:
    """A pen at random: from a hairline of 3 % of the height to a felt pen of ``thickest``."""
    flat = rng.random() < 0.2
    width = float(np.exp(rng.uniform(np.log(0.03), np.log(thickest))))
    return Pen(
        width=width,
        # Along its edge a nib draws a hairline, not nothing.
        flatness=float(max(rng.uniform(0.25, 0.6), 0.025 / width)) if flat else 1.0,
        angle=float(rng.uniform(-1.2, 0.2)),
        pressure=float(rng.uniform(0.05, 0.35)) if rng.random() < 0.5 else 0.0,
        ends=float(rng.choice([1, 1, 1, rng.uniform(0.3, 0.9), rng.uniform(1.1, 1.5)])),
        corners=int(rng.integers(9, 15)) if rng.random() < 0.06 else 0,
        gaps=int(rng.integers(1, 3)) if rng.random() < 0.04 else 0,
    )


def draw(lines: list[Points], pen: Pen, rng: np.random.Generator, *, size: int = 96) -> Ink:
    """Draw polylines so that they fill a square picture, but for a small margin.

    A convex nib that is led along a segment covers its two end positions and the quadrilateral between
    the points where its outline is parallel to the segment: for an ellipse that is the image of the unit
    circle under A, and a segment with the normal n, those are the points ±A Aᵀn / |Aᵀn| (Ghosh &
    Mudur 1984). Both are drawn at three times the size and averaged.

    Args:
        lines: polylines ``(n, 2)`` in any unit, y down.
        pen: what they are drawn with.
        rng: source of the pressure's and gaps' randomness.
        size: side of the picture in pixels.

    Returns:
        float32 ``(size, size)`` in [0, 1].
    """
    if pen.corners:
        lines = [resampled(line, max(2, min(pen.corners, len(line)))) for line in lines]
    everything = np.concatenate(lines)
    low, high = everything.min(axis=0), everything.max(axis=0)
    room = size * _OVER * 0.94
    nib = pen.width * room
    scale = (room - nib) / max(float((high - low).max()), 1e-9)
    offset = size * _OVER / 2 - scale * (low + high) / 2
    image = Image.new("L", (size * _OVER, size * _OVER))
    canvas = ImageDraw.Draw(image)
    for line in lines:
        placed = line * scale + offset
        # Steps are short enough for the bends and much shorter than the nib.
        placed = resampled(placed, max(3, int(length(placed) / (3 + 0.12 * nib))))
        _draw_line(canvas, placed, nib / 2 * _widths(len(placed), pen, rng), pen, rng)
    return np.asarray(image.reduce(_OVER), dtype=np.float32) / np.float32(255)


def _draw_line(
    canvas: ImageDraw.ImageDraw,
    line: Points,
    radii: NDArray[np.float64],
    pen: Pen,
    rng: np.random.Generator,
) -> None:
    """One polyline; ``radii`` (n,) are those of the nib at its points."""
    cos, sin = np.cos(pen.angle), np.sin(pen.angle)
    shape = np.array([[cos, -sin * pen.flatness], [sin, cos * pen.flatness]])
    along = np.diff(line, axis=0)
    normals = np.stack([-along[:, 1], along[:, 0]], axis=1)
    support = normals @ shape
    outline = (support / np.maximum(np.hypot(*support.T), 1e-9)[:, None]) @ shape.T
    first, second = outline * radii[:-1, None], outline * radii[1:, None]
    quads = np.concatenate(
        [line[:-1] + first, line[1:] + second, line[1:] - second, line[:-1] - first], axis=1
    )
    nibs = line[:, None, :] + radii[:, None, None] * (_NIB @ shape.T)
    marks = np.ones(len(line), dtype=bool)
    # The nib's ends reach into a gap, of which a thirtieth of the stroke is to be seen.
    gap = len(line) // 30 + round(2 * float(radii.mean()) * len(line) / max(length(line), 1.0))
    for start in rng.integers(0, len(line), pen.gaps):
        marks[start : start + gap] = False
    for quad in quads[marks[:-1] & marks[1:]].tolist():
        canvas.polygon(quad, fill=255)
    for polygon in nibs.reshape(len(line), -1)[marks].tolist():
        canvas.polygon(polygon, fill=255)


def _widths(count: int, pen: Pen, rng: np.random.Generator) -> NDArray[np.float64]:
    """Factors of the nib's size along a stroke of ``count`` points."""
    along = np.linspace(0, 1, count)
    factors = np.ones(count)
    if pen.pressure:
        factors += pen.pressure * np.sin(2 * np.pi * (rng.uniform(0.5, 2) * along + rng.random()))
    if pen.ends != 1:
        near = np.exp(-np.minimum(along, 1 - along) / 0.06)
        factors *= 1 + (pen.ends - 1) * near
    return np.maximum(factors, 0.25)


def finish(ink: Ink, rng: np.random.Generator) -> Ink:
    """The same drawing on another ground, at random: as it is, grainy, dry, unsharp, or a coarse bitmap.

    Args:
        ink: float32 ``(height, width)`` in [0, 1].

    Returns:
        a new picture of the same shape.
    """
    kind = rng.choice(["sharp", "soft", "grain", "dry", "coarse"], p=[0.36, 0.32, 0.12, 0.08, 0.12])
    if kind == "soft":
        ink = ndimage.gaussian_filter(ink, rng.uniform(0.5, 2.2))
    elif kind == "grain":  # pencil and chalk catch on the ground's grain
        grain = smooth_noise(ink.shape, rng, rng.uniform(0.6, 1.6))
        ink = ink * np.clip(rng.uniform(0.7, 1.0) + rng.uniform(0.3, 0.7) * grain, 0, 1)
        ink = ndimage.gaussian_filter(ink, rng.uniform(0, 0.8))
    elif kind == "dry":  # the bristles of a worn marker leave streaks
        streaks = smooth_noise(ink.shape, rng, tuple(rng.permutation([rng.uniform(0.6, 1.2), 8.0])))
        ink = ink * np.clip(rng.uniform(0.8, 1.2) + rng.uniform(0.15, 0.4) * streaks, 0, 1)
    elif kind == "coarse":
        ink = _coarse(ink, rng)
    peak = float(ink.max())
    level = rng.uniform(0.55, 0.95) if rng.random() < 0.15 else 1.0
    return (ink * np.float32(level / peak)).astype(np.float32) if peak > 0 else ink


def _coarse(ink: Ink, rng: np.random.Generator) -> Ink:
    """The drawing as a bitmap of few pixels, such as a canvas of 28 × 28, enlarged again."""
    height, width = ink.shape
    share = rng.uniform(0.2, 0.5)
    small = (max(4, round(width * share)), max(4, round(height * share)))
    image = Image.fromarray(ink).resize(small, Image.Resampling.BOX)
    if rng.random() < 0.7:  # no grey levels; low enough that a hairline stays whole
        values = np.asarray(image)
        image = Image.fromarray((values > min(0.5, 0.3 * float(values.max()))).astype(np.float32))
    how = Image.Resampling.NEAREST if rng.random() < 0.6 else Image.Resampling.BILINEAR
    return np.asarray(image.resize((width, height), how), dtype=np.float32)


def smooth_noise(shape: tuple[int, ...], rng: np.random.Generator, sigma: float | tuple[float, ...]) -> Ink:
    """Gaussian noise of mean 0 and standard deviation 1 that varies over ``sigma`` pixels."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma, mode="wrap")
    scaled: Ink = (noise - noise.mean()) / np.float32(max(float(noise.std()), 1e-6))
    return scaled
