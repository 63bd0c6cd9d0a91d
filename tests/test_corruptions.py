"""Each corruption does what its description says, on pictures whose answer is known beforehand."""

import numpy as np
import pytest
from scipy import ndimage

from digitnet.corruptions import CORRUPTIONS, MNIST_C, corrupt
from digitnet.data import load_digits
from digitnet.errors import ConfigurationError

SEED = 3


def _rng():
    return np.random.default_rng(SEED)


@pytest.fixture(scope="module")
def digits():
    """Forty test digits, three times enlarged and with a margin: about MNIST's size and stroke."""
    small = load_digits().test.images[:40].astype(float) / 16
    return np.pad(np.round(255 * small.repeat(3, 1).repeat(3, 2)).astype(np.uint8), ((0, 0), (2, 2), (2, 2)))


@pytest.fixture(scope="module")
def bars():
    """200 equal pictures of an upright bar in the middle, 14 px high and 2 px wide."""
    pictures = np.zeros((200, 28, 28), np.uint8)
    pictures[:, 7:21, 13:15] = 255
    return pictures


def _moments(picture):
    """Centre (row, column) and covariance of the ink."""
    weights = picture / picture.sum()
    places = np.stack(np.mgrid[0:28, 0:28]).reshape(2, -1)
    centre = places @ weights.ravel()
    apart = places - centre[:, None]
    return centre, (apart * weights.ravel()) @ apart.T


def test_there_are_mnist_cs_fifteen_and_two_more():
    assert len(MNIST_C) == 15
    assert CORRUPTIONS.keys() - MNIST_C.keys() == {"contrast", "line"}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_corruption_is_repeatable_and_spoils_only_its_result(name, digits):
    before = digits.copy()
    spoilt = corrupt(name, digits, _rng())
    np.testing.assert_array_equal(digits, before)
    assert spoilt.shape == digits.shape
    assert spoilt.dtype == np.uint8
    np.testing.assert_array_equal(spoilt, corrupt(name, digits, _rng()))
    assert np.abs(spoilt.astype(int) - digits).mean() > 2


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_small_pictures_of_few_levels_stay_in_their_range(name):
    images = load_digits().test.images[:20]
    spoilt = corrupt(name, images, _rng(), levels=16)
    assert spoilt.shape == images.shape
    assert spoilt.max() <= 16
    assert (spoilt != images).any()


@pytest.mark.parametrize("name", ["glass blur", "motion blur", "canny edges", "spatter", "scale", "contrast"])
def test_nothing_leaks_from_one_picture_into_the_next(name, digits):
    mixed = digits[:9].copy()
    mixed[1::2] = 0
    spoilt = corrupt(name, mixed, _rng())
    blank = corrupt(name, np.zeros_like(mixed), _rng())
    np.testing.assert_array_equal(spoilt[1::2], blank[1::2])


def test_shot_noise_counts_photons(digits):
    spoilt = corrupt("shot noise", np.full((50, 28, 28), 127, np.uint8), _rng())
    assert set(np.unique(spoilt)) == {0, 85, 170, 255}
    assert (corrupt("shot noise", digits, _rng())[digits == 0] == 0).all()


def test_impulses_hit_the_stated_share():
    spoilt = corrupt("impulse noise", np.full((100, 28, 28), 127, np.uint8), _rng())
    assert np.mean(spoilt == 0) == pytest.approx(0.085, abs=0.005)
    assert np.mean(spoilt == 255) == pytest.approx(0.085, abs=0.005)


@pytest.mark.parametrize("name", ["glass blur", "motion blur"])
def test_blur_keeps_the_ink_and_flattens_it(name, bars):
    spoilt = corrupt(name, bars, _rng())
    assert spoilt.sum() == pytest.approx(bars.sum(), rel=0.03)
    assert spoilt.max(axis=(1, 2)).mean() < 235


def test_motion_blurs_trail_leads_sideways(bars):
    _, still = _moments(bars[0])
    for picture in corrupt("motion blur", bars, _rng()):
        _, moved = _moments(picture)
        assert moved[1, 1] > still[1, 1] + 1  # wider than it was; its trail is within 45° of the horizontal


def test_shear_and_rotation_go_both_ways_by_the_stated_amount(bars):
    slopes = {"shear": 0.4, "rotate": np.tan(0.4)}
    for name, slope in slopes.items():
        found = []
        for picture in corrupt(name, bars, _rng()):
            centre, covariance = _moments(picture)
            np.testing.assert_allclose(centre, 13.5, atol=0.1)
            found.append(covariance[0, 1] / covariance[0, 0])  # columns a row
        assert np.abs(found) == pytest.approx(np.full(200, slope), abs=0.03)
        assert 60 < np.sum(np.array(found) > 0) < 140


