import math

import numpy as np
import pytest

from digitnet.imaging.thresholds import otsu_threshold, untold_by_two_tones

SEED = 8


def test_otsu_finds_the_gap_between_two_heaps():
    values = np.concatenate([np.linspace(0, 0.2, 500), np.linspace(0.8, 1, 100)])
    assert 0.2 <= otsu_threshold(values) <= 0.8


def test_otsu_maximises_the_variance_between_the_classes():
    rng = np.random.default_rng(SEED)
    values = np.concatenate([rng.normal(0.3, 0.05, 3000), rng.normal(0.6, 0.1, 1000)])

    def between(threshold):
        low, high = values[values <= threshold], values[values > threshold]
        return len(low) * len(high) * (low.mean() - high.mean()) ** 2

    candidates = np.linspace(values.min(), values.max(), 400)[1:-1]
    assert between(otsu_threshold(values)) >= 0.999 * max(map(between, candidates))


def test_one_tone_has_no_gap():
    assert otsu_threshold(np.full(10, 0.5)) == 0.5
    assert untold_by_two_tones(np.full((10, 10), 0.5)) == math.inf


def test_what_two_tones_leave_untold():
    rng = np.random.default_rng(SEED)
    tones = np.where(rng.random((200, 200)) < 0.2, 0.1, 0.9)
    slope = np.tile(np.linspace(0, 1, 400), (50, 1))
    noise = rng.normal(0.5, 0.1, (400, 400))
    assert untold_by_two_tones(tones) == pytest.approx(0, abs=1e-9)
    assert untold_by_two_tones(slope) / slope.var() == pytest.approx(0.25, abs=0.01)
    assert untold_by_two_tones(noise) / noise.var() == pytest.approx(1 - 2 / np.pi, abs=0.02)
