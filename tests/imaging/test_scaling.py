"""Pictures at another size: exact area means where they shrink, whatever the sizes."""

import numpy as np
import pytest

from digitnet.imaging.scaling import fitting, scaled

rng = np.random.default_rng(11)


@pytest.mark.parametrize(
    ("shape", "wanted"), [((40, 60), (20, 20)), ((33, 57), (20, 13)), ((700, 900), (80, 80))]
)
def test_shrinking_keeps_the_mean(shape, wanted):
    values = rng.random(shape, np.float32)
    small = scaled(values, wanted)
    assert small.shape == wanted
    assert small.mean() == pytest.approx(values.mean(), abs=1e-5)


def test_whole_factors_are_block_means():
    values = rng.random((60, 80), np.float32)
    blocks = values.reshape(20, 3, 20, 4).mean(axis=(1, 3))
    assert np.abs(scaled(values, (20, 20)) - blocks).max() < 1e-6


def test_edges_within_a_pixel_count_for_their_share():
    values = np.array([[0.0, 1.0, 0.0]], np.float32).repeat(2, axis=0)
    assert scaled(values, (2, 2)) == pytest.approx(np.full((2, 2), 1 / 3), abs=1e-6)


def test_the_same_size_is_the_same():
    values = rng.random((20, 20), np.float32)
    assert scaled(values, (20, 20)) is values


def test_growing_stays_in_range():
    values = (rng.random((9, 7)) > 0.5).astype(np.float32)
    large = scaled(values, (80, 62))
    assert large.shape == (80, 62)
    assert 0 <= large.min() < 0.1
    assert 0.9 < large.max() <= 1


@pytest.mark.parametrize("shape", [(10, 30), (30, 10), (1, 1), (1, 400)])
def test_fitting_keeps_the_aspect(shape):
    height, width = fitting(shape, 20)
    assert max(height, width) == 20
    assert min(height, width) == max(1, round(min(shape) * 20 / max(shape)))
