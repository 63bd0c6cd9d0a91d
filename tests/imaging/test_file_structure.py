"""Small files that ask for hours of work are refused at once; ordinary files are not."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from digitnet.errors import ImageTooLargeError, UnreadableImageError
from digitnet.imaging import decode

PICTURE = Image.fromarray(np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8) * 2)


def _encoded(kind, **options):
    buffer = io.BytesIO()
    PICTURE.save(buffer, kind, **options)
    return buffer.getvalue()


def _chunk(name, content=b""):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _png_with(*chunks):
    png = _encoded("PNG")
    return png[:33] + b"".join(chunks) + png[33:]


def _jpeg_with(pieces):
    jpeg = _encoded("JPEG")
    return jpeg[:2] + pieces + jpeg[2:]


def _scans(count):
    """A JPEG whose last scan stands there again and again."""
    jpeg = _encoded("JPEG")
    start = jpeg.index(b"\xff\xda")
    return jpeg[:-2] + jpeg[start:-2] * count + jpeg[-2:]


def _gif_with_comment(blocks):
    gif = _encoded("GIF")
    end = 13 + (3 << ((gif[10] & 7) + 1))
    return gif[:end] + b"\x21\xfe" + b"\x01x" * blocks + b"\x00" + gif[end:]


PROFILE = b"p\0\0" + zlib.compress(bytes(1_000_000))


@pytest.mark.parametrize(
    "content",
    [
        _scans(3000),
        _jpeg_with(b"\xff\xe1\x00\x08Exif\0\0" * 300_000),
        _jpeg_with(b"\xff\xe5\x00\x02" * 500_000),
        _jpeg_with(b"\xff" * 1_000_000),
        _jpeg_with(b"\xff\x00" * 500_000),
        _png_with(*[_chunk(b"iCCP", PROFILE)] * 1000),
        _png_with(*[_chunk(b"teSt")] * 100_000),
        _gif_with_comment(1_000_000),
    ],
    ids=["scans", "exif", "segments", "padding", "stuffing", "profiles", "chunks", "comment"],
)
def test_files_in_too_many_pieces_are_refused_at_once(content):
    started = time.process_time()
    with pytest.raises(UnreadableImageError, match="more than any camera or program writes"):
        decode(content)
    assert time.process_time() - started < 5  # the decoder took minutes


def test_a_large_run_length_bitmap_is_refused():
    header = b"BM" + struct.pack("<IHHI", 1084, 0, 0, 1078)
    header += struct.pack("<IiiHHIIiiII", 40, 25_000_000, 1, 1, 8, 1, 6, 0, 0, 256, 0)
    with pytest.raises(ImageTooLargeError, match="run-length"):
        decode(header + bytes(1024) + b"\x00\x01" * 3)


@pytest.mark.parametrize(
    "content",
    [
        _encoded("JPEG", progressive=True),
        _encoded("JPEG", exif=PICTURE.getexif(), comment=b"a 7"),
        _encoded("PNG", icc_profile=bytes(3000)),
        _png_with(_chunk(b"iCCP", PROFILE), *[_chunk(b"teSt")] * 500),
        _encoded("GIF", comment=b"x" * 2000),
        _gif_with_comment(100),
        _encoded("BMP"),
        _encoded("WEBP"),
    ],
)
def test_ordinary_files_pass(content):
    assert decode(content).grey.shape == (64, 64)


@pytest.mark.parametrize(("width", "height"), [(10, 12800), (33, 20000), (12800, 10)])
def test_a_narrow_jpeg_is_reduced_by_as_much_as_it_says(width, height):
    image = Image.new("L", (width, height), 255)
    image.paste(0, (0, height * 6 // 10, width, height * 9 // 10) if height > width else (0, 0, 1, 1))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    picture = decode(buffer.getvalue())
    longer = max(picture.grey.shape)
    assert longer * picture.scale == pytest.approx(max(width, height), rel=0.02)
