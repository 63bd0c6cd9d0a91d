"""Which of two tones is the ground and which the ink, told by their shapes."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from digitnet.imaging.filters import bounds, closing, opening
from digitnet.imaging.picture import BoolArray, FloatArray

# Weights of the evidence, by logistic regression on pictures made of MNIST's training digits: pages,
# drawings, tight crops and bitmaps of 8 × 8 pixels upwards, in either polarity.
_AREA, _CORNERS, _STROKES, _THIN = 1.6, 1.5, 8.9, 0.8


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
    strokes = _evenness(~light) - _evenness(light)
    window = 2 * (max(values.shape) // 24) + 1
    padded = np.pad(values, window, mode="edge")
    dark_marks = float(np.square(closing(padded, window) - padded).sum()) / values.size
    light_marks = float(np.square(padded - opening(padded, window)).sum()) / values.size
    thin = float(np.clip(math.log2((dark_marks + 2e-4) / (light_marks + 2e-4)), -3, 3))
    evidence = _AREA * area + _CORNERS * corners + _STROKES * strokes + _THIN * thin
    return 1 / (1 + math.exp(-evidence))


def _evenness(area: BoolArray) -> float:
    """Twice the mean distance to the outline from within, as a share of the largest: 1 for even strokes."""
    if not area.any():
        return 0.0
    box = bounds(area, 1)
    distance = ndimage.distance_transform_edt(area[box])
    return 2 * float(distance[area[box]].mean()) / float(distance.max())
