import numpy as np
import pytest

from digitnet.warping import warp

SEED = 5


@pytest.fixture
def pictures():
    return np.random.default_rng(SEED).random((7, 9, 9))


def test_the_identity_changes_nothing(pictures):
    np.testing.assert_allclose(warp(pictures, np.eye(2)), pictures, atol=1e-12)


def test_a_quarter_turn_is_numpys(pictures):
    turned = warp(pictures, [[0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(turned, np.rot90(pictures, axes=(1, 2)), atol=1e-9)


def test_halves_of_a_pixel_are_means_of_neighbours(pictures):
    shifted = warp(pictures, np.eye(2), (0.0, 0.5))
    np.testing.assert_allclose(shifted[:, :, :-1], (pictures[:, :, :-1] + pictures[:, :, 1:]) / 2)
    np.testing.assert_allclose(shifted[:, :, -1], pictures[:, :, -1] / 2)  # there is 0 outside


def test_each_picture_has_its_own_map_even_in_large_batches():
    rng = np.random.default_rng(SEED)
    pictures, shifts = rng.random((2100, 4, 4)), rng.integers(-1, 2, (2100, 2)).astype(float)
    together = warp(pictures, np.eye(2), shifts)
    for index in (0, 999, 1000, 2099):
        np.testing.assert_allclose(together[index], warp(pictures[[index]], np.eye(2), shifts[index])[0])
