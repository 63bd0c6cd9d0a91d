"""The short way to a lone digit: it says what the long way says, and steps back where there is doubt."""

import io

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from digitnet.data import load_digits
from digitnet.imaging import MNIST_GEOMETRY, decode, normalize, readings
from digitnet.imaging.background import examine
from digitnet.imaging.even_ground import even_ground
from digitnet.imaging.lone_digit import lone_digit
from digitnet.imaging.readings import best_reading
from digitnet.model_file import load_model

steadily = settings(max_examples=60, deadline=None, database=None)


@pytest.fixture(scope="module")
def judge(root):
    model = load_model(root / "models" / "mnist.safetensors")

    def judge(crops):
        pixels = np.stack([normalize(crop, MNIST_GEOMETRY) for crop in crops])
        return pixels, model.scores(pixels)

    return judge


def drawn(number, *, side=120, at=(40, 30), ground=255, ink=0):
    """A digit of scikit-learn's data set as soft ink on a page."""
    pixels = np.rint(load_digits().test.images[number] * (255.0 / 16)).astype(np.uint8)
    coverage = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
    page = Image.new("L", (280, 240), ground)
    page.paste(ink, at, mask=coverage)
    stream = io.BytesIO()
    page.save(stream, "PNG")
    return decode(stream.getvalue()).grey


def page(draw_on, size=(280, 280), ground=255):
    image = Image.new("L", size, ground)
    draw_on(ImageDraw.Draw(image))
    return np.asarray(image, np.float32) / np.float32(255)


def long_way(grey, judge):
    """The reading as it is where no ground is taken for even."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readings, "even_ground", lambda _: None)
        return best_reading(grey, judge)


@seed(3)
@steadily
@given(
    number=st.integers(0, 898),
    side=st.integers(30, 200),
    x=st.integers(5, 70),
    y=st.integers(5, 35),
    tones=st.sampled_from([(255, 0), (0, 255), (230, 40), (60, 250), (255, 120)]),
)
def test_the_long_way_says_the_same(judge, number, side, x, y, tones):
    grey = drawn(number, side=side, at=(x, y), ground=tones[0], ink=tones[1])
    seen = even_ground(grey)
    assert seen is not None
    short = lone_digit(seen, judge)
    if short is None:
        return
    other = long_way(grey, judge)
    assert short.text == other.text
    ((one,), (two,)) = short.regions, other.regions
    assert one.probabilities == pytest.approx(two.probabilities, abs=0.05)
    assert abs(one.box.x - two.box.x) <= 4
    assert abs(one.box.height - two.box.height) <= 8


@pytest.mark.parametrize("tones", [(255, 0), (0, 255), (230, 40), (200, 210)])
def test_bytes_are_seen_as_floats_are(tones):
    grey = drawn(7, ground=tones[0], ink=tones[1])
    seen, other = even_ground(grey), even_ground(np.rint(grey * 255).astype(np.uint8))
    assert (seen is None) == (other is None) == (tones == (200, 210))
    if seen is not None:
        np.testing.assert_array_equal(seen.depth, other.depth)
        assert (seen.top, seen.left, seen.shape) == (other.top, other.left, other.shape)


def test_most_lone_digits_take_it(judge):
    taken = [lone_digit(even_ground(drawn(number)), judge) for number in range(0, 898, 30)]
    assert sum(reading is not None for reading in taken) > 0.7 * len(taken)


@pytest.mark.parametrize(("ground", "ink"), [(255, 0), (0, 255), (200, 30), (40, 255)])
def test_its_scene_is_that_of_the_long_way(ground, ink):
    grey = drawn(7, ground=ground, ink=ink)
    scene, long = even_ground(grey).scene(), examine(grey)
    assert scene.depth.shape == grey.shape
    off = np.abs(scene.depth - long.depth)  # what the long way knows of the ground, it has measured
    assert off.mean() < 0.01
    assert off.max() < 0.06
    assert long.prior > 0.9


NOT_EVEN = {
    "nothing on it": page(lambda _: None),
    "a slope": np.tile(np.linspace(0.5, 1, 280, dtype=np.float32), (280, 1)),
    "one pixel of the border": page(lambda draw: draw.point((0, 100), 0)),
    "ink on the border": page(lambda draw: draw.line((140, 0, 140, 200), fill=0, width=20)),
    "marks of either polarity": page(
        lambda draw: (
            draw.line((80, 60, 80, 200), fill=0, width=20),
            draw.line((180, 60, 180, 200), fill=255, width=20),
        ),
        ground=128,
    ),
    "faint marks": page(lambda draw: draw.line((140, 60, 140, 200), fill=215, width=20)),
    "a sheet on a table": page(
        lambda draw: (
            draw.rectangle((60, 40, 220, 240), fill=255),
            draw.line((140, 80, 140, 200), fill=0, width=16),
        ),
        ground=0,
    ),
    "a mark that covers most": page(lambda draw: draw.rectangle((10, 10, 270, 270), fill=0)),
}


@pytest.mark.parametrize("grey", NOT_EVEN.values(), ids=NOT_EVEN)
def test_no_even_ground(grey):
    assert even_ground(grey) is None


DOUBTFUL = {
    "two digits": lambda draw: (
        draw.line((80, 60, 80, 200), fill=0, width=20),
        draw.line((180, 60, 180, 200), fill=0, width=20),
    ),
    "a dash": lambda draw: draw.line((60, 140, 220, 140), fill=0, width=14),
    "dust": lambda draw: draw.rectangle((140, 140, 147, 150), fill=0),
    "a dot that a rough look misses": lambda draw: (
        draw.point((61, 61), 0),
        draw.point((201, 203), 0),
    ),
    "a blot": lambda draw: draw.ellipse((100, 100, 180, 180), fill=0),
}


@pytest.mark.parametrize("draw_on", DOUBTFUL.values(), ids=DOUBTFUL)
def test_doubt_takes_the_long_way(judge, draw_on):
    seen = even_ground(page(draw_on))
    assert seen is None or lone_digit(seen, judge) is None


def five(gap):
    """A 5 whose bar stands off its bowl."""

    def draw_on(draw):
        draw.line((110, 70, 190, 70), fill=0, width=16)
        draw.line((104, 70 + 16 + gap, 104, 130), fill=0, width=16)
        draw.arc((80, 110, 190, 220), start=-120, end=140, fill=0, width=16)

    return page(draw_on)


@pytest.mark.parametrize("gap", [4, 8, 12])
def test_a_digit_in_pieces_is_read_as_one(judge, gap):
    grey = five(gap)
    short = lone_digit(even_ground(grey), judge)
    assert short is not None
    assert short.text == long_way(grey, judge).text == "5"
    assert len(short.regions) == 1


def test_a_digit_that_the_recogniser_doubts_takes_the_long_way(judge):
    seen = even_ground(page(lambda draw: draw.line((140, 60, 140, 200), fill=0, width=20)))

    def doubtful(crops):
        pixels, _ = judge(crops)
        return pixels, np.tile([0.94] + [0.06 / 9] * 9, (len(crops), 1))

    assert lone_digit(seen, judge).text == "1"
    assert lone_digit(seen, doubtful) is None
