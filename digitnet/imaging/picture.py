"""A picture in grey, however it arrived: from an image file or from an array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digitnet.errors import EmptyImageError, UnreadableImageError, UnsupportedImageError
from digitnet.imaging.filters import gaussian, percentile

FloatArray: TypeAlias = npt.NDArray[np.float32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
#: Grey (height, width): uint8 from 0 = black to 255 = white, or float32 from 0 to 1.
Tones: TypeAlias = ByteArray | FloatArray

# The longer side of the grey that digits are looked for in: a digit that is legible at all is legible here.
MAX_WORKING_SIDE = 1600

# A pixel is connected to all eight around it.
EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)

# ITU-R BT.601, the weights that JPEG and Pillow use.
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True)
class Picture:
    """An upright picture in grey.

    Attributes:
        tones: grey (height, width), uint8 where the file stores 8 bits, else float32 in [0, 1]; perhaps a
            reduced version.
        width: pixels of the upright original.
        height: pixels of the upright original.
        scale: how many original pixels a pixel of ``grey`` stands for, along either side.

    >>> Picture(np.zeros((30, 40), np.uint8), width=80, height=60, scale=2).grey.dtype
    dtype('float32')
    """

    tones: ByteArray | FloatArray
    width: int
    height: int
    scale: int = 1

    @cached_property
    def grey(self) -> FloatArray:
        """The tones as float32 (height, width) in [0, 1], 0 = black, 1 = white; made when first asked for."""
        return unit_grey(self.tones)


def unit_grey(tones: Tones) -> FloatArray:
    """Tones as float32 from 0 to 1, which they may be already.

    >>> unit_grey(np.array([[0, 51, 255]], np.uint8)).tolist()
    [[0.0, 0.20000000298023224, 1.0]]
    """
    grey: FloatArray = tones.astype(np.float32, copy=False)
    if tones.dtype == np.uint8:
        grey /= np.float32(255)
    return grey


def picture_from_array(array: npt.ArrayLike) -> Picture:
    """Take a grey (height, width) or colour (height, width, 3) array as a picture.

    Integers (and booleans, whose range is 0 and 1) are scaled by the range of their type: uint8 by 255,
    uint16 by 65535. Floats are taken to lie in [0, 1], or in [0, 255] when any value is above 1.

    Raises:
        EmptyImageError: the array has no pixels.
        UnsupportedImageError: another shape or kind of array, or values outside the ranges above.
        UnreadableImageError: some values are not finite.

    >>> picture_from_array(np.zeros((2, 3), dtype=np.uint8)).grey.shape
    (2, 3)
    """
    try:
        values = np.asarray(array)
    except ValueError as error:
        raise UnsupportedImageError("The rows of the array differ in length; give a rectangle.") from error
    if values.size == 0:
        raise EmptyImageError("The array has no pixels; give one of shape (height, width).")
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] == 3):
        raise UnsupportedImageError(
            f"An array of shape {values.shape} is not a picture; expected (height, width) for grey or "
            "(height, width, 3) for colour."
        )
    unit = _to_unit_range(values)
    height, width = values.shape[:2]
    scale = -(-max(height, width) // MAX_WORKING_SIDE)
    if scale > 1:
        unit = block_means(unit, scale)
    return Picture(unit if unit.ndim == 2 else to_grey(unit), width, height, scale)


def _to_unit_range(values: npt.NDArray[Any]) -> FloatArray:
    """The array as float32 in [0, 1]."""
    if values.dtype.kind == "b":
        return values.astype(np.float32)
    if values.dtype.kind in "iu":
        if values.min() < 0:
            raise UnsupportedImageError("The array has values below 0; expected 0 (black) to white.")
        largest = 255 if values.dtype.itemsize > 2 and values.max() <= 255 else np.iinfo(values.dtype).max
        return (values / largest).astype(np.float32)
    if values.dtype.kind != "f":
        raise UnsupportedImageError(f"An array of type {values.dtype} is not a picture; expected numbers.")
    if not np.isfinite(values).all():
        raise UnreadableImageError("The array has values that are not finite; replace NaN and infinity.")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 255:
        raise UnsupportedImageError(
            f"The array's values run from {low:g} to {high:g}; expected floats in [0, 1] or [0, 255]."
        )
    return (values / (255.0 if high > 1.0 else 1.0)).astype(np.float32)


def block_means(values: FloatArray, factor: int) -> FloatArray:
    """Means of factor × factor blocks; the last row and column of blocks repeat the picture's edge."""
    rows = _sums(values, factor)
    means: FloatArray = _sums(rows.swapaxes(0, 1), factor).swapaxes(0, 1) * np.float32(1 / factor**2)
    return np.ascontiguousarray(means)


def _sums(values: FloatArray, factor: int) -> FloatArray:
    """Sums of ``factor`` rows at a time, the last row repeated as often as is needed."""
    whole = len(values) // factor * factor
    sums = values[:whole:factor].copy()
    for row in range(1, factor):
        sums += values[row:whole:factor]
    if whole == len(values):
        return sums
    rest = values[whole:].sum(axis=0) + (whole + factor - len(values)) * values[-1]
    return np.concatenate([sums, rest[None]])


def to_grey(colour: FloatArray) -> FloatArray:
    """Project colour (height, width, 3) in [0, 1] on the grey that shows the ink best.

    Luma all but loses yellow ink on white paper, and light green or pink likewise, though one of the
    three channels shows them in full black. So luma and each channel are compared by the contrast of
    their strongest marks against the unevenness of the ground, and luma is left only for a channel that
    is clearly better: the channels of a JPEG are noisier than its luma.
    """
    step = -(-max(colour.shape[:2]) // 200)
    sample = colour[::step, ::step]
    luma = colour @ LUMA
    if (sample[..., :1] == sample).all():  # grey in all but name
        return luma
    # One after the other in memory: among others a channel's products take ten times as long.
    channels = np.ascontiguousarray(np.moveaxis(sample, 2, 0))
    scores = [_mark_contrast(channel) for channel in channels]
    best = int(np.argmax(scores))
    if scores[best] > 1.5 * _mark_contrast(sample @ LUMA):
        return np.ascontiguousarray(colour[..., best])
    return luma


def _mark_contrast(channel: FloatArray) -> float:
    """How far the strongest two percent of the pixels stand out from their wider surroundings."""
    background = gaussian(channel, max(channel.shape) / 6)
    return percentile(np.abs(channel - background), 98) + 0.01
