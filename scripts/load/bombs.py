"""Files that are small and ask for much, or are several things at once, each made from a generator."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

Maker = Callable[[np.random.Generator], bytes]

#: Options for a type whose files would otherwise name the moment they are made.
FIXED = {"PDF": {"creationDate": time.gmtime(0), "modDate": time.gmtime(0)}}


def chunk(name: bytes, content: bytes = b"") -> bytes:
    """One chunk of a PNG, its checksum right."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 0, interlaced: int = 0
) -> bytes:
    """A PNG of these chunks, whatever they hold."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND")


def _any(rng: np.random.Generator, *values: int) -> int:
    return int(rng.choice(np.array(values, dtype=np.int64)))


def _encoded(kind: str, side: int = 40, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(stream, kind, **options, **FIXED.get(kind, {}))
    return stream.getvalue()


def _png_of_many_pixels(rng: np.random.Generator) -> bytes:
    side = _any(rng, 5_001, 30_000, 65_535, 2**31 - 1)
    pixels = zlib.compress(bytes(500_000), 9)
    return png(side, side, chunk(b"IDAT", pixels), interlaced=_any(rng, 0, 1))


def _png_of_less_than_it_says(rng: np.random.Generator) -> bytes:
    pixels = zlib.compress(bytes(int(rng.integers(0, 5_000))))
    return png(600, 600, chunk(b"IDAT", pixels), depth=_any(rng, 1, 8, 16), colour=_any(rng, 0, 2, 3, 4, 6))


def _png_with_a_text_bomb(rng: np.random.Generator) -> bytes:
    bomb = zlib.compress(bytes(_any(rng, 2_000_000, 20_000_000)))
    text = {
        b"zTXt": b"Comment\0\0" + bomb,
        b"iTXt": b"Comment\0\1\0\0\0" + bomb,
        b"iCCP": b"profile\0\0" + bomb,
    }
    name = list(text)[_any(rng, 0, 1, 2)]
    return png(28, 28, chunk(name, text[name]), chunk(b"IDAT", zlib.compress(bytes(29 * 28))))


def _png_in_many_pieces(rng: np.random.Generator) -> bytes:
    name, count = (b"teSt", b"IDAT", b"iCCP", b"PLTE", b"tRNS", b"acTL")[_any(rng, *range(6))], 30_000
    return png(28, 28, chunk(name) * count, chunk(b"IDAT", zlib.compress(bytes(29 * 28))))


def _png_with_frames(rng: np.random.Generator) -> bytes:
    frames = int(rng.integers(1, 2**31))
    control = struct.pack(">IIIIIHHBB", 0, 2**30, 2**30, 0, 0, 1, 1, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(29 * 28)))
    return png(28, 28, chunk(b"acTL", struct.pack(">II", frames, 0)), chunk(b"fcTL", control), pixels)


def _jpeg_of_many_pixels(rng: np.random.Generator) -> bytes:
    whole = bytearray(_encoded("JPEG", progressive=bool(rng.integers(2))))
    start = max(whole.find(b"\xff\xc0"), whole.find(b"\xff\xc2"))
    struct.pack_into(">HH", whole, start + 5, _any(rng, 0, 4_000, 65_535), _any(rng, 0, 5_000, 65_535))
    return bytes(whole)


def _jpeg_of_many_scans(rng: np.random.Generator) -> bytes:
    whole = _encoded("JPEG", progressive=True)
    start = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[start:-2] * _any(rng, 20, 90, 3_000) + whole[-2:]


def _jpeg_with_metadata(rng: np.random.Generator) -> bytes:
    """EXIF whose directory points to itself, or is huge, or thousands of segments."""
    whole = _encoded("JPEG")
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    circular = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + struct.pack("<I", 8)
    huge = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + rng.bytes(60_000)
    segments = {
        0: b"\xff\xe1" + struct.pack(">H", len(circular) + 2) + circular,
        1: b"\xff\xe1" + struct.pack(">H", len(huge) + 2) + huge,
        2: b"\xff\xe5\0\2" * 50_000,
        3: (b"\xff\xe2\xff\xff" + b"ICC_PROFILE\0\1\xff" + bytes(65_519)) * 20,
    }
    return whole[:2] + segments[_any(rng, *segments)] + whole[2:]


def _gif_of_many_frames(rng: np.random.Generator) -> bytes:
    whole = _encoded("GIF", 8)
    start = whole.index(b"\x2c", 13)
    return whole[:start] + whole[start:-1] * _any(rng, 1_000, 20_000) + b";"


def _gif_of_many_pixels(rng: np.random.Generator) -> bytes:
    whole = bytearray(_encoded("GIF"))
    struct.pack_into("<HH", whole, 6, _any(rng, 0, 3_000, 65_535), _any(rng, 0, 3_000, 65_535))
    if rng.integers(2):
        frame = whole.index(b"\x2c", 13)
        struct.pack_into("<HHHH", whole, frame + 1, 65_000, 65_000, _any(rng, 0, 2_000), 65_535)
    return bytes(whole)


def _bmp(rng: np.random.Generator) -> bytes:
    """Bitmaps whose sizes, depths, offsets and compressions make no sense together."""
    sizes = (0, 1, -1, 40, -40, 4_999, 2**31 - 1, -(2**31))
    width, height = _any(rng, *sizes), _any(rng, *sizes)
    header = struct.pack("<IHHI", 200, 0, 0, _any(rng, 0, 14, 54, 1_078, 2**32 - 1))
    depth, compression = _any(rng, 0, 1, 4, 8, 16, 24, 32, 64), _any(rng, 0, 1, 2, 3, 4, 5, 11)
    colours = _any(rng, 0, 256, 2**31)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, depth, compression, 6, 0, 0, colours, 0)
    return b"BM" + header + info + bytes(1024) + rng.bytes(int(rng.integers(0, 3_000)))


def _webp(rng: np.random.Generator) -> bytes:
    """WebP with a canvas or a frame of other sizes than it has, or with lengths that are not so."""
    whole = bytearray(_encoded("WEBP", lossless=bool(rng.integers(2)), exif=b"Exif\0\0" + rng.bytes(50)))
    if rng.integers(2):
        whole[24:30] = _any(rng, 0, 4_999, 16_383, 2**24 - 1).to_bytes(3, "little") * 2
    else:
        struct.pack_into("<I", whole, _any(rng, 4, 16, 34), _any(rng, 0, 1, 2**31, 2**32 - 1))
    return bytes(whole)


def _several_at_once(rng: np.random.Generator) -> bytes:
    """The beginning of one type and the whole of another, or several behind each other."""
    kinds = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "ICO", "PDF")
    first, second = (_encoded(kinds[_any(rng, *range(len(kinds)))]) for _ in range(2))
    return first[: _any(rng, 3, 8, 12, len(first))] + second


def _nested(rng: np.random.Generator) -> bytes:
    """A picture packed into a picture's metadata, again and again."""
    inner = _encoded("PNG")
    for _ in range(int(rng.integers(1, 12))):
        inner = png(28, 28, chunk(b"eXIf", inner), chunk(b"IDAT", zlib.compress(bytes(29 * 28))))
    return inner


