"""How wide strokes are, measured roughly and exactly, and how they are mended."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitnet.imaging import strokes
from digitnet.imaging.strokes import with_mended_strokes

THINNEST, THICKEST = 0.105, 0.25


def seven(width, side=160):
    image = Image.new("L", (side, side), 0)
    ImageDraw.Draw(image).line(
        [(width, width), (side - width, width), (side // 3, side - width)], fill=255, width=width
    )
    values = np.asarray(image, np.float32) / 255
    rows, columns = values.any(axis=1).nonzero()[0], values.any(axis=0).nonzero()[0]
    return values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize("side", [64, 110, 160, 300])
@pytest.mark.parametrize("share", np.linspace(0.03, 0.3, 19).round(3))
def test_a_rough_look_changes_nothing(monkeypatch, side, share):
    """What the rough measure lets pass, the exact one does too."""
    crop = seven(max(1, round(share * side)), side)
    quick = with_mended_strokes(crop, THINNEST, THICKEST)
    monkeypatch.setattr(strokes, "_surely_between", lambda *_: False)
    exact = with_mended_strokes(crop, THINNEST, THICKEST)
    assert quick.shape == exact.shape
    assert np.array_equal(quick, exact)


def test_a_rough_look_is_enough_for_usual_strokes(monkeypatch):
    monkeypatch.setattr(strokes, "_stroke_width", lambda _: pytest.fail("measured exactly"))
    crop = seven(18)
    assert with_mended_strokes(crop, THINNEST, THICKEST) is crop


@pytest.mark.parametrize("width", [1, 3, 5])
def test_thin_strokes_grow(width):
    crop = seven(width)
    assert with_mended_strokes(crop, THINNEST, THICKEST).mean() > 1.3 * crop.mean()


@pytest.mark.parametrize("width", [44, 50])
def test_thick_strokes_shrink(width):
    crop = seven(width)
    mended = with_mended_strokes(crop, THINNEST, THICKEST)
    assert 0 < mended.mean() < crop.mean()


def test_ink_without_end_is_left_alone():
    full = np.ones((90, 90), np.float32)
    assert with_mended_strokes(full, THINNEST, THICKEST).all()
