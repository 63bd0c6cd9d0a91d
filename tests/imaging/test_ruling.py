"""without_rules: ruled lines go, the strokes that cross them stay whole."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from digitnet.imaging.ruling import without_rules


def digits() -> Image.Image:
    image = Image.new("1", (300, 100), 0)
    draw = ImageDraw.Draw(image)
    draw.ellipse([30, 20, 70, 80], outline=1, width=7)
    draw.line([(120, 15), (120, 90)], fill=1, width=7)
    draw.line([(180, 20), (225, 20), (195, 85)], fill=1, width=7)
    return image


def test_bars_of_digits_are_no_rules():
    assert without_rules(np.asarray(digits()), 7.0, 65) is None


def test_a_rule_goes_and_the_strokes_stay():
    clean = np.asarray(digits())
    ruled = digits()
    draw = ImageDraw.Draw(ruled)
    draw.line([(0, 60), (299, 62)], fill=1, width=2)
    draw.line([(0, 97), (299, 97)], fill=1, width=2)
    found = without_rules(np.asarray(ruled), 7.0, 65)
    assert found is not None
    assert (found & ~clean).sum() < 0.1 * (np.asarray(ruled) & ~clean).sum()
    assert (clean & ~found).sum() < 0.02 * clean.sum()
    assert ndimage.label(found, np.ones((3, 3)))[1] >= 3


def test_upright_rules_go_too():
    ruled = digits()
    ImageDraw.Draw(ruled).line([(95, 0), (95, 99)], fill=1, width=2)
    found = without_rules(np.asarray(ruled), 7.0, 65)
    assert found is not None
    assert not found[:, 93:98].any()
    assert found[15:90, 118:123].all()
