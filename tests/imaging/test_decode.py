"""decode and preview: every mode and orientation is read, everything damaged is refused in a sentence."""

import re
import struct
import subprocess
import sys
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from digitnet.errors import (
    EmptyImageError,
    ImageError,
    ImageTooLargeError,
    UnreadableImageError,
    UnsupportedImageError,
)
from digitnet.imaging import MNIST_GEOMETRY, Glyph, Picture, decode, find_digits, picture_from_array, preview


def four(width: int = 60, height: int = 80, ground: int = 255, ink: int = 0) -> Image.Image:
    """A 4 in mode L: no symmetry, so that every orientation of it looks different."""
    image = Image.new("L", (width, height), ground)
    draw = ImageDraw.Draw(image)
    draw.line([(35, 10), (12, 50), (50, 50)], fill=ink, width=7)
    draw.line([(38, 30), (38, 70)], fill=ink, width=7)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    output = BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def only(picture: Picture) -> Glyph:
    """The one digit in a picture, found with a judge to whom everything is a clear digit."""
    sure = np.array([[0.991] + [0.001] * 9])
    (found,) = find_digits(picture, MNIST_GEOMETRY, lambda pixels: sure.repeat(len(pixels), axis=0))
    return found


def glyph(data: bytes) -> np.ndarray:
    return only(decode(data)).pixels.astype(int)


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).mean())


def with_tone(image: Image.Image, mode: str) -> Image.Image:
    """The drawing in another mode, transparent where that mode can be."""
    if mode == "P+tRNS":
        result = image.convert("P")
        result.info["transparency"] = result.getpixel((0, 0))
        return result
    if mode == "RGB+tRNS":
        result = image.convert("RGB")
        result.info["transparency"] = (255, 255, 255)
        return result
    if mode in ("LA", "RGBA"):
        result = Image.new(mode, image.size, 0)
        result.putalpha(Image.eval(image, lambda value: 255 - value))
        return result
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "P+tRNS", "RGB", "RGB+tRNS", "RGBA"])
def test_every_png_mode_gives_the_same_digit(mode):
    assert difference(glyph(encoded(with_tone(four(), mode))), glyph(encoded(four()))) < 1


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("WEBP", "RGBA"), ("BMP", "1"),
     ("BMP", "L"), ("BMP", "P"), ("BMP", "RGB"), ("GIF", "P"), ("GIF", "P+tRNS")],
)  # fmt: skip
def test_every_type_gives_the_same_digit(kind, mode):
    assert difference(glyph(encoded(with_tone(four(), mode), kind)), glyph(encoded(four()))) < 6


def test_palette_with_alpha_is_composited():
    palette = Image.new("PA", (60, 80))
    palette.putpalette([value for value in range(256) for _ in range(3)])
    palette.putdata([(0, 255 - value) for value in four().get_flattened_data()])
    assert difference(glyph(encoded(palette.convert("RGBA"))), glyph(encoded(four()))) < 1


@pytest.mark.parametrize("white", [4095, 65535])
def test_sixteen_bits_are_scaled_not_clipped(white):
    grey = np.asarray(four(ground=255, ink=51)).astype(np.float64) / 255
    picture = decode(encoded(Image.fromarray(np.rint(grey * white).astype(np.uint16))))
    np.testing.assert_allclose(picture.grey, grey, atol=0.01)


def test_eight_bits_are_kept_as_they_are():
    image = four(ground=230, ink=51)
    picture = decode(encoded(image))
    assert picture.tones.dtype == np.uint8
    np.testing.assert_array_equal(picture.tones, np.asarray(image))
    assert picture.grey.dtype == np.float32
    np.testing.assert_array_equal(picture.grey, np.asarray(image, np.float32) / np.float32(255))
    assert picture.grey is picture.grey


def test_only_the_first_frame_of_a_gif_is_read():
    data = encoded(four(), "GIF", save_all=True, append_images=[Image.new("L", (60, 80), 255)])
    assert difference(glyph(data), glyph(encoded(four()))) < 1


@pytest.mark.parametrize("ink", [(255, 255, 255), (255, 250, 235)])
def test_white_ink_on_transparent_ground_is_seen(ink):
    image = Image.new("RGBA", (60, 80), (*ink, 0))
    image.paste((*ink, 255), mask=Image.eval(four(), lambda value: 255 - value))
    data = encoded(image)
    assert difference(glyph(data), glyph(encoded(four()))) < 1
    assert Image.open(BytesIO(preview(data))).convert("L").getextrema() == (0, 255)


@pytest.mark.parametrize("ink", ["blue", "yellow", "lightgreen", "pink", "red", "orange", "cyan"])
def test_coloured_ink_keeps_its_contrast(ink):
    image = Image.new("RGB", (60, 80), "white")
    image.paste(ink, mask=Image.eval(four(), lambda value: 255 - value))
    assert np.ptp(decode(encoded(image)).grey) > 0.15
    assert difference(glyph(encoded(image)), glyph(encoded(four()))) < 1


STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_exif_orientation_is_applied(orientation, kind):
    stored = four().convert("RGB")
    if orientation in STORED_AS:
        stored = stored.transpose(STORED_AS[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, kind, exif=exif)
    picture = decode(data)
    assert (picture.width, picture.height) == (60, 80)
    found, expected = only(picture), only(decode(encoded(four())))
    assert difference(found.pixels.astype(int), expected.pixels.astype(int)) < 6
    assert abs(found.box.x - expected.box.x) <= 2
    assert abs(found.box.y - expected.box.y) <= 2
    shown = Image.open(BytesIO(preview(data)))
    assert shown.size == (60, 80)
    assert not shown.getexif()


@pytest.mark.parametrize(
    "exif", [b"Exif\x00\x00", b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", b"Exif\x00\x00" + b"\x07" * 40]
)
def test_broken_exif_is_ignored(exif):
    assert decode(encoded(four(), "JPEG", exif=exif)).width == 60


def test_a_large_picture_is_reduced_and_says_by_how_much():
    for kind in ("PNG", "JPEG"):
        picture = decode(encoded(four().resize((2403, 3201)), kind))
        assert (picture.width, picture.height) == (2403, 3201)
        assert max(picture.grey.shape) <= 1600
        assert picture.grey.shape == (-(-3201 // picture.scale), -(-2403 // picture.scale))


def test_preview_is_small_and_keeps_the_shape():
    shown = Image.open(BytesIO(preview(encoded(four().resize((900, 1200))), max_side=320)))
    assert (shown.format, shown.size) == ("PNG", (240, 320))


def test_preview_carries_no_metadata():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "private")
    data = encoded(four(), pnginfo=notes)
    assert b"private" in data
    assert b"private" not in preview(data)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def pixels(width: int, height: int) -> bytes:
    return chunk(b"IDAT", zlib.compress(b"\x00" * (height * (width + 1))))


def assert_is_a_sentence(error: ImageError) -> None:
    message = str(error)
    assert re.fullmatch(r"[A-Z].*[.]", message)
    assert not re.search(r"/|\\|<|0x|Error|Errno", message)


@pytest.mark.parametrize("read", [decode, preview])
def test_no_bytes(read):
    with pytest.raises(EmptyImageError) as caught:
        read(b"")
    assert_is_a_sentence(caught.value)


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"hello, world", "text"), (b"<svg xmlns='x'/>", "SVG"), (b"<?xml version='1'?><svg/>", "SVG"),
     (b"<!DOCTYPE html>", "web page"), (b"%PDF-1.7", "PDF"), (b"%!PS-Adobe", "PostScript"),
     (b"\x00\x00\x00\x18ftypheic", "HEIC"), (b"8BPS", "Photoshop"), (b"PK\x03\x04", "ZIP"),
     (bytes(range(200, 256)), "else"), (b"\x89", "else"), (b"RIFF\x00\x00\x00\x00WAVE", "else")],
)  # fmt: skip
def test_other_types_are_named_and_refused(data, name):
    with pytest.raises(UnsupportedImageError, match=name) as caught:
        decode(data)
    assert_is_a_sentence(caught.value)


