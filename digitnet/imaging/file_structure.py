"""A cheap walk through a file before it is decoded: refuses what would keep a decoder busy for minutes.

A few kilobytes can ask for hours of work without asking for many pixels: a JPEG of thousands of scans, a
PNG of thousands of colour profiles, metadata in millions of empty pieces. No picture of a number needs
any of that, so the limits lie far above what cameras and programs write.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from digitnet.errors import ImageTooLargeError, UnreadableImageError

_MOST_SCANS = 100  # of a JPEG: a progressive one has about ten, and so has each thumbnail in it
_MOST_PIECES = 1_000  # of metadata: segments of a JPEG, chunks of a PNG besides its pixels
_MOST_PIXEL_CHUNKS = 20_000  # of a PNG
_MOST_PADDING = 1_024  # bytes between the segments of a JPEG
_MOST_BLOCKS = 10_000  # of a GIF before its first picture
_MOST_RUN_LENGTH_PIXELS = 2_000_000  # of a BMP: its runs are decoded in Python


def check_structure(kind: str, data: bytes) -> None:
    """Refuse a file whose structure asks for far more work than its pixels.

    Damage that the walk meets is left to the decoder, which reports it.

    Args:
        kind: as :func:`digitnet.imaging.file_types.reader_for` names it.
        data: the content of the file.

    Raises:
        UnreadableImageError: more pieces than any honest file has.
        ImageTooLargeError: a run-length BMP of too many pixels.
    """
    walk = _WALKS.get(kind)
    if walk is not None:
        walk(data)


def check_sums(data: bytes) -> None:
    """Compare every chunk of a PNG with its checksum.

    Raises:
        ValueError: one differs.
        struct.error: the file ends before its last chunk.
    """
    view, position = memoryview(data), 8
    while (name := data[position + 4 : position + 8]) != b"IEND":
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if struct.unpack_from(">I", data, end) != (zlib.crc32(view[position + 4 : end]),):
            raise ValueError(f"the chunk {name!r} is damaged")
        position = end + 4


def _refuse(kind: str, what: str) -> UnreadableImageError:
    return UnreadableImageError(
        f"The picture is a {kind} with {what}, more than any camera or program writes; "
        "save it again and send the new file."
    )


def _walk_jpeg(data: bytes) -> None:
    # Within compressed data 0xFF is followed by 0, so this counts scans, those of thumbnails among them.
    if data.count(b"\xff\xda") > _MOST_SCANS:
        raise _refuse("JPEG", "thousands of scans")
    position, pieces, padding = 2, 0, 0
    while position + 4 <= len(data):
        marker = data[position + 1]
        if data[position] != 0xFF or marker in (0x00, 0xFF):
            position += 1
            padding += 1
        elif marker == 0xDA:
            return
        else:
            alone = marker == 0x01 or 0xD0 <= marker <= 0xD9
            position += 2 if alone else 2 + max(2, int.from_bytes(data[position + 2 : position + 4], "big"))
            pieces += 1
        if pieces > _MOST_PIECES or padding > _MOST_PADDING:
            raise _refuse("JPEG", "thousands of pieces of metadata")


def _walk_png(data: bytes) -> None:
    position, pixels, pieces, profiles = 8, 0, 0, 0
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if name == b"IEND":  # what follows is padding, which no decoder looks at
            return
        pixels += name in (b"IDAT", b"fdAT")
        pieces += name not in (b"IDAT", b"fdAT")
        profiles += name == b"iCCP"
        if pieces > _MOST_PIECES or pixels > _MOST_PIXEL_CHUNKS or profiles > 1:
            raise _refuse("PNG", "thousands of chunks" if profiles <= 1 else "several colour profiles")
        position += 12 + length


def _walk_gif(data: bytes) -> None:
    if len(data) < 13:
        return
    position, blocks = 13, 0
    if data[10] & 0x80:
        position += 3 << ((data[10] & 7) + 1)
    while position + 2 < len(data) and data[position] == 0x21:
        position += 2
        while position < len(data) and (length := data[position]):
            position += 1 + length
            blocks += 1
            if blocks > _MOST_BLOCKS:
                raise _refuse("GIF", "thousands of blocks of metadata")
        position += 1


def _walk_bmp(data: bytes) -> None:
    if len(data) < 34 or int.from_bytes(data[14:18], "little") < 40:
        return
    width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
    if compression in (1, 2) and abs(width * height) > _MOST_RUN_LENGTH_PIXELS:
        raise ImageTooLargeError(
            f"The picture is a run-length BMP of {abs(width)} × {abs(height)} pixels; "
            "save it as PNG, or make it smaller."
        )


_WALKS: dict[str, Callable[[bytes], None]] = {
    "JPEG": _walk_jpeg,
    "PNG": _walk_png,
    "GIF": _walk_gif,
    "BMP": _walk_bmp,
}
