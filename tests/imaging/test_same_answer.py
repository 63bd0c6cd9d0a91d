"""The same digit gets the same answer however it is presented: inverted, moved, framed, transparent.

The digits are those of the test half of scikit-learn's data set, enlarged, as ink on a page. Hypothesis draws
from fixed seeds. Answers that the recogniser is sure of must be the same under every change; under those that
leave the ink's pixels as they are, the others must be too.
"""

import io
from functools import cache

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from digitnet import Recognizer
from digitnet.data import load_digits

WIDTH, HEIGHT, SIDE, AT = 200, 180, 120, (40, 30)

steadily = settings(max_examples=40, deadline=None, database=None)
digits = st.integers(0, 898)


@pytest.fixture(scope="module")
def recognizer(root):
    return Recognizer.load(root / "models" / "mnist.safetensors")


@cache
def coverage(number):
    """How much ink a digit of the data set leaves in each pixel, 255 for all."""
    pixels = load_digits().test.images[number] * (255.0 / 16)
    return Image.fromarray(np.rint(pixels).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def page(number, at=AT):
    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    picture.paste(0, at, mask=coverage(number))
    return picture


def encoded(picture, kind="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def framed(number, width, margin):
    picture = page(number)
    edges = [margin, margin, WIDTH - 1 - margin, HEIGHT - 1 - margin]
    ImageDraw.Draw(picture).rectangle(edges, outline=0, width=width)
    return picture


def transparent(number, ink=(0, 0, 0)):
    """Ink of a colour on nothing: what a drawing program saves without a background."""
    alpha = Image.new("L", (WIDTH, HEIGHT), 0)
    alpha.paste(coverage(number), AT)
    picture = Image.new("RGBA", alpha.size, (*ink, 0))
    picture.putalpha(alpha)
    return picture


def says(recognizer, picture, kind="PNG", **options):
    return recognizer.recognize(encoded(picture, kind, **options))


@seed(1)
@steadily
@given(number=digits)
def test_inverted(recognizer, number):
    assert says(recognizer, ImageOps.invert(page(number))).text == says(recognizer, page(number)).text


@seed(2)
@steadily
@given(number=digits, x=st.integers(0, WIDTH - SIDE), y=st.integers(0, HEIGHT - SIDE))
def test_moved(recognizer, number, x, y):
    assert says(recognizer, page(number, (x, y))).text == says(recognizer, page(number)).text


@seed(3)
@steadily
@given(number=digits, dark=st.integers(0, 60))
def test_transparent(recognizer, number, dark):
    assert says(recognizer, transparent(number, (dark,) * 3)).text == says(recognizer, page(number)).text


@seed(4)
@steadily
@given(number=digits, mode=st.sampled_from(["RGB", "RGBA", "LA", "P", "I;16"]))
def test_in_another_mode(recognizer, number, mode):
    picture = page(number)
    if mode == "I;16":
        other = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    else:
        other = picture.convert(mode)
    assert says(recognizer, other).text == says(recognizer, picture).text


@seed(5)
@steadily
@given(number=digits, kind=st.sampled_from(["BMP", "GIF", "WEBP"]))
def test_in_another_format_that_loses_nothing(recognizer, number, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    assert says(recognizer, page(number), kind, **options).text == says(recognizer, page(number)).text


def assert_the_same_where_sure(recognizer, number, changed):
    plain = says(recognizer, page(number))
    if plain.accepted:
        assert changed.text == plain.text


@seed(6)
@steadily
@given(number=digits, width=st.integers(1, 6), margin=st.integers(0, 9))
def test_framed(recognizer, number, width, margin):
    assert_the_same_where_sure(recognizer, number, says(recognizer, framed(number, width, margin)))


@seed(7)
@steadily
@given(number=digits, resampling=st.sampled_from(["NEAREST", "BICUBIC", "LANCZOS"]))
def test_twice_as_large(recognizer, number, resampling):
    larger = page(number).resize((2 * WIDTH, 2 * HEIGHT), Image.Resampling[resampling])
    assert_the_same_where_sure(recognizer, number, says(recognizer, larger))


@seed(8)
@steadily
@given(number=digits, kind=st.sampled_from(["JPEG", "WEBP"]), quality=st.integers(60, 95))
def test_in_a_format_that_loses_something(recognizer, number, kind, quality):
    assert_the_same_where_sure(recognizer, number, says(recognizer, page(number), kind, quality=quality))


def test_most_are_sure_and_the_rest_changes_seldom(recognizer):
    """What the tests above leave out: answers that are not sure, of the same 60 digits under each change."""
    numbers = np.random.default_rng(9).choice(899, 60, replace=False).tolist()
    plain = [says(recognizer, page(number)) for number in numbers]
    assert np.mean([prediction.accepted for prediction in plain]) > 0.85
    changes = {
        "framed": lambda number: encoded(framed(number, 1, 0)),
        "twice as large": lambda number: encoded(page(number).resize((2 * WIDTH, 2 * HEIGHT))),
        "JPEG": lambda number: encoded(page(number), "JPEG", quality=75),
    }
    for name, change in changes.items():
        texts = [recognizer.recognize(change(number)).text for number in numbers]
        same = sum(text == prediction.text for text, prediction in zip(texts, plain, strict=True))
        print(f"{name}: {same} of {len(numbers)} the same")
        assert same >= 58
