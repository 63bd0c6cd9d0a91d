"""The filters give what SciPy's and NumPy's slower ones give, on pictures of every shape."""

import numpy as np
import pytest
from scipy import ndimage

from digitnet.imaging import filters

SHAPES = [(1, 1), (1, 9), (2, 3), (28, 28), (97, 160), (140, 140)]
EIGHT = np.ones((3, 3), bool)


@pytest.fixture(params=SHAPES, ids=str)
def values(request):
    return np.random.default_rng(1).random(request.param, np.float32)


@pytest.mark.parametrize("share", [1 / 12, 1 / 6, 1.0])
def test_gaussian(values, share):
    sigma = max(values.shape) * share
    expected = ndimage.gaussian_filter(values, sigma, mode="nearest")
    np.testing.assert_allclose(filters.gaussian(values, sigma), expected, atol=3e-6)


@pytest.mark.parametrize("window", [1, 3, 11, 29])
def test_closing_and_opening(values, window):
    padded = np.pad(values, window - 1, mode="edge")
    for ours, theirs in (
        (filters.closing, ndimage.grey_closing),
        (filters.opening, ndimage.grey_opening),
    ):
        around = theirs(np.pad(values, window, mode="edge"), (window, window))
        inner = around[window : window + values.shape[0], window : window + values.shape[1]]
        np.testing.assert_array_equal(ours(padded, window), inner)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97])
def test_masks(values, share):
    mask = values < share
    np.testing.assert_array_equal(filters.grown(mask), ndimage.binary_dilation(mask, EIGHT))
    room = mask | (values < 0.8)
    expected = ndimage.binary_dilation(mask, EIGHT, iterations=4, mask=room)
    np.testing.assert_array_equal(filters.filled(mask, room, 4), expected)
    labels = np.where(mask, 1, 0).astype(np.int32)
    expected = ndimage.maximum_filter(labels, 7, mode="constant")
    np.testing.assert_array_equal(filters.spread(labels, 3), expected)
    if mask.any():
        rows, columns = filters.bounds(mask)
        assert (rows, columns) == ndimage.find_objects(labels)[0]


def test_an_empty_mask_has_no_box():
    empty = np.zeros((3, 4), bool)
    assert filters.box_around(empty) is None
    with pytest.raises(ValueError, match="empty"):
        filters.bounds(empty)


def test_largest_square(values):
    mask = values < 0.9
    for side in range(1, 9):
        fits = bool(ndimage.binary_erosion(np.pad(mask, side), np.ones((side, side))).any())
        assert filters.holds_square(mask, side) == fits


def test_median_and_percentile(values):
    assert filters.median(values) == pytest.approx(float(np.median(values)), abs=1e-7)
    for percent in (0, 37, 90, 100):
        expected = float(np.percentile(values, percent))
        assert filters.percentile(values, percent) == pytest.approx(expected, abs=1e-6)
