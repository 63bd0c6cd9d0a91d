"""Small pictures of what the network saw, and of where it looked, as PNG for pages and programs."""

from base64 import b64decode, b64encode
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digitnet.errors import UnreadableImageError

if TYPE_CHECKING:
    from digitnet import Digit

FOR, AGAINST = (255, 140, 30), (60, 140, 255)  # orange and blue: told apart by all who see colours at all
STRONGEST = 99.0  # per cent of the pixels; the few beyond would leave the others pale
CONTRAST = 1.25  # what is weak is mostly noise, and fades
GROUND = 0.85  # colours beside the ink are darker, so that the digit stays what one sees first
INK = 215  # white enough for a digit, and dark enough to be seen to turn warm or cool
SCHEME = "data:image/png;base64,"


def seen_by_the_network(digit: "Digit") -> bytes:
    """The network's input as a grey PNG of the same few pixels."""
    return _png(_shades(digit))


def where_it_looked(digit: "Digit", saliency: NDArray[np.floating]) -> bytes:
    """The same pixels, with those coloured where more ink would speak for the answer, or against it.

    Neighbours are averaged: what a network makes of one pixel alone is grainy.

    Args:
        digit: that was read.
        saliency: ``(size, size)``, the derivative of the answer by each pixel's ink.
    """
    smooth = _averaged(_averaged(saliency.astype(np.float64)).T).T
    scale = float(np.percentile(np.abs(smooth), STRONGEST)) or 1.0
    strength = (np.clip(np.abs(smooth) / scale, 0, 1) ** CONTRAST)[..., None]
    colour = np.where(smooth[..., None] > 0, FOR, AGAINST)
    ink = _shades(digit)[..., None] / 255
    on_ink = INK + strength * (colour - INK)
    return _png(np.rint(ink * on_ink + (1 - ink) * GROUND * strength * colour).astype(np.uint8))


def data_url(png: bytes) -> str:
    """The picture as an address that holds all of it."""
    return SCHEME + b64encode(png).decode("ascii")


def pixels_in(address: str, size: int, levels: int) -> NDArray[np.uint8]:
    """The network's input again, from what `data_url` made of what `seen_by_the_network` drew.

    Raises:
        UnreadableImageError: it is anything else, such as a picture of another size.
    """
    try:
        if not address.startswith(SCHEME):
            raise ValueError("another kind of address")
        picture = Image.open(BytesIO(b64decode(address.removeprefix(SCHEME), validate=True)), formats=["PNG"])
        if picture.size != (size, size) or picture.mode != "L":
            raise ValueError("another kind of picture")
        shades = np.asarray(picture, dtype=np.float64)
    except MemoryError:
        raise
    except Exception as error:  # Pillow has a dozen for damaged files; all of them mean the same here
        raise UnreadableImageError(
            f'It must be the small picture that the network saw, {size}×{size} grey pixels as "{SCHEME}…", '
            "as the answer of /api/v1/predict?explain=true and the page hold it. Send no other picture."
        ) from error
    return np.rint(shades * levels / 255).astype(np.uint8)


def _averaged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row as half of itself and a quarter of either neighbour, more often where there are more rows."""
    for _ in range(round(len(values) / 14)):
        padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
        values = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return values


def _shades(digit: "Digit") -> NDArray[np.uint8]:
    return (digit.pixels.astype(np.uint16) * 255 // digit.levels).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
