"""Steps of the light: margins are told from digits, and shadows from wide strokes."""

import numpy as np
import pytest
from scipy import ndimage

from digitnet.imaging.ground import robust_surface, stepped_ground
from digitnet.imaging.steps import breadth, chance_of_steps, has_margin


def stroke() -> np.ndarray:
    """A thin vertical stroke in the middle."""
    marks = np.zeros((100, 120), dtype=bool)
    marks[25:75, 58:64] = True
    return marks


@pytest.mark.parametrize("side", [np.s_[:6], np.s_[-6:], np.s_[:, :6], np.s_[:, -6:]])
def test_a_bar_along_a_side_is_a_margin(side):
    marks = stroke()
    assert not has_margin(marks)
    marks[side] = True
    assert has_margin(marks)


def test_a_digit_that_fills_its_crop_is_no_margin():
    seven = np.zeros((60, 40), dtype=bool)
    seven[:8] = True
    seven[:, 32:] = True
    assert not has_margin(seven)


def test_strokes_are_not_broad_and_half_of_the_picture_is():
    assert breadth(stroke()) == 0
    assert breadth(np.arange(120) < np.full((100, 1), 60)) == 1


def test_a_shadow_is_likelier_a_step_than_a_wide_stroke():
    shadow = np.where(np.arange(120) < 55, 0.5, 0.9) * np.ones((100, 1))
    shadow[stroke()] *= 0.4
    wide = np.full((100, 120), 0.9)
    wide[10:90, 40:85] = 0.2
    chances = [
        chance_of_steps(values, values < 0.7, stepped_ground(values.astype(np.float32)), margin=False)
        for values in (shadow, wide)
    ]
    assert chances[0] > 0.6
    assert chances[1] < 0.5


def test_the_stepped_ground_keeps_the_step_and_fills_the_stroke():
    ground = np.where(np.arange(120) < 90, 0.9, 0.5) * np.ones((100, 1))
    found = stepped_ground(np.where(stroke(), 0.1, ground).astype(np.float32))
    inner = ~ndimage.binary_dilation(np.abs(np.gradient(ground, axis=1)) > 0, iterations=2)
    np.testing.assert_allclose(found[inner], ground[inner], atol=0.01)


@pytest.mark.parametrize("shape", [(2, 134), (134, 2), (1, 1), (90, 160)])
def test_the_surface_fits_a_plane_of_any_shape(shape):
    y, x = np.indices(shape)
    plane = (0.3 + 0.001 * x + 0.002 * y).astype(np.float32)
    np.testing.assert_allclose(robust_surface(plane), plane, atol=2e-3)
