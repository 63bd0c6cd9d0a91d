"""Which of two tones is the ground and which the ink, told by their shapes."""

from __future__ import annotations

import math

import numpy as np

from digitnet.imaging.filters import closing, opening
from digitnet.imaging.outline import distances
from digitnet.imaging.picture import BoolArray, FloatArray

# Weights of the evidence, by logistic regression on pictures made of MNIST's training digits: pages,
# drawings, tight crops and bitmaps of 8 × 8 pixels upwards, in either polarity.
_AREA, _CORNERS, _STROKES, _THIN = 1.6, 1.5, 8.9, 0.8
# From this sum on, 99 %, the other tone is not looked at as the ground.
_BEYOND_DOUBT = 4.6


def chance_of_light_ground(values: FloatArray, light: BoolArray) -> float:
    """The probability that the light pixels are the ground and the dark ones the ink.

    A logistic function of four differences between the tones, none of which decides alone:

    - the ground covers more; but a thick digit in a tight crop covers more than half;
    - the ground has more of the corners; but a dark table around the paper has all of them;
    - ink is strokes, of one width throughout: in a stroke the mean distance to the outline is half of the
      largest, in an area of another shape less;
    - thin marks on the ground are removed by a closing (dark marks) or an opening (light marks) with a
      small window; but a stroke may be wider than the window.

    The sum changes its sign with the picture's polarity, so that neither is preferred.
    """
    area = 2 * float(light.mean()) - 1
    corners = 2 * float(np.mean([light[0, 0], light[0, -1], light[-1, 0], light[-1, -1]])) - 1
    window = 2 * (max(values.shape) // 24) + 1
    padded = np.pad(values, 2 * window - 1, mode="edge")
    around = padded[window - 1 : 1 - window, window - 1 : 1 - window] if window > 1 else padded
    dark_marks = float(np.square(closing(padded, window) - around).sum()) / values.size
    light_marks = float(np.square(around - opening(padded, window)).sum()) / values.size
    thin = float(np.clip(math.log2((dark_marks + 2e-4) / (light_marks + 2e-4)), -3, 3))
    others = _AREA * area + _CORNERS * corners + _THIN * thin
    # The tone that covers most is slow to measure. Where it may be as even as can be, without a doubt that it
    # is the ground, that is taken for its evenness.
    sign, ground, ink = (1, light, ~light) if area > 0 else (-1, ~light, light)
    evenness = _evenness(ink)
    evidence = others + sign * _STROKES * (evenness - 1)
    if sign * evidence < _BEYOND_DOUBT:
        evidence = others + sign * _STROKES * (evenness - _evenness(ground))
    return 1 / (1 + math.exp(-evidence))


def _evenness(area: BoolArray) -> float:
    """Twice the mean distance to the outline from within, as a share of the largest: 1 for even strokes."""
    if not area.any():
        return 0.0
    inside = distances(area)
    return 2 * float(inside.mean()) / float(inside.max())
