"""Spots, surfaces, specks and printer's dots: what else than lines comes out of a picture as ink."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from digitnet.synthesis.pens import Ink, finish, smooth_noise


def draw_texture(rng: np.random.Generator, *, size: int = 96) -> Ink:
    """Draw spots, a surface as in a photograph, specks, a halftone or a filled polygon.

    Args:
        rng: source of all randomness; the same state gives the same picture.
        size: side of the picture in pixels.

    Returns:
        float32 ``(size, size)`` in [0, 1].
    """
    return _TEXTURES[rng.integers(len(_TEXTURES))](rng, size)


def _blob(rng: np.random.Generator, size: int) -> Ink:
    """Smooth noise above a threshold: spots and islands, larger towards the middle."""
    hill = np.hypot(*(np.indices((size, size)) / size - 0.5))
    height = smooth_noise((size, size), rng, size * rng.uniform(0.03, 0.12)) + 2 - 6 * hill
    edge = rng.uniform(2, 12)
    sea = min(rng.uniform(-0.5, 1), float(height.max()) - 0.3)
    return _clipped(edge * (height - sea))


def _photograph(rng: np.random.Generator, size: int) -> Ink:
    """Grey levels at several scales at once, as surfaces and things in photographs have them."""
    grey = sum(
        smooth_noise((size, size), rng, size * scale) * scale**0.7 for scale in (0.01, 0.03, 0.08, 0.2)
    )
    low, high = np.percentile(grey, [rng.uniform(1, 50), rng.uniform(80, 99)])
    return _clipped((grey - low) / (high - low))


def _noise(rng: np.random.Generator, size: int) -> Ink:
    """Specks, fine or coarse, of which a share is black."""
    cells = int(rng.integers(6, 40))
    specks = (rng.random((cells, cells)) < rng.uniform(0.1, 0.7)).astype(np.float32)
    specks[cells // 2, cells // 2] = 1
    return np.asarray(
        Image.fromarray(specks).resize((size, size), Image.Resampling.NEAREST), dtype=np.float32
    )


def _halftone(rng: np.random.Generator, size: int) -> Ink:
    """A printer's dots, whose size follows a grey level."""
    y, x = np.indices((size, size)) / size
    angle, count = rng.uniform(0, np.pi), 2 * np.pi * rng.uniform(4, 12)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    screen = np.cos(count * u) * (np.cos(count * v) if rng.random() < 0.6 else 1)
    grey = smooth_noise((size, size), rng, size * 0.2) * rng.uniform(0.1, 0.5)
    return _clipped(0.5 + rng.uniform(2, 8) * (screen + grey))


def _filled(rng: np.random.Generator, size: int) -> Ink:
    """A filled polygon with a rough outline."""
    count = int(rng.integers(3, 9))
    angles = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.6, count)) / count  # apart, lest it be a sliver
    radii = size * rng.uniform(0.25, 0.49, count)
    points = size / 2 + np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    image = Image.new("L", (size, size))
    ImageDraw.Draw(image).polygon(points.ravel().tolist(), fill=255, outline=255, width=max(1, size // 20))
    rough = ndimage.gaussian_filter(
        np.asarray(image, dtype=np.float32) / 255, size * rng.uniform(0.002, 0.03)
    )
    return finish((rough / rough.max()).astype(np.float32), rng)


def _clipped(values: NDArray[np.floating]) -> Ink:
    ink: Ink = np.clip(values, 0, 1).astype(np.float32)
    return ink


_TEXTURES: tuple[Callable[[np.random.Generator, int], Ink], ...] = (
    _blob,
    _photograph,
    _noise,
    _halftone,
    _filled,
)