@pytest.mark.parametrize("kind", ["TIFF", "ICO", "PPM", "TGA", "PCX", "EPS"])
def test_what_pillow_could_read_but_is_not_allowed(kind):
    with pytest.raises(UnsupportedImageError) as caught:
        decode(encoded(four().convert("RGB"), kind))
    assert_is_a_sentence(caught.value)


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (100_000, 2_000), (5_001, 5_000)])
def test_too_many_pixels_are_refused_by_the_header(width, height):
    with pytest.raises(ImageTooLargeError, match=str(width)) as caught:
        decode(png(width, height, chunk(b"IDAT", zlib.compress(b""))))
    assert_is_a_sentence(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_the_limit_is_the_callers(kind):
    data = encoded(four(), kind)
    assert decode(data, max_pixels=4800).width == 60
    with pytest.raises(ImageTooLargeError, match="60 × 80"):
        decode(data, max_pixels=4799)


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


VALID = png(8, 8, pixels(8, 8))
DAMAGED = {
    "PNG header only": VALID[:8],
    "PNG cut in the header": VALID[:20],
    "PNG without pixels": png(8, 8),
    "PNG of no width": png(0, 8, pixels(0, 8)),
    "PNG of no height": png(8, 0, pixels(8, 0)),
    "PNG with a wrong header checksum": flipped(VALID, 30),
    "PNG with a wrong pixel checksum": flipped(VALID, len(VALID) - 14),
    "PNG with wrong pixels": flipped(VALID, VALID.index(b"IDAT") + 8),
    "PNG that never ends": VALID[:-12],
    "PNG with garbage after the header": VALID[:33] + b"\x07" * 100,
    "PNG with a bomb in compressed text": png(
        8, 8, chunk(b"zTXt", b"k\x00\x00" + zlib.compress(b"a" * 70_000_000)), pixels(8, 8)
    ),
    "PNG with a bomb in international text": png(
        8, 8, chunk(b"iTXt", b"k\x00\x01\x00\x00\x00" + zlib.compress(b"a" * 70_000_000)), pixels(8, 8)
    ),
    "JPEG start only": b"\xff\xd8\xff",
    "JPEG with garbage": b"\xff\xd8\xff\xe0" + b"\x07" * 200,
    "GIF header only": b"GIF89a",
    "GIF of no size": b"GIF89a" + bytes(20),
    "BMP header only": b"BM",
    "BMP with garbage": b"BM" + b"\x07" * 100,
    "WebP header only": b"RIFF\x04\x00\x00\x00WEBP",
    "WebP with garbage": b"RIFF\x64\x00\x00\x00WEBPVP8 " + b"\x07" * 80,
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_files(what):
    with pytest.raises(UnreadableImageError) as caught:
        decode(DAMAGED[what])
    assert_is_a_sentence(caught.value)


# A large picture is read in a process whose address space has 12 MiB left.
IN_LITTLE_MEMORY = """
import re, resource, sys
from pathlib import Path
from digitnet.imaging import decode
small, large = (Path(name).read_bytes() for name in sys.argv[1:])
decode(small)  # all that is loaded late is there
used = 1024 * int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
resource.setrlimit(resource.RLIMIT_AS, (used + 12 * 2**20,) * 2)
try:
    decode(large)
except MemoryError:
    print("MemoryError")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone limits a process's address space.")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_a_lack_of_memory_is_no_fault_of_the_picture(kind, tmp_path):
    mode = "P" if kind == "GIF" else "RGB"
    for name, side in (("small", 40), ("large", 4900)):
        (tmp_path / name).write_bytes(encoded(Image.new(mode, (side, side)), kind))
    program = [sys.executable, "-c", IN_LITTLE_MEMORY, tmp_path / "small", tmp_path / "large"]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("MemoryError\n", "")


def test_a_decoder_without_memory_is_no_fault_of_the_picture(monkeypatch):
    def load(_):
        raise OSError("out of memory error when reading image file")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(MemoryError):
        decode(encoded(four()))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_files(kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(UnreadableImageError) as caught:
        decode(data[: int(share * len(data))])
    assert_is_a_sentence(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_random_damage_gives_a_picture_or_an_image_error(kind):
    rng = np.random.default_rng(20)
    data = np.frombuffer(encoded(with_tone(four(), "RGB" if kind != "GIF" else "P"), kind), dtype=np.uint8)
    for _ in range(150):
        broken = data.copy()
        places = rng.integers(0, min(len(data), rng.choice([64, 100_000])), rng.integers(1, 6))
        broken[places] = rng.integers(0, 256, len(places))
        content = (
            broken[: rng.integers(1, len(data) + 1)].tobytes() if rng.random() < 0.3 else broken.tobytes()
        )
        try:
            picture = decode(content, max_pixels=1_000_000)
        except ImageError as error:
            assert_is_a_sentence(error)
        else:
            assert isinstance(picture, Picture)
            assert np.isfinite(picture.grey).all()


@pytest.mark.parametrize("tail", [b"\0", bytes(100_000), b"x" * 100_000, chunk(b"tEXt", b"k\0a") * 2_000])
def test_what_follows_the_end_of_a_png_does_not_matter(tail):
    assert np.array_equal(decode(VALID + tail).grey, decode(VALID).grey)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_arrays_of_every_type_are_scaled(dtype):
    grey = np.asarray(four(ink=51)) / 255
    largest = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    picture = picture_from_array((grey * largest).round(6 if largest == 1 else 0).astype(dtype))
    assert picture.grey.dtype == np.float32
    np.testing.assert_allclose(picture.grey, grey, atol=0.003)


def test_a_colour_array_is_what_its_file_is():
    image = four().convert("RGB")
    np.testing.assert_allclose(
        picture_from_array(np.asarray(image)).grey, decode(encoded(image)).grey, atol=1e-5
    )


def test_a_large_array_is_reduced_like_a_file():
    image = four().resize((2000, 1999))
    from_array, from_file = picture_from_array(np.asarray(image)), decode(encoded(image))
    assert from_array.scale == from_file.scale == 2
    np.testing.assert_allclose(from_array.grey, from_file.grey, atol=0.005)


@pytest.mark.parametrize(
    ("array", "error"),
    [(np.zeros((0, 5)), EmptyImageError), ([], EmptyImageError), (np.zeros(5), UnsupportedImageError),
     (np.zeros((2, 2, 4)), UnsupportedImageError), (np.zeros((1, 2, 2, 3)), UnsupportedImageError),
     (np.full((3, 3), np.nan), UnreadableImageError), (np.full((3, 3), np.inf), UnreadableImageError),
     (np.full((3, 3), -0.5), UnsupportedImageError), (np.full((3, 3), 256.0), UnsupportedImageError),
     (np.full((3, 3), -1), UnsupportedImageError), (np.full((2, 2), "a"), UnsupportedImageError),
     ([[1, 2], [3]], UnsupportedImageError)],
)  # fmt: skip
def test_arrays_that_are_no_pictures(array, error):
    with pytest.raises(error) as caught:
        picture_from_array(array)
    assert str(caught.value)[0].isupper()
    assert str(caught.value).endswith(".")