def test_scale_shrinks_about_the_middle(bars):
    centre, covariance = _moments(corrupt("scale", bars, _rng())[0])
    np.testing.assert_allclose(centre, 13.5, atol=0.01)
    assert np.sqrt(covariance[0, 0] / _moments(bars[0])[1][0, 0]) == pytest.approx(0.7, abs=0.02)


def test_translation_goes_three_pixels_to_all_four_corners(bars):
    centres = [tuple(np.round(_moments(p)[0] - 13.5)) for p in corrupt("translate", bars, _rng())]
    assert set(centres) == {(3, 3), (3, -3), (-3, 3), (-3, -3)}


def test_light(digits):
    assert (
        corrupt("brightness", digits, _rng()) == np.minimum(digits + np.float64(127.5), 255).round()
    ).all()
    flat = corrupt("contrast", digits, _rng())
    assert (np.ptp(flat, axis=(1, 2)) <= 26).all()
    assert flat.mean() == pytest.approx(digits.mean(), abs=0.5)
    striped = corrupt("stripe", digits, _rng())
    np.testing.assert_array_equal(striped[:, :, :7], 255 - digits[:, :, :7])
    np.testing.assert_array_equal(striped[:, :, 21:], 255 - digits[:, :, 21:])
    np.testing.assert_array_equal(striped[:, :, 7:21], digits[:, :, 7:21])


def test_fog_leaves_a_quarter_of_the_contrast_and_the_digit_above_its_ground(digits):
    foggy = corrupt("fog", digits, _rng()).astype(float)
    for picture, fog in zip(digits, foggy, strict=True):
        assert 10 < fog[picture > 200].mean() - fog[picture == 0].mean() < 90
    assert np.std([fog.mean() for fog in foggy]) > 5  # some skies are darker than others


def test_spatter_is_mud_over_digit_and_ground(digits):
    spoilt = corrupt("spatter", digits, _rng())
    ground = spoilt[digits == 0]
    assert ground.max() <= 63
    assert 0.02 < np.mean(ground > 45) < 0.5
    assert np.mean(spoilt[digits == 255] < 120) > 0.01


def test_lines_cross_the_picture_and_hide_nothing(digits):
    blank = np.zeros_like(digits)
    for name, most_columns in (("line", 28), ("dotted line", 14), ("zigzag", 28)):
        assert (corrupt(name, digits, _rng()) >= digits).all()
        drawn = corrupt(name, blank, _rng())
        columns = (drawn.max(axis=1) > 60).sum(axis=1)
        assert most_columns / 2 < np.median(columns) <= most_columns
    pieces = [ndimage.label(p > 60, np.ones((3, 3)))[1] for p in corrupt("dotted line", blank, _rng())]
    assert np.median(pieces) == 7
    assert {ndimage.label(p > 20, np.ones((3, 3)))[1] for p in corrupt("line", blank, _rng())} == {1}


def test_a_zigzag_turns_every_four_pixels():
    drawn = corrupt("zigzag", np.zeros((300, 28, 28), np.uint8), _rng()).astype(float)
    whole = drawn[(drawn[:, [0, -1]].max(axis=(1, 2)) == 0) & (drawn.max(axis=(1, 2)) > 0)]
    rows = np.arange(28)[:, None]
    middle = (whole * rows).sum(axis=1)[:, 2:25] / whole.sum(axis=1)[:, 2:25]
    turns = (np.diff(np.sign(np.diff(middle, axis=1))) != 0).sum(axis=1)
    assert 5 <= np.median(turns) <= 9


def test_canny_edges_are_thin_closed_outlines():
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 8:20, 8:20] = 255
    edges = corrupt("canny edges", square, _rng())[0]
    assert set(np.unique(edges)) == {0, 255}
    assert ndimage.label(edges, np.ones((3, 3)))[1] == 1
    assert ndimage.label(edges == 0)[1] == 2  # inside and outside
    np.testing.assert_array_equal(edges, edges.T)
    assert edges[10:18].astype(bool).sum(axis=1).max() <= 4  # two edges, each one or two pixels wide
    assert corrupt("canny edges", square * 0, _rng()).max() == 0


def test_impossible_requests_are_refused(digits):
    with pytest.raises(ConfigurationError, match="shot noise"):
        corrupt("snow", digits, _rng())
    with pytest.raises(ConfigurationError, match="float64"):
        corrupt("fog", digits / 255, _rng())
    with pytest.raises(ConfigurationError, match=r"\(28, 28\)"):
        corrupt("fog", np.zeros((28, 28), np.uint8), _rng())
