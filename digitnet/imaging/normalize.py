"""A digit's ink, laid out as the data sets lay theirs out, and pixels made into network inputs."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from digitnet.errors import ConfigurationError
from digitnet.geometry import Geometry
from digitnet.imaging.ink import EDGE_LEVEL, ink_bounds
from digitnet.imaging.picture import ByteArray, FloatArray
from digitnet.imaging.scaling import fitting, scaled
from digitnet.imaging.strokes import with_mended_strokes

# The stroke widths, as shares of the digit's longer side, between which a data set's digits lie by the
# measure of _stroke_width: all but 3 % of MNIST's at the thin end and 2 % at the thick end. The bitmaps
# of the smaller set had their strokes normalised; with these, the mean ink of a digit is theirs.
_STROKES: dict[str, tuple[float, float]] = {"antialiased": (0.105, 0.25), "bitmap-counts": (0.2, 0.3)}
# The bitmaps use at most 20 of 32 columns.
_WIDEST = 0.625


def normalize(ink: FloatArray, geometry: Geometry) -> ByteArray:
    """Lay a digit's ink (height, width), float in [0, 1], out as the geometry says.

    The digit's box is scaled to the geometry's box with its aspect ratio kept, by exact area averages
    where it shrinks and smoothly where it grows (bitmap counts: set upright, made as high as the box);
    strokes thinner or thicker than those of nearly all digits in the data set are brought to its range;
    the result is placed with its centre of mass (LeCun et al. 1998) or its box in the middle.

    Returns:
        uint8 (size, size) with values in 0..levels; all 0 without ink.

    Reference: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits" (1998);
    E. Alpaydin and C. Kaynak, "Cascading classifiers" (1998).

    >>> from digitnet.geometry import MNIST_GEOMETRY
    >>> ink = np.zeros((200, 100), np.float32)
    >>> ink[20:180, 40:60] = 1.0  # an upright stroke
    >>> rows = np.flatnonzero(normalize(ink, MNIST_GEOMETRY).any(axis=1))
    >>> int(rows[0]), int(rows[-1])  # twenty rows in the middle of 28
    (4, 23)
    """
    bounds = ink_bounds(ink)
    return lay_out(ink[bounds or ...], geometry)


def lay_out(crop: FloatArray, geometry: Geometry) -> ByteArray:
    """:func:`normalize` of ink that nobody has to look for: in the smallest box around it, if there is any.

    >>> from digitnet.geometry import MNIST_GEOMETRY
    >>> bar = np.ones((160, 20), np.float32)
    >>> bool((lay_out(bar, MNIST_GEOMETRY) == normalize(np.pad(bar, 30), MNIST_GEOMETRY)).all())
    True
    """
    if not crop.size or crop.max() <= EDGE_LEVEL:
        return np.zeros((geometry.size, geometry.size), dtype=np.uint8)
    crop = with_mended_strokes(crop, *_STROKES[geometry.sampling])
    placed = (_antialiased if geometry.sampling == "antialiased" else _bitmap_counts)(crop, geometry)
    levels = np.minimum(placed, 1)
    levels *= geometry.levels
    return np.rint(levels).astype(np.uint8)


def to_inputs(pixels: ByteArray, geometry: Geometry) -> FloatArray:
    """Make pixel arrays into network inputs: float32 (n, size·size) in [0, 1], pixels / levels.

    Training, evaluation and service all go through here.

    Args:
        pixels: uint8 (n, size, size) or (n, size·size) with values in 0..levels.
        geometry: the geometry that the pixels were laid out by.

    Raises:
        ConfigurationError: another shape, or values above levels.

    >>> from digitnet.geometry import DIGITS_GEOMETRY
    >>> to_inputs(np.full((1, 8, 8), 16, dtype=np.uint8), DIGITS_GEOMETRY).max()
    np.float32(1.0)
    """
    shape = pixels.shape
    if shape[1:] not in ((geometry.size, geometry.size), (geometry.features,)):
        raise ConfigurationError(
            f"Pixels of shape {shape} do not fit the geometry; expected (n, {geometry.size}, "
            f"{geometry.size}) or (n, {geometry.features})."
        )
    fits = pixels.dtype == np.uint8 and geometry.levels == 255  # whatever they are
    if not fits and pixels.size and (pixels.min() < 0 or pixels.max() > geometry.levels):
        raise ConfigurationError(
            f"Pixels run from {pixels.min()} to {pixels.max()}; expected 0 to {geometry.levels}."
        )
    flat = pixels.reshape(shape[0], geometry.features)
    inputs: FloatArray = flat.astype(np.float32) / np.float32(geometry.levels)
    return inputs


def _antialiased(crop: FloatArray, geometry: Geometry) -> FloatArray:
    """The crop scaled to the box, in the middle of the square by its centre of mass or its box.

    It is moved by whole pixels, as MNIST's digits were, so that none is blurred.
    """
    digit = scaled(crop, fitting(crop.shape, geometry.box))
    size = geometry.size
    height, width = digit.shape
    if geometry.centring == "mass":
        mass = float(digit.sum())
        top = round(size / 2 - float(digit.sum(axis=1) @ np.arange(height)) / mass)
        left = round(size / 2 - float(digit.sum(axis=0) @ np.arange(width)) / mass)
    else:
        top, left = (size - height) // 2, (size - width) // 2
    top, left = min(max(top, 0), size - height), min(max(left, 0), size - width)
    placed = np.zeros((size, size), dtype=np.float32)
    placed[top : top + height, left : left + width] = digit
    return placed


def _bitmap_counts(crop: FloatArray, geometry: Geometry) -> FloatArray:
    """The share of ink in 4 × 4 blocks of a picture at four times the size (Alpaydin & Kaynak 1998).

    NIST's form-based recognition system, whose bitmaps these are, set digits upright and fitted them
    to the height of a 32 × 32 frame and at most 20 of its columns, in the middle: nearly every digit of
    the data set has ink in all eight rows and in columns 1 to 6, less than half in the outer two.
    """
    crop = _upright(crop)
    height, frame = 4 * geometry.box, 4 * geometry.size
    width = min(max(1, round(crop.shape[1] * height / crop.shape[0])), round(_WIDEST * height))
    top, left = (frame - height) // 2, (frame - width) // 2
    bitmap = np.zeros((frame, frame), dtype=np.float32)
    bitmap[top : top + height, left : left + width] = scaled(crop, (height, width))
    return scaled(bitmap, (geometry.size, geometry.size))


def _upright(crop: FloatArray) -> FloatArray:
    """The crop sheared sideways until its slant, Σ ink·Δx·Δy / Σ ink·Δy², is 0."""
    y, x = np.indices(crop.shape)
    mass = float(crop.sum())
    middle = float((crop * y).sum()) / mass
    down = y - middle
    spread = float((crop * down**2).sum())
    across = x - float((crop * x).sum()) / mass
    slant = float(np.clip((crop * down * across).sum() / spread, -0.8, 0.8)) if spread > 0 else 0.0
    room = math.ceil(abs(slant) * crop.shape[0])
    padded = np.pad(crop, ((0, 0), (room, room)))
    # Row y of the result is row y of the crop, moved by slant · (y − middle).
    sheared = ndimage.affine_transform(padded, [[1, 0], [slant, 1]], [0, -slant * middle], order=1)
    bounds = ink_bounds(sheared)
    return crop if bounds is None else sheared[bounds]
