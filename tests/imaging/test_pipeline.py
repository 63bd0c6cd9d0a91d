"""find_digits from end to end: the same digit gives the same pixels however it is presented."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from digitnet.imaging import (
    DIGITS_GEOMETRY,
    MNIST_GEOMETRY,
    Box,
    Geometry,
    Glyph,
    Picture,
    decode,
    picture_from_array,
)
from digitnet.imaging import find_digits as find_digits_by


def find_digits(picture: Picture, geometry: Geometry) -> list[Glyph]:
    """find_digits with a judge to whom everything is a clear digit, so that the ink alone decides."""
    return find_digits_by(picture, geometry, lambda pixels: np.tile([0.991] + [0.001] * 9, (len(pixels), 1)))


def seven(unit: int = 10, stroke: int = 13) -> Image.Image:
    """Coverage of a 7 of 10 × 14 units, mode L, 255 = full stroke, soft edges."""
    width, height = 10 * unit, 14 * unit
    image = Image.new("L", (4 * width, 4 * height), 0)
    draw = ImageDraw.Draw(image)
    reach = 4 * stroke * unit // 10
    points = [(reach, reach), (4 * width - reach, reach), (16 * unit, 4 * height - reach)]
    draw.line(points, fill=255, width=reach, joint="curve")
    return image.resize((width, height), Image.Resampling.BOX)


def page(coverage: Image.Image, size: tuple[int, int], at: tuple[int, int], ground=255, ink=0) -> Image.Image:
    image = Image.new("L", size, ground)
    image.paste(ink, at, mask=coverage)
    return image


def data(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    output = BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def only(image: Image.Image):
    (glyph,) = find_digits(decode(data(image)), MNIST_GEOMETRY)
    return glyph


def difference(first, second) -> float:
    """Mean absolute difference, the better of no shift and one pixel: centring rounds either way."""
    shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    a, b = first.pixels.astype(float), second.pixels.astype(float)
    return min(float(np.abs(np.roll(a, shift, (0, 1)) - b).mean()) for shift in shifts)


REFERENCE = page(seven(), (300, 300), (100, 80))


@seed(7)
@settings(max_examples=40, deadline=None, database=None)
@given(
    x=st.integers(0, 280), y=st.integers(0, 200), unit=st.integers(4, 14),
    ground=st.integers(150, 255), contrast=st.integers(60, 150), inverted=st.booleans(),
)  # fmt: skip
def test_place_size_tone_and_polarity_do_not_matter(x, y, unit, ground, contrast, inverted):
    image = page(seven(unit), (420, 400), (x, y), ground, ground - contrast)
    glyph = only(ImageOps.invert(image) if inverted else image)
    assert difference(glyph, only(REFERENCE)) < 5
    assert abs(glyph.box.height - 14 * unit) < 3 * unit


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_jpeg_does_not_matter(quality):
    (glyph,) = find_digits(decode(data(REFERENCE, "JPEG", quality=quality)), MNIST_GEOMETRY)
    assert difference(glyph, only(REFERENCE)) < 3


def test_a_transparent_ground_does_not_matter():
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    image.paste((20, 40, 160, 255), (100, 80), mask=seven())
    assert difference(only(image), only(REFERENCE)) < 2


@pytest.mark.parametrize("stroke", [1, 3])
def test_a_frame_does_not_matter(stroke):
    image = REFERENCE.copy()
    ImageDraw.Draw(image).rectangle([60, 40, 250, 260], outline=0, width=stroke)
    assert difference(only(image), only(REFERENCE)) < 2


def test_a_small_picture_keeps_its_pixels():
    """28 × 28, white on black, 20 high and centred: what a data set holds comes back as it is."""
    drawing = seven()
    digit = np.asarray(drawing.crop(drawing.getbbox()).resize((14, 20), Image.Resampling.BOX))
    rows, columns = np.indices(digit.shape)
    top = round(14 - (digit * rows).sum() / digit.sum())
    left = round(14 - (digit * columns).sum() / digit.sum())
    grey = np.zeros((28, 28), np.uint8)
    grey[top : top + 20, left : left + 14] = digit
    (glyph,) = find_digits(picture_from_array(grey), MNIST_GEOMETRY)
    assert np.abs(glyph.pixels.astype(int) - grey).mean() < 1.5


@pytest.mark.parametrize("geometry", [MNIST_GEOMETRY, DIGITS_GEOMETRY])
def test_blank_pictures_have_no_digits(geometry):
    rng = np.random.default_rng(8)
    slope = np.tile(np.linspace(0.4, 0.9, 200), (150, 1))
    for grey in (np.ones((150, 200)), slope, 0.7 + rng.normal(0, 0.02, (150, 200)), np.zeros((1, 1))):
        assert find_digits(picture_from_array(np.clip(grey, 0, 1)), geometry) == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("factor", [1, 4, 10])
def test_boxes_are_in_pixels_of_the_original(kind, factor):
    image = Image.new("L", (300 * factor, 260 * factor), 255)
    ImageDraw.Draw(image).rectangle([140 * factor, 50 * factor, 160 * factor - 1, 200 * factor - 1], fill=0)
    (glyph,) = find_digits(decode(data(image, kind)), MNIST_GEOMETRY)
    expected = Box(140 * factor, 50 * factor, 20 * factor, 150 * factor)
    for found, wanted in zip(vars(glyph.box).values(), vars(expected).values(), strict=True):
        assert found == pytest.approx(wanted, abs=3 * factor)


def test_boxes_never_leave_the_picture():
    image = Image.new("L", (1703, 1601), 255)
    ImageDraw.Draw(image).line([(300, 1000), (1702, 1000), (1000, 1600)], fill=0, width=90)
    (glyph,) = find_digits(decode(data(image)), MNIST_GEOMETRY)
    assert glyph.box.x + glyph.box.width <= 1703
    assert glyph.box.y + glyph.box.height <= 1601


def test_boxes_of_a_rotated_photograph_are_those_of_the_upright_one():
    upright = Image.new("L", (1800, 2400), 255)
    ImageDraw.Draw(upright).rectangle([1200, 300, 1320, 1100], fill=0)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(data(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif))
    assert (picture.width, picture.height) == (1800, 2400)
    (glyph,) = find_digits(picture, MNIST_GEOMETRY)
    assert vars(glyph.box) == pytest.approx({"x": 1200, "y": 300, "width": 121, "height": 801}, abs=10)


def test_digits_in_a_row():
    image = Image.new("L", (600, 200), 255)
    for x in (20, 180, 330, 480):
        image.paste(0, (x, 30), mask=seven(9))
    glyphs = find_digits(decode(data(image)), MNIST_GEOMETRY)
    assert [glyph.box.x // 10 for glyph in glyphs] == pytest.approx([2, 18, 33, 48], abs=1.5)


def test_the_same_in_any_thread_at_any_time():
    rng = np.random.default_rng(3)
    files = [
        data(page(seven(unit), (300, 260), (int(rng.integers(0, 120)), int(rng.integers(0, 60)))), kind)
        for unit in (5, 8, 11)
        for kind in ("PNG", "JPEG", "WEBP", "GIF")
    ] * 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda content: find_digits(decode(content), MNIST_GEOMETRY), files))
    for content, found in zip(files, together, strict=True):
        for expected, glyph in zip(find_digits(decode(content), MNIST_GEOMETRY), found, strict=True):
            assert glyph.box == expected.box
            np.testing.assert_array_equal(glyph.pixels, expected.pixels)


@pytest.mark.photos
@pytest.mark.parametrize("kind", ["photo", "canvas"])
def test_a_picture_of_one_digit_is_one_digit(photos_dir: Path, kind: str):
    files = [path for path in sorted((photos_dir / kind).rglob("*")) if path.is_file()]
    counts = [len(find_digits(decode(path.read_bytes()), MNIST_GEOMETRY)) for path in files]
    assert files
    assert np.mean(np.array(counts) == 1) > 0.98


@pytest.mark.photos
def test_blank_paper_photographs_have_no_digits(photos_dir: Path):
    for path in sorted((photos_dir / "nondigit" / "blank_paper").iterdir()):
        assert find_digits(decode(path.read_bytes()), MNIST_GEOMETRY) == []
