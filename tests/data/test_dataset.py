"""Splits say what they are, refuse what they are not, and are cut without losing an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitnet.data import Dataset, Split, hold_out, load
from digitnet.errors import ConfigurationError, DataError
from digitnet.geometry import DIGITS_GEOMETRY, MNIST_GEOMETRY


def numbered_split(labels: list[int]) -> Split:
    """A split whose images carry their own number, so that they can be told apart."""
    images = np.arange(len(labels) * 4, dtype=np.uint8).reshape(-1, 2, 2)
    return Split("training", images, np.array(labels, np.int64))


IMAGES = np.zeros((2, 8, 8), np.uint8)
LABELS = np.array([0, 9], np.int64)

WRONG_SPLITS: dict[str, tuple[Any, Any, str]] = {
    "images of floats": (IMAGES.astype(np.float32), LABELS, "uint8.*got float32"),
    "flat images": (IMAGES.reshape(2, 64), LABELS, r"got uint8 of shape \(2, 64\)"),
    "oblong images": (IMAGES[:, :7], LABELS, r"got uint8 of shape \(2, 7, 8\)"),
    "labels of bytes": (IMAGES, LABELS.astype(np.uint8), "int64.*got uint8"),
    "one-hot labels": (IMAGES, np.eye(10, dtype=np.int64)[:2], r"got int64 of shape \(2, 10\)"),
    "label missing": (IMAGES, LABELS[:1], "2 images and 1 labels"),
    "nothing": (IMAGES[:0], LABELS[:0], "at least one image"),
    "no pixels": (IMAGES[:, :0, :0], LABELS, "at least one image"),
    "label 10": (IMAGES, LABELS + 1, "between 0 and 9; got 1 to 10"),
    "label -1": (IMAGES, LABELS - 1, "between 0 and 9; got -1 to 8"),
}


@pytest.mark.parametrize(("images", "labels", "complaint"), WRONG_SPLITS.values(), ids=WRONG_SPLITS.keys())
def test_a_split_refuses_what_it_cannot_be(images: Any, labels: Any, complaint: str) -> None:
    with pytest.raises(DataError, match=rf"training split.*{complaint}"):
        Split("training", images, labels)


def test_a_split_cannot_be_changed_but_leaves_its_source_alone() -> None:
    images = IMAGES.copy()
    split = Split("training", images, LABELS)
    with pytest.raises(ValueError, match="read-only"):
        split.images[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        split.labels[0] = 1
    images[0, 0, 0] = 1


def test_splits_can_be_compared_and_hashed() -> None:
    first, second = Split("a", IMAGES, LABELS), Split("a", IMAGES, LABELS)
    assert first == first
    assert first != second
    assert len({first, second}) == 2


def test_counts_cover_all_ten_digits() -> None:
    assert Split("a", IMAGES, LABELS).counts().tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_data_set_refuses_another_size_and_brighter_pixels_than_its_geometry() -> None:
    good, bright = Split("training", IMAGES, LABELS), Split("test", IMAGES + np.uint8(17), LABELS)
    Dataset("some", DIGITS_GEOMETRY, good, good, "")
    with pytest.raises(DataError, match="some's training split must be 28×28 pixels; got 8×8"):
        Dataset("some", MNIST_GEOMETRY, good, good, "")
    with pytest.raises(DataError, match="some's test split must lie between 0 and 16; got a pixel of 17"):
        Dataset("some", DIGITS_GEOMETRY, good, bright, "")


LABEL_LISTS = st.lists(st.integers(0, 9), min_size=2, max_size=60)


@given(labels=LABEL_LISTS, seed=st.integers(0, 2**32), data=st.data())
def test_hold_out_shares_out_every_image_once_and_in_order(labels: list[int], seed: int, data: Any) -> None:
    count = data.draw(st.integers(1, len(labels) - 1))
    split = numbered_split(labels)
    train, validation = hold_out(split, count, seed)
    assert (train.name, validation.name) == ("training", "validation")
    assert (len(train), len(validation)) == (len(labels) - count, count)
    kept, held = train.images[:, 0, 0].tolist(), validation.images[:, 0, 0].tolist()
    assert not set(kept) & set(held)
    assert sorted(kept + held) == split.images[:, 0, 0].tolist()
    assert (kept, held) == (sorted(kept), sorted(held))
    for part in (train, validation):
        assert part.labels.tolist() == [labels[number // 4] for number in part.images[:, 0, 0]]


@given(labels=LABEL_LISTS, seed=st.integers(0, 2**32), data=st.data())
def test_hold_out_keeps_the_mix_of_digits(labels: list[int], seed: int, data: Any) -> None:
    count = data.draw(st.integers(1, len(labels) - 1))
    split = numbered_split(labels)
    _, validation = hold_out(split, count, seed)
    exact = split.counts() * count / len(labels)
    assert (np.abs(validation.counts() - exact) < 1).all()


@given(labels=LABEL_LISTS, seed=st.integers(0, 2**32))
def test_hold_out_is_the_same_for_a_seed(labels: list[int], seed: int) -> None:
    split = numbered_split(labels)
    for first, second in zip(hold_out(split, 1, seed), hold_out(split, 1, seed), strict=True):
        np.testing.assert_array_equal(first.images, second.images)


def test_hold_out_differs_between_seeds() -> None:
    split = numbered_split([0] * 60)
    cuts = {tuple(hold_out(split, 30, seed)[1].images[:, 0, 0].tolist()) for seed in range(10)}
    assert len(cuts) == 10


def test_hold_out_takes_a_fraction_or_a_count() -> None:
    split = numbered_split([0, 1] * 20)
    assert len(hold_out(split, 0.25)[1]) == len(hold_out(split, 10)[1]) == 10
    assert len(hold_out(split, np.int64(10))[1]) == 10


@pytest.mark.parametrize("amount", [0, 40, 41, -1, 0.0, 1.0, 1.5, -0.1, 0.01, 0.99, float("nan")])
def test_hold_out_refuses_to_leave_nothing_on_a_side(amount: float) -> None:
    with pytest.raises(ConfigurationError, match=r"of 40 images.*count from 1 to 39"):
        hold_out(numbered_split([0, 1] * 20), amount)


def test_hold_out_refuses_a_negative_seed() -> None:
    with pytest.raises(ConfigurationError, match="seed must not be negative; got -1"):
        hold_out(numbered_split([0, 1]), 1, -1)


def test_hold_out_says_how_it_was_made() -> None:
    train, validation = hold_out(numbered_split([0, 1] * 20), 10, seed=7)
    assert train.description.startswith("30 of the 40 images of the training split")
    assert validation.description.startswith("10 of the 40 images of the training split")
    for split in (train, validation):
        assert "seed 7" in split.description


def test_load_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ConfigurationError, match="'digits' and 'mnist'; got 'letters'"):
        load("letters")  # type: ignore[arg-type]


def test_load_says_when_an_option_belongs_to_the_other_data_set() -> None:
    with pytest.raises(ConfigurationError, match="take no data folder; got some/folder"):
        load("digits", data_dir="some/folder")
    with pytest.raises(ConfigurationError, match=r"split of its own.*got the split 'shuffled'"):
        load("mnist", split="shuffled")
