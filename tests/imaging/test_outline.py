"""Distances to a mask's outline are SciPy's."""

import numpy as np
import pytest
from scipy import ndimage

from digitnet.imaging.outline import areas_within, distances, squared_distances


@pytest.mark.parametrize("shape", [(1, 9), (2, 3), (28, 28), (97, 160)])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97])
def test_distances(shape, share):
    mask = np.random.default_rng(1).random(shape) < share
    mask[0, :2] = True, False
    np.testing.assert_array_equal(distances(mask), ndimage.distance_transform_edt(mask)[mask])


@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (40, 31), (102, 102)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_squared_distances(shape, share):
    noise = np.random.default_rng(2).random(shape)
    for mask in (noise < share, ndimage.gaussian_filter(noise, 4) < 0.5):
        mask[-1, -1] = False
        expected = np.rint(ndimage.distance_transform_edt(mask) ** 2)
        np.testing.assert_array_equal(squared_distances(mask), expected)


def test_the_farthest_of_squared_distances():
    mask = np.ones((102, 102), bool)
    mask[0, 0] = False
    assert squared_distances(mask).max() == squared_distances(mask)[-1, -1] == 2 * 101**2


@pytest.mark.parametrize("reach", [1, 3, 9])
def test_squared_distances_within_reach_are_right(reach):
    mask = ndimage.gaussian_filter(np.random.default_rng(5).random((90, 70)), 6) < 0.5
    expected = np.rint(ndimage.distance_transform_edt(mask) ** 2)
    near = squared_distances(mask, reach)
    within = expected <= reach**2
    assert 0 < within.sum() < mask.size
    np.testing.assert_array_equal(near[within], expected[within])
    assert (near[~within] > reach**2).all()


@pytest.mark.parametrize("shape", [(1, 1), (60, 61), (64, 40)])
def test_outlines_are_taken_off_one_after_the_other(shape):
    noise = ndimage.gaussian_filter(np.random.default_rng(4).random(shape), 3)
    inside = noise <= np.median(noise)
    areas, left = areas_within(inside), inside
    four, eight = ndimage.generate_binary_structure(2, 1), np.ones((3, 3), bool)
    for times, area in enumerate(areas):
        assert area == left.sum()
        left = ndimage.binary_erosion(left, eight if times % 2 else four, border_value=1)
    assert areas[-1] in (0, inside.size)
