import numpy as np
import pytest

from digitnet import Recognizer
from digitnet.corruptions import CORRUPTIONS, MNIST_C
from digitnet.data import load_digits
from digitnet.renderings import RENDERINGS
from digitnet.robustness import as_image_files, on_corrupted, sample


@pytest.fixture(scope="module")
def recognizer(root):
    return Recognizer.load(root / "models" / "digits.safetensors")


@pytest.fixture(scope="module")
def split():
    return load_digits().test


def _no_bar(items, name):  # noqa: ARG001
    return items


def test_the_sample_is_even_and_never_larger_than_the_split(split):
    places = sample(split, 10)
    assert (places[0], places[-1], len(places)) == (0, len(split) - 1, 10)
    assert np.ptp(np.diff(places)) <= 1
    np.testing.assert_array_equal(sample(split, 10**6), np.arange(len(split)))


def test_every_kind_of_file_is_measured(recognizer, split):
    names = []
    rows = as_image_files(recognizer, split, 5, lambda items, name: names.append(name) or items)
    assert names == list(RENDERINGS)
    assert rows.keys() == RENDERINGS.keys() | {"the same pictures without files"}
    assert all(row["pictures"] == 5 and 0 <= row["accuracy"] <= 1 for row in rows.values())
    assert rows["the same pictures without files"]["accuracy"] >= 0.6
    assert as_image_files(recognizer, split, 0, _no_bar) == {}


def test_every_corruption_is_measured_both_ways_and_repeatably(recognizer, split):
    result = on_corrupted(recognizer, split, 10, _no_bar, seed=4)
    assert (result["pictures"], result["seed"]) == (10, 4)
    rows = result["rows"]
    assert list(rows) == ["none", *CORRUPTIONS]
    chosen = sample(split, 10)
    right = recognizer.probabilities(split.images[chosen]).argmax(axis=1) == split.labels[chosen]
    assert rows["none"]["network"]["accuracy"] == right.mean()
    for way in ("network", "whole_way"):
        for figure in ("accuracy", "accepted", "errors_accepted"):
            mean = np.mean([rows[name][way][figure] for name in MNIST_C])
            assert result["mean_of_mnist_c"][way][figure] == pytest.approx(mean)
        assert result["mean_of_mnist_c"][way]["accuracy"] < rows["none"][way]["accuracy"]
        for row in rows.values():
            assert row[way]["errors_accepted"] <= min(row[way]["accepted"], 1 - row[way]["accuracy"]) + 1e-9
    assert on_corrupted(recognizer, split, 0, _no_bar) == {}
    few = [on_corrupted(recognizer, split, 2, _no_bar, seed=seed) for seed in (4, 4)]
    assert few[0] == few[1]
