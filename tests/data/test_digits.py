"""scikit-learn's digits: sizes, values, and what the two ways of cutting them promise."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits as load_bunch

from digitnet.data import Dataset, load, load_digits
from digitnet.errors import ConfigurationError, DataError
from digitnet.geometry import DIGITS_GEOMETRY


def rows(dataset: Dataset) -> list[tuple[int, ...]]:
    """Each image and its label as one tuple, training split first."""
    return [
        (*image.ravel().tolist(), int(label))
        for split in (dataset.train, dataset.test)
        for image, label in zip(split.images, split.labels, strict=True)
    ]


@pytest.mark.parametrize("split", ["writers", "shuffled"])
def test_sizes_values_and_classes(split: str) -> None:
    dataset = load_digits(split)  # type: ignore[arg-type]
    assert (dataset.name, dataset.geometry) == ("digits", DIGITS_GEOMETRY)
    assert (len(dataset.train), len(dataset.test)) == (898, 899)
    for part in (dataset.train, dataset.test):
        assert part.images.shape[1:] == (8, 8)
        assert (part.images.min(), part.images.max()) == (0, 16)
        assert (part.counts() > 70).all()
    assert (dataset.train.counts() + dataset.test.counts()).sum() == 1797


def test_writers_is_the_file_in_its_order() -> None:
    dataset, bunch = load_digits("writers"), load_bunch()
    np.testing.assert_array_equal(dataset.train.images, bunch.images[:898])
    np.testing.assert_array_equal(dataset.test.images, bunch.images[898:])
    np.testing.assert_array_equal(dataset.train.labels, bunch.target[:898])
    np.testing.assert_array_equal(dataset.test.labels, bunch.target[898:])
    assert dataset.train.labels[:10].tolist() == list(range(10))


def test_writers_is_the_default_and_does_not_depend_on_the_seed() -> None:
    assert rows(load_digits()) == rows(load_digits("writers", seed=5)) == rows(load("digits"))


def test_shuffled_is_a_permutation_of_the_file() -> None:
    writers, shuffled = rows(load_digits("writers")), rows(load_digits("shuffled"))
    assert writers != shuffled
    assert sorted(writers) == sorted(shuffled)


def test_the_same_seed_gives_the_same_split() -> None:
    first, again = load_digits("shuffled", seed=3), load("digits", split="shuffled")
    assert rows(first) == rows(load_digits("shuffled", seed=3))
    assert rows(first) != rows(again)
    assert rows(again) == rows(load_digits("shuffled", seed=0))


def test_the_descriptions_say_where_the_writers_stand() -> None:
    writers, shuffled = load_digits("writers"), load_digits("shuffled", seed=4)
    for text in (writers.description, writers.train.description, writers.test.description):
        assert "groups the writers" in text
    for text in (shuffled.description, shuffled.train.description, shuffled.test.description):
        assert "same writers stand on both sides" in text
        assert "flatters" in text
        assert "seed 4" in text


def test_neighbours_in_the_file_look_alike_as_the_descriptions_claim() -> None:
    """The nearest image of the same digit is nearby in the file far more often than by chance."""
    bunch = load_bunch()
    near = []
    for digit in range(10):
        positions = np.flatnonzero(bunch.target == digit)
        pixels = bunch.data[positions]
        distances = ((pixels[:, None] - pixels[None]) ** 2).sum(axis=-1)
        np.fill_diagonal(distances, np.inf)
        near.append(np.abs(positions[distances.argmin(axis=1)] - positions) < 1797 / 13)
    assert np.concatenate(near).mean() > 0.5  # by chance: 0.15


def test_other_splits_and_seeds_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="'writers' or 'shuffled'; got 'random'"):
        load_digits("random")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="seed must not be negative; got -1"):
        load_digits("shuffled", seed=-1)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match=r"pip install 'digitnet\[train\]'"):
        load_digits()
