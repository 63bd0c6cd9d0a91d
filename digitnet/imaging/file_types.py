"""Which image types are read, told by the first bytes of a file and never by its name."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from digitnet.errors import EmptyImageError, UnsupportedImageError

# Type, first bytes, reader. The readers are called directly rather than through Image.open: no other of
# Pillow's many plugins can run, whatever the host application has registered, and the type is decided
# by content. (Image.open would also warn about many pixels, by Python's warnings, which are global.)
Reader = Callable[[BytesIO], Image.Image]
_READERS: list[tuple[str, bytes, Reader]] = [
    ("PNG", b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    ("JPEG", b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
    ("GIF", b"GIF87a", GifImagePlugin.GifImageFile),
    ("GIF", b"GIF89a", GifImagePlugin.GifImageFile),
    ("BMP", b"BM", BmpImagePlugin.BmpImageFile),
    ("WebP", b"RIFF", WebPImagePlugin.WebPImageFile),
]
_READ_TYPES = "PNG, JPEG, WebP, BMP and GIF"
# First bytes of files that people send by mistake, so that the message can name them.
_OTHER_TYPES = [
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (b"8BPS", "a Photoshop file"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
]


def reader_for(data: bytes) -> tuple[str, Reader]:
    """The type of the bytes by their beginning, such as "PNG", and Pillow's reader of that type.

    Raises:
        EmptyImageError: there are no bytes.
        UnsupportedImageError: they are of no type that is read; the message names what they look like.
    """
    if not data:
        raise EmptyImageError("The file is empty; send a picture.")
    for kind, signature, reader in _READERS:
        if data.startswith(signature) and (kind != "WebP" or data[8:12] == b"WEBP"):
            return kind, reader
    raise UnsupportedImageError(f"The file looks like {_describe(data)}; pictures are read as {_READ_TYPES}.")


def _describe(data: bytes) -> str:
    """What the bytes seem to be, as far as their beginning tells."""
    for signature, name in _OTHER_TYPES:
        if data.startswith(signature):
            return name
    if data[4:8] == b"ftyp":
        return "a HEIC or AVIF image, or a video"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return "an SVG drawing"
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page or XML document"
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in data[:1024]):
        return "plain text"
    return "something else than a picture"
