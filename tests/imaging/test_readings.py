"""best_reading: which ground, ink and digits are believed, when the search ends and what it may cost."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digitnet.imaging.background import examine_all
from digitnet.imaging.picture import FloatArray
from digitnet.imaging.readings import best_reading


class Judge:
    """Says what a rule says of each crop, a digit and its probability, and remembers the crops."""

    def __init__(self, rule):
        self.rule = rule
        self.crops: list[FloatArray] = []

    def __call__(self, crops):
        self.crops += crops
        probabilities = np.empty((len(crops), 10))
        for row, crop in zip(probabilities, crops, strict=True):
            digit, probability = self.rule(crop)
            row[:] = min((1 - probability) / 9, 0.1)
            row[digit] = max(probability, 0.1)
        return np.zeros((len(crops), 28, 28), dtype=np.uint8), probabilities


def upright_is_one(crop, probability=0.97):
    """What is a plain upright bar is a 1, and nothing else is a digit."""
    height, width = crop.shape
    return 1, probability if 2.5 < height / width < 15 and crop.mean() > 0.45 else 0.02


def grey(draw_on, size=(400, 200), ground=255):
    image = Image.new("L", size, ground)
    draw_on(ImageDraw.Draw(image))
    return np.asarray(image, dtype=np.float32) / 255


def bars(draw, lefts=(60, 160, 260), top=50, bottom=149, width=16, fill=0):
    for left in lefts:
        draw.rectangle([left, top, left + width - 1, bottom], fill=fill)


@pytest.mark.parametrize(
    "picture",
    [
        np.ones((80, 120)),
        np.zeros((80, 120)),
        np.full((1, 1), 0.5),
        np.tile(np.linspace(0.3, 0.9, 160), (90, 1)),
        np.clip(0.7 + np.random.default_rng(3).normal(0, 0.02, (90, 160)), 0, 1),
    ],
    ids=["white", "black", "one pixel", "slope", "faint noise"],
)
def test_where_there_is_no_ink_nobody_is_asked(picture):
    judge = Judge(upright_is_one)
    reading = best_reading(picture.astype(np.float32), judge)
    assert (reading.regions, reading.text, reading.sure) == ([], "", False)
    assert judge.crops == []


def test_a_plain_page_is_read_and_the_cost_is_that_of_its_digits():
    reading = best_reading(grey(bars), Judge(upright_is_one))
    assert reading.text == "111"
    assert reading.sure
    assert [region.box.x for region in reading.regions] == [60, 160, 260]
    assert reading.cost == pytest.approx(-3 * math.log(0.97), abs=0.05)


def test_a_sure_reading_ends_the_search():
    sure, unsure = Judge(upright_is_one), Judge(lambda crop: upright_is_one(crop, 0.6))
    picture = grey(bars)
    assert best_reading(picture, sure).sure
    assert len(sure.crops) == 3
    reading = best_reading(picture, unsure)
    assert reading.text == "111"
    assert not reading.sure
    assert len(unsure.crops) > 3


def stripes():
    """Dark and light stripes, 6 and 10 pixels wide: neither tone is more like a ground than the other."""
    columns = np.indices((64, 64))[1] % 16
    return np.where(columns < 6, np.float32(0.2), np.float32(0.8))


def test_a_doubtful_polarity_has_a_scene_of_either():
    scenes = list(examine_all(stripes()))
    assert {bool(scene.depth[32, 18] > scene.depth[32, 26]) for scene in scenes} == {True, False}


@pytest.mark.parametrize(("dark_ink", "width"), [(True, 6), (False, 10)])
def test_of_two_polarities_the_one_with_digits_is_believed(dark_ink, width):
    """One judge takes the dark stripes for 1s, another the light ones, which are wider."""
    judge = Judge(lambda crop: (1, 0.98 if abs(crop.shape[1] - width) < 2 else 0.02))
    reading = best_reading(stripes(), judge)
    assert set(reading.text) == {"1"}
    inner = [region.box for region in reading.regions if 10 < region.box.x < 45]
    assert inner
    assert all((box.x % 16 in (15, 0, 1)) == dark_ink for box in inner)


def test_the_reading_with_the_better_digits_outweighs_another():
    """A rule joins the bars to what is no digit; with the rule gone they are digits, which wins."""

    def ruled(draw):
        bars(draw)
        draw.line([0, 100, 399, 100], fill=0, width=4)

    judge = Judge(upright_is_one)
    reading = best_reading(grey(ruled), judge)
    assert max(crop.shape[1] for crop in judge.crops) == 400  # the reading with the rule was tried
    assert reading.text == "111"
    assert [region.box.height for region in reading.regions] == [pytest.approx(100, abs=4)] * 3


def test_digits_are_read_through_a_pattern():
    """Crossed hatching, half as dark as the ink, runs across the bars and joins them."""
    rows, columns = np.indices((200, 400))
    hatching = ((rows + columns) % 20 < 3) | ((rows - columns) % 20 < 3)
    picture = np.where(hatching, np.minimum(grey(bars), 0.5), grey(bars)).astype(np.float32)
    judge = Judge(upright_is_one)
    reading = best_reading(ndimage.gaussian_filter(picture, 0.6), judge)
    assert reading.text == "111"
    assert [region.box.x for region in reading.regions] == [
        pytest.approx(left, abs=4) for left in (60, 160, 260)
    ]


def test_a_lone_digit_more_likely_than_not_is_not_looked_for_behind_patterns():
    def asked(probability):
        judge = Judge(lambda crop: upright_is_one(crop, probability))
        best_reading(grey(lambda draw: bars(draw, (190,))), judge)
        return len(judge.crops)

    assert asked(0.6) < asked(0.2)


def test_noise_and_scribbles_cost_no_more_than_is_allowed():
    """A thousand strokes that nobody can read: every way is tried, but the work has an end."""
    rng = np.random.default_rng(11)

    def scrawl(draw):
        for x, y, dx, dy in zip(*rng.uniform(0, 800, (2, 1000)), *rng.normal(0, 40, (2, 1000)), strict=True):
            draw.line([x, y, x + dx, y + dy], fill=0, width=3)

    judge = Judge(lambda _: (3, 0.3))
    reading = best_reading(grey(scrawl, (800, 800)), judge)
    assert not reading.sure
    # 10,000,000 pixels of work, of which judging a piece takes 10,000 and its own size
    assert sum(10_000 + crop.size for crop in judge.crops) <= 10_000_000
