import numpy as np
import pytest

from digitnet.data import Split, hold_out_last, load_digits
from digitnet.errors import ConfigurationError


def test_the_end_of_the_file_is_held_out_in_order():
    train = load_digits("writers").train
    kept, held = hold_out_last(train, 0.1)
    assert len(held) == 90
    np.testing.assert_array_equal(np.concatenate([kept.images, held.images]), train.images)
    np.testing.assert_array_equal(np.concatenate([kept.labels, held.labels]), train.labels)
    assert "last 90" in held.description
    assert "first 808" in kept.description


@pytest.mark.parametrize("amount", [0, 40, 1.0, -1])
def test_nothing_may_be_left_empty(amount):
    split = Split("training", np.zeros((40, 8, 8), np.uint8), np.arange(40) % 10)
    with pytest.raises(ConfigurationError, match="both sides"):
        hold_out_last(split, amount)


def test_only_the_writers_split_is_grouped():
    assert load_digits("writers").grouped
    assert not load_digits("shuffled").grouped
