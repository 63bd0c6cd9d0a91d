"""Small pictures of what the network saw, and of where it looked, as PNG for pages and programs."""

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from digitnet import Digit

FOR, AGAINST = (255, 150, 40), (70, 150, 255)  # orange and blue: told apart by all who see colours at all
STRONGEST = 99.5  # per cent of the pixels; the few beyond would leave the others pale
DIM = 0.45  # the digit beneath


def seen_by_the_network(digit: "Digit") -> bytes:
    """The network's input as a grey PNG of the same few pixels."""
    return _png(_shades(digit))


def where_it_looked(digit: "Digit", saliency: NDArray[np.floating]) -> bytes:
    """The same pixels, dimmed, with those coloured where more ink would speak for the answer, or against it.

    Args:
        digit: that was read.
        saliency: ``(size, size)``, the derivative of the answer by each pixel's ink.
    """
    scale = float(np.percentile(np.abs(saliency), STRONGEST)) or 1.0
    strength = np.clip(np.abs(saliency) / scale, 0, 1)[..., None]
    colour = np.where(saliency[..., None] > 0, FOR, AGAINST)
    ground = DIM * _shades(digit)[..., None]
    return _png(np.rint(ground + strength * (colour - ground)).astype(np.uint8))


def data_url(png: bytes) -> str:
    """The picture as an address that holds all of it."""
    return "data:image/png;base64," + b64encode(png).decode("ascii")


def _shades(digit: "Digit") -> NDArray[np.uint8]:
    return (digit.pixels.astype(np.uint16) * 255 // digit.levels).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
