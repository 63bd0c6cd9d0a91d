"""Test pictures as people would send them: a data set's digits as PNG, JPEG, inverted or on a page.

They measure the whole way from bytes to answer on data whose labels are known.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def _ink(pixels: Pixels, levels: int) -> Image.Image:
    """White ink on black, 0..255, whatever the data set's own levels."""
    return Image.fromarray(np.round(pixels * (255.0 / levels)).astype(np.uint8))


def _paper(pixels: Pixels, levels: int) -> Image.Image:
    """Black ink on white."""
    return Image.fromarray(255 - np.asarray(_ink(pixels, levels)))


def _enlarged(image: Image.Image, side: int = 280) -> Image.Image:
    return image.resize((side, side), Image.Resampling.BICUBIC)


def _encoded(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _on_a_page(pixels: Pixels, levels: int) -> bytes:
    page = Image.new("L", (600, 400), 255)
    page.paste(_enlarged(_paper(pixels, levels), 140), (410, 35))
    return _encoded(page)


def _transparent(pixels: Pixels, levels: int) -> bytes:
    alpha = _enlarged(_ink(pixels, levels))
    image = Image.new("RGBA", alpha.size, (0, 0, 0, 0))
    image.putalpha(alpha)
    return _encoded(image)


#: The rendering that changes nothing: a PNG of the data set's own pixels.
AS_IT_IS = "PNG as it is, light on dark"

#: ``rendering(pixels (size, size), levels) -> bytes`` of an image file, by what it shows.
RENDERINGS: dict[str, Callable[[Pixels, int], bytes]] = {
    AS_IT_IS: lambda pixels, levels: _encoded(_ink(pixels, levels)),
    "PNG inverted, dark on light": lambda pixels, levels: _encoded(_paper(pixels, levels)),
    "PNG enlarged to 280×280": lambda pixels, levels: _encoded(_enlarged(_ink(pixels, levels))),
    "JPEG enlarged to 280×280": lambda pixels, levels: _encoded(
        _enlarged(_paper(pixels, levels)), "JPEG", quality=75
    ),
    "off-centre on a 600×400 page": _on_a_page,
    "on a transparent ground": _transparent,
}
