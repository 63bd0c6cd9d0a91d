"""normalize and to_inputs: digits laid out as the data sets lay theirs out."""

import gzip

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

from digitnet.errors import ConfigurationError
from digitnet.imaging import DIGITS_GEOMETRY, MNIST_GEOMETRY, Geometry, normalize, to_inputs
from digitnet.imaging.ink import extract_ink, ink_bounds
from digitnet.imaging.picture import picture_from_array


def seen(grey: np.ndarray, geometry: Geometry) -> np.ndarray:
    """All ink of a picture, uint8 (height, width), as one digit."""
    values = extract_ink(picture_from_array(grey).grey).values
    bounds = ink_bounds(values)
    assert bounds is not None
    return normalize(values[bounds], geometry).astype(float)


def bar(height: int, width: int) -> np.ndarray:
    return np.ones((height, width), dtype=np.float32)


def extent(pixels: np.ndarray) -> tuple[int, int]:
    """Height and width of what is darker than a third."""
    ink = pixels > pixels.max() / 3
    return int(ink.any(axis=1).sum()), int(ink.any(axis=0).sum())


def ring(height: int, width: int, stroke: int) -> np.ndarray:
    image = Image.new("L", (width, height), 0)
    ImageDraw.Draw(image).ellipse([0, 0, width - 1, height - 1], outline=255, width=stroke)
    return np.asarray(image, dtype=np.float32) / 255


@pytest.mark.parametrize(
    ("height", "width"), [(200, 100), (100, 200), (150, 150), (30, 21), (12, 8), (700, 500)]
)
def test_the_longer_side_is_twenty_and_the_aspect_ratio_kept(height, width):
    pixels = normalize(ring(height, width, max(2, min(height, width) // 6)), MNIST_GEOMETRY)
    assert pixels.shape == (28, 28)
    assert pixels.dtype == np.uint8
    longer = max(height, width)
    found = extent(pixels)
    assert found[0] == pytest.approx(20 * height / longer, abs=1)
    assert found[1] == pytest.approx(20 * width / longer, abs=1)


def test_white_around_the_digit_changes_nothing():
    digit = ring(120, 80, 14)
    padded = np.pad(digit, ((5, 60), (33, 2)))
    np.testing.assert_array_equal(normalize(padded, MNIST_GEOMETRY), normalize(digit, MNIST_GEOMETRY))


def test_the_centre_of_mass_is_in_the_middle():
    # An L has its mass low and to the left of its box.
    shape = np.zeros((100, 60), dtype=np.float32)
    shape[:, :14] = shape[-14:] = 1
    pixels = normalize(shape, MNIST_GEOMETRY).astype(float)
    rows, columns = np.indices(pixels.shape)
    assert (pixels * rows).sum() / pixels.sum() == pytest.approx(14, abs=0.51)
    assert (pixels * columns).sum() / pixels.sum() == pytest.approx(14, abs=0.51)


@pytest.mark.parametrize("geometry", [MNIST_GEOMETRY, DIGITS_GEOMETRY])
@pytest.mark.parametrize("ink", [np.zeros((40, 30), np.float32), np.zeros((1, 1), np.float32)])
def test_no_ink_gives_an_empty_picture(geometry, ink):
    assert not normalize(ink, geometry).any()


@pytest.mark.parametrize("geometry", [MNIST_GEOMETRY, DIGITS_GEOMETRY])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (300, 1), (2, 3), (500, 2)])
def test_extreme_shapes_stay_visible(geometry, height, width):
    pixels = normalize(bar(height, width), geometry)
    assert pixels.max() > 0.2 * geometry.levels
    assert pixels.max() <= geometry.levels


@pytest.mark.parametrize("stroke", [1, 2, 4])
def test_thin_lines_do_not_fade(stroke):
    pixels = normalize(ring(600, 400, stroke), MNIST_GEOMETRY)
    assert pixels.max() > 200
    assert 0.06 < (pixels > 128).mean() < 0.16


def test_thick_strokes_keep_their_hole():
    pixels = normalize(ring(400, 300, 110), MNIST_GEOMETRY)
    assert pixels[12:16, 13:15].min() < 60
    assert pixels.max() == 255


def test_the_digits_geometry_fills_the_height_and_the_middle_columns():
    pixels = normalize(ring(300, 240, 40), DIGITS_GEOMETRY)
    assert pixels.shape == (8, 8)
    assert pixels.max() <= 16
    assert pixels.any(axis=1).all()
    assert not pixels[:, [0, 7]].any()
    np.testing.assert_array_equal(pixels, pixels[:, ::-1])


def test_the_data_sets_own_digits_come_back():
    images = load_digits().images[:120]
    differences = []
    for image in images:
        enlarged = Image.fromarray(np.rint(255 - image * 255 / 16).astype(np.uint8)).resize((256, 256))
        differences.append(np.abs(seen(np.asarray(enlarged), DIGITS_GEOMETRY) - image).mean())
    assert np.mean(differences) < 1.6
    assert np.quantile(differences, 0.95) < 2.6


@pytest.mark.parametrize("flat", [False, True])
def test_inputs_are_pixels_over_levels(flat):
    pixels = np.random.default_rng(1).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    inputs = to_inputs(pixels.reshape(5, -1) if flat else pixels, MNIST_GEOMETRY)
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs, pixels.reshape(5, 784) / 255, rtol=1e-6)


def test_no_pictures_give_no_inputs():
    assert to_inputs(np.zeros((0, 8, 8), np.uint8), DIGITS_GEOMETRY).shape == (0, 64)


@pytest.mark.parametrize("shape", [(28, 28), (2, 8, 8), (2, 64), (784,), (2, 28, 28, 1)])
def test_inputs_of_another_shape_are_refused(shape):
    with pytest.raises(ConfigurationError, match="expected"):
        to_inputs(np.zeros(shape, np.uint8), MNIST_GEOMETRY)


def test_inputs_above_the_levels_are_refused():
    with pytest.raises(ConfigurationError, match="expected 0 to 16"):
        to_inputs(np.full((1, 8, 8), 17, np.uint8), DIGITS_GEOMETRY)


@pytest.mark.mnist
def test_mnist_pictures_come_back(mnist_dir):
    with gzip.open(mnist_dir / "train-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(16 + 300 * 784), np.uint8, offset=16).reshape(-1, 28, 28)
    differences = [np.abs(seen(image, MNIST_GEOMETRY) - image).mean() for image in images]
    assert np.mean(differences) < 1.0
    assert np.median(differences) < 0.6
