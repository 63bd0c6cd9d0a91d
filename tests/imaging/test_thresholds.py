import math

import numpy as np
import pytest

from digitnet.imaging.thresholds import best_split, otsu_threshold, untold_by_two_tones

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


def test_the_split_is_the_first_of_the_best():
    rng = np.random.default_rng(SEED)
    for _ in range(50):
        tones = np.sort(rng.random(20))
        counts = rng.integers(0, 9, 20) * (rng.random(20) < 0.5)
        between = np.zeros(20)
        for place in range(1, 20):
            low, high = counts[:place], counts[place:]
            if low.sum() and high.sum():
                means = np.average(tones[:place], weights=low), np.average(tones[place:], weights=high)
                between[place] = low.sum() * high.sum() * (means[0] - means[1]) ** 2
        (best,) = np.flatnonzero(np.isclose(between, between.max(), rtol=1e-9, atol=0))[:1]
        split, mean = best_split(counts, tones)
        assert split == best
        assert mean == pytest.approx(np.average(tones[best:], weights=counts[best:]))


@pytest.mark.parametrize("counts", [[0, 0, 0], [0, 7, 0], [0, 0, 3]])
def test_one_tone_is_not_split(counts):
    tones = np.array([0.1, 0.2, 0.7])
    mean = tones @ counts / max(sum(counts), 1)
    assert best_split(np.array(counts), tones) == (0, pytest.approx(mean))


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
