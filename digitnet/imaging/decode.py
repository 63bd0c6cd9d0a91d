"""From the bytes of an image file to an upright grey picture, trusting nothing in the file."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.Image import Transpose

from digitnet.errors import ImageError, ImageTooLargeError, UnreadableImageError
from digitnet.imaging.file_structure import check_structure, check_sums
from digitnet.imaging.file_types import reader_for
from digitnet.imaging.picture import MAX_WORKING_SIDE, ByteArray, Picture, to_grey, unit_grey

_quiet_lock = threading.Lock()

_EXIF_ORIENTATION = 0x0112
# Where Pillow keeps EXIF and XMP, which may have it.
_TELLS_ORIENTATION = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}
# What has to be done to a picture that was stored with this orientation, to see it upright.
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def decode(data: bytes, *, max_pixels: int = 25_000_000) -> Picture:
    """Read a PNG, JPEG, WebP, BMP or GIF (its first frame) as an upright grey picture.

    EXIF orientation is applied and transparency laid on white. Colour becomes the grey that shows the
    ink best (``digitnet.imaging.picture.to_grey``). A picture whose longer side is above 1600 pixels
    is reduced by a whole factor, ``Picture.scale``.

    Args:
        data: the content of the file.
        max_pixels: the most pixels, width × height, that are decoded; checked before decoding.

    Raises:
        EmptyImageError: there are no bytes.
        UnsupportedImageError: the bytes are of another type.
        ImageTooLargeError: more than ``max_pixels`` pixels.
        UnreadableImageError: the file is damaged.
        MemoryError: the picture does not fit into memory.

    >>> from pathlib import Path
    >>> picture = decode(Path("docs/number.jpg").read_bytes())
    >>> picture.width, picture.height, picture.grey.dtype
    (450, 300, dtype('float32'))
    """
    image, width, height, scale = _open_upright(data, MAX_WORKING_SIDE, max_pixels)
    # In two thirds of the time of np.asarray.
    tones: ByteArray = np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, image.width, -1)
    grey = tones[..., 0] if tones.shape[2] == 1 else to_grey(unit_grey(tones))
    return Picture(grey, width, height, scale)


def preview(data: bytes, max_side: int = 640, *, max_pixels: int = 25_000_000) -> bytes:
    """The upright picture on white, its longer side at most ``max_side``, as a PNG without metadata.

    What :func:`~digitnet.imaging.decode` reads, this can show; it raises the same errors.

    >>> from pathlib import Path
    >>> preview(Path("docs/number.jpg").read_bytes(), 100)[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    image, _, _, _ = _open_upright(data, 2 * max_side, max_pixels)
    image.thumbnail((max_side, max_side))
    clean = Image.fromarray(np.asarray(image))
    output = BytesIO()
    clean.save(output, format="PNG")
    return output.getvalue()


def _open_upright(data: bytes, max_side: int, max_pixels: int) -> tuple[Image.Image, int, int, int]:
    """The picture as mode L or RGB, upright and reduced; its full width and height; the reduction."""
    kind, reader = reader_for(data)
    check_structure(kind, data)
    try:
        # Of PNGs none but broken animations make Pillow warn; to be quiet takes as long as to open one.
        with _quiet() if kind != "PNG" or b"acTL" in data else nullcontext():
            image = reader(BytesIO(data))
        width, height = image.size
        if width * height > max_pixels:
            raise ImageTooLargeError(
                f"The picture has {width} × {height} pixels, more than the {max_pixels:,} that are read; "
                "make it smaller and send it again."
            )
        if kind == "PNG":
            check_sums(data)  # which loading does not
        factor = -(-max(width, height) // max_side)
        if kind == "JPEG" and factor <= 8:  # decoded to 1/2, 1/4 or 1/8, so that nothing is left to reduce
            factor = 1 << (factor - 1).bit_length()
        image.draft(None, (max(width // factor, 1), max(height // factor, 1)))
        image.load()
        drafted = max(1, round(max(width, height) / max(image.size)))
        transpose = _UPRIGHT.get(_orientation(image))
        image = _reduce(_to_eight_bits(image), -(-factor // drafted))
        if transpose is not None:
            image = image.transpose(transpose)
            if transpose in (
                Transpose.TRANSPOSE,
                Transpose.ROTATE_90,
                Transpose.ROTATE_270,
                Transpose.TRANSVERSE,
            ):
                width, height = height, width
        return _without_hues(_on_white(image)), width, height, drafted * -(-factor // drafted)
    except (ImageError, MemoryError):  # too little memory says nothing about the picture
        raise
    except Exception as error:
        if "out of memory" in str(error):  # so say Pillow's decoders, with an OSError
            raise MemoryError from error
        # Pillow raises OSError, SyntaxError, ValueError, struct.error, zlib.error and a dozen more on
        # damaged files; whichever it was, the user can do the same about it.
        raise UnreadableImageError(
            f"The picture is a {kind} that is damaged or incomplete; save it again and send the new file."
        ) from error


def _without_hues(image: Image.Image) -> Image.Image:
    """The image as mode L where it is grey in all but name, as what a browser draws is."""
    if image.mode != "RGB":
        return image
    red, green, blue = image.split()
    return red if red.tobytes() == green.tobytes() == blue.tobytes() else image


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warnings on broken metadata, which concern nobody.

    Python's warning filters are global to the process, hence the lock; it is held while metadata is
    read, never while pixels are decoded.
    """
    with _quiet_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1..8, or 1 where there is none or the EXIF is broken."""
    try:
        if not _TELLS_ORIENTATION & image.info.keys():
            return 1
        with _quiet():
            return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:  # broken EXIF is common and harmless, and Pillow fails on it in many ways
        return 1


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """The image as L, RGB or RGBA."""
    if image.has_transparency_data and not image.mode.startswith("I"):
        return image.convert("RGBA")
    if image.mode == "L":
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_scale_deep(np.asarray(image)))
    return image.convert("RGB")


def _scale_deep(values: ByteArray) -> ByteArray:
    """Pixels of more than 8 bits as uint8, by the range of the smallest sensor that holds the largest."""
    deep = np.maximum(np.nan_to_num(values.astype(np.float32)), 0)
    largest = float(deep.max(initial=0.0))
    white = next((w for w in (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0) if largest <= w), largest)
    return np.rint(deep * (255.0 / white)).astype(np.uint8)


def _reduce(image: Image.Image, factor: int) -> Image.Image:
    """The image with factor × factor blocks averaged."""
    return image.reduce(factor) if factor > 1 else image


def _on_white(image: Image.Image) -> Image.Image:
    """Lay a transparent image on white; where that leaves nothing to see, the opacity is the ink."""
    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    grey = np.asarray(white.convert("L"))
    if grey.min() > 200:
        alpha = np.asarray(image.getchannel("A"))
        if np.ptp(alpha) > np.ptp(grey):
            return Image.fromarray(255 - alpha)
    return white.convert("RGB")
