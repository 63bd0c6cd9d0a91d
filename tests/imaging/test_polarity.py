"""chance_of_light_ground: sure of pages, fair to crops, and even-handed."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitnet.imaging.polarity import chance_of_light_ground


def ring(side: int, stroke: int, margin: int) -> np.ndarray:
    """Dark ring on white, float in [0, 1]."""
    image = Image.new("L", (side, side), 255)
    ImageDraw.Draw(image).ellipse(
        [margin, margin, side - 1 - margin, side - 1 - margin], outline=0, width=stroke
    )
    return np.asarray(image, dtype=np.float32) / 255


CROPS = [(160, 10, 30), (64, 6, 8), (28, 3, 4), (16, 3, 0), (40, 9, 0)]


@pytest.mark.parametrize(("side", "stroke", "margin"), CROPS)
def test_a_ring_is_ink(side, stroke, margin):
    values = ring(side, stroke, margin)
    assert chance_of_light_ground(values, values > 0.5) > 0.9


@pytest.mark.parametrize(("side", "stroke", "margin"), CROPS)
def test_the_negative_has_the_opposite_chance(side, stroke, margin):
    values = ring(side, stroke, margin)
    light = values > 0.5
    together = chance_of_light_ground(values, light) + chance_of_light_ground(1 - values, ~light)
    assert together == pytest.approx(1)


@pytest.mark.parametrize("light", [np.ones((9, 7), bool), np.zeros((9, 7), bool)], ids=["light", "dark"])
def test_one_tone_is_no_error(light):
    assert 0 <= chance_of_light_ground(light.astype(np.float32), light) <= 1
