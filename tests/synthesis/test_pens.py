"""What a pen leaves on the ground."""

from dataclasses import replace

import numpy as np
import pytest

from digitnet.synthesis.pens import Pen, choose_pen, draw, finish

UPRIGHT = [np.array([[0.0, 0.0], [0.0, 100.0]])]
LEVEL = [np.array([[0.0, 0.0], [100.0, 0.0]])]


def _rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("width", [0.03, 0.08, 0.2])
def test_a_stroke_is_as_wide_as_the_pen(width):
    ink = draw(UPRIGHT, Pen(width=width), _rng(), size=100)
    assert ink[50].sum() == pytest.approx(width * 94, abs=0.7)
    rows = np.flatnonzero(ink.max(axis=1) > 0.5)
    assert rows[-1] - rows[0] + 1 == pytest.approx(94, abs=2)


def test_a_flat_nib_draws_thick_and_thin_lines():
    pen = Pen(width=0.2, flatness=0.3, angle=0.0)
    thick = draw(UPRIGHT, pen, _rng(), size=100)[50].sum()
    thin = draw(LEVEL, pen, _rng(), size=100)[:, 50].sum()
    assert thin / thick == pytest.approx(0.3, abs=0.05)


def test_ends_taper_or_swell_and_gaps_interrupt():
    taper, swell = (draw(UPRIGHT, Pen(ends=ends), _rng(), size=100) for ends in (0.4, 1.5))
    assert taper[8].sum() < taper[50].sum() - 2
    assert swell[8].sum() > swell[50].sum() + 2
    whole, broken = (draw(UPRIGHT, Pen(width=0.04, gaps=gaps), _rng(), size=100) for gaps in (0, 1))
    assert broken.sum() < 0.98 * whole.sum()


def test_few_corners_cut_a_curve_short():
    angles = np.linspace(0, np.pi, 80)
    arch = [np.stack([np.cos(angles), -np.sin(angles)], axis=1)]
    pen = Pen(width=0.03)
    drawn, roof, base = (draw(arch, replace(pen, corners=corners), _rng(), size=100) for corners in (0, 3, 2))
    assert drawn[:55, :18].sum() > 10  # where the arch bulges and the roof does not
    assert roof[:55, :18].sum() < 1
    assert np.ptp(np.flatnonzero(base.max(axis=1) > 0.5)) < 4


def test_every_finish_leaves_ink_in_range():
    ink = draw(UPRIGHT, Pen(width=0.04), _rng())
    before = ink.copy()
    rng = _rng()
    for _ in range(60):
        finished = finish(ink, rng)
        assert finished.shape == ink.shape
        assert finished.dtype == np.float32
        assert finished.min() >= 0
        assert 0.5 < finished.max() <= 1
    np.testing.assert_array_equal(ink, before)
    assert finish(np.zeros_like(ink), rng).max() == 0


def test_pens_keep_to_the_thickest():
    rng = _rng()
    widths = [choose_pen(rng, thickest=0.15).width for _ in range(300)]
    assert 0.03 <= min(widths) < 0.04
    assert 0.13 < max(widths) <= 0.15