def _tiny(rng: np.random.Generator) -> bytes:
    """Nothing, a signature alone, or noise behind one."""
    signatures = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\xff\xff\xff\xffWEBP")
    return signatures[_any(rng, *range(len(signatures)))] + rng.bytes(_any(rng, 0, 0, 1, 20, 2_000))


_DOCUMENTS = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>',
    b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n(/etc/passwd) (r) file\n%%EOF\n",
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 1 0 R >>\nendobj\n",
    b"8BPS\0\1\0\0\0\0\0\0\xff\xff\0\xff\xff\xff\0\xff\xff\xff\0\x08\0\3",
    b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1A" + bytes(400),
    b"\0\0\0\x20ftypheic\0\0\0\0mif1heic" + b"\xff" * 400,
    b"II*\0\x08\0\0\0\xff\xff" + b"\0\1\4\0\1\0\0\0\xff\xff\xff\x7f" * 30,
    b"MM\0*\0\0\0\x08\0\1\1\0\0\4\0\0\0\1\x7f\xff\xff\xff\0\0\0\x08",
    b"\0\0\1\0\xff\xff" + b"\0\0\0\0\1\0\x20\0\xff\xff\xff\xff\x16\0\0\0" * 50,
    b"PK\3\4" + bytes(60),
    b"\x1f\x8b\x08" + bytes(60),
    b"\xff\x0a" + b"\xff" * 60,
    b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60),
    b"\0\0\0\x0cjP  \r\n\x87\n" + b"\xff" * 100,
    b"P6 99999 99999 255\n" + bytes(60),
    b"GIMP_ICC" + bytes(60),
    b"\x01\xda\x01\1\0\2\xff\xff\xff\xff\0\1" + bytes(600),
    b"\x0a\5\1\x08" + b"\xff" * 200,
    b"DDS \x7c\0\0\0" + b"\xff" * 200,
)


def _document(rng: np.random.Generator) -> bytes:
    """The beginning of something that is not read here, with noise behind it."""
    return _DOCUMENTS[_any(rng, *range(len(_DOCUMENTS)))] + rng.bytes(int(rng.integers(0, 500)))


BOMBS: dict[str, Maker] = {
    "png-pixels": _png_of_many_pixels,
    "png-short": _png_of_less_than_it_says,
    "png-text": _png_with_a_text_bomb,
    "png-pieces": _png_in_many_pieces,
    "png-frames": _png_with_frames,
    "jpeg-pixels": _jpeg_of_many_pixels,
    "jpeg-scans": _jpeg_of_many_scans,
    "jpeg-metadata": _jpeg_with_metadata,
    "gif-frames": _gif_of_many_frames,
    "gif-pixels": _gif_of_many_pixels,
    "bmp": _bmp,
    "webp": _webp,
    "several": _several_at_once,
    "nested": _nested,
    "tiny": _tiny,
    "document": _document,
}
