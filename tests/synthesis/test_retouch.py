"""Digits as poor cameras and coarse bitmaps have them."""

import numpy as np
import pytest

from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import normalize
from digitnet.model_file import load_model
from digitnet.synthesis import retouch
from digitnet.synthesis.handwriting import draw_digit


@pytest.mark.parametrize("touch", [retouch.coarse, retouch.repenned, retouch.blurred])
def test_a_retouched_digit_is_still_ink_of_the_same_digit(touch, root):
    rng = np.random.default_rng(6)
    pixels, labels, changed = [], [], 0
    for number in range(150):
        ink = draw_digit(number % 10, rng)
        other = touch(ink, rng)
        assert other.dtype == np.float32
        assert other.min() >= 0
        assert 0.3 < other.max() <= 1
        changed += other.shape != ink.shape or not np.allclose(other, ink)
        pixels.append(normalize(other, MNIST_GEOMETRY))
        labels.append(number % 10)
    assert changed > 140
    model = load_model(root / "models" / "mnist.safetensors")
    read = model.probabilities(np.stack(pixels)).argmax(axis=1)
    assert np.mean(read == labels) > 0.85


def test_sizes_change_with_the_ink_kept():
    ink = np.zeros((20, 10), np.float32)
    ink[5:15, 3:7] = 1
    assert retouch.resized(ink, 10, 5).mean() == pytest.approx(ink.mean(), abs=0.02)
    assert retouch.resized(ink, 40, 20).mean() == pytest.approx(ink.mean(), abs=0.02)
    assert set(np.unique(retouch.resized(ink, 40, 20, smooth=False))) == {0.0, 1.0}


def test_an_empty_picture_keeps_its_emptiness():
    empty = np.zeros((12, 12), np.float32)
    assert retouch.repenned(empty, np.random.default_rng(7)).sum() == 0
    assert retouch.blurred(empty, np.random.default_rng(7)).sum() == 0
