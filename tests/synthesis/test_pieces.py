"""Pieces of digits as wrong cuts leave them."""

import numpy as np
import pytest

from digitnet.data import load_digits
from digitnet.synthesis import pieces


@pytest.fixture(scope="module")
def digits():
    split = load_digits("writers").train
    return [
        (pieces.tight(image / np.float32(16)), int(label))
        for image, label in zip(split.images[:200], split.labels[:200], strict=True)
    ]


def test_tight_cuts_away_what_is_empty():
    ink = np.zeros((10, 12), np.float32)
    ink[2:7, 3:5] = 1
    assert pieces.tight(ink).shape == (5, 2)
    assert pieces.tight(np.zeros((4, 4), np.float32)).shape == (1, 1)


@pytest.mark.parametrize(("gap", "shift", "shape"), [(3, 0, (6, 9)), (-2, 0, (6, 4)), (0, 5, (10, 6))])
def test_pieces_stand_side_by_side(gap, shift, shape):
    first, second = np.ones((6, 4), np.float32), np.full((4, 2), 0.5, np.float32)
    both = pieces.side_by_side(first, second, gap, shift)
    assert both.shape == shape
    if gap >= 0:
        assert both.sum() == first.sum() + second.sum()  # nothing is lost, nothing covered


def test_merged_digits_hold_the_ink_of_all(digits):
    rng = np.random.default_rng(1)
    for _ in range(50):
        chosen = [digits[i][0] for i in rng.integers(len(digits), size=2)]
        both = pieces.merged(chosen, rng)
        assert both.shape[1] >= max(ink.shape[1] for ink in chosen)
        assert both.sum() >= max(ink.sum() for ink in chosen)


def test_a_cut_takes_a_part_and_leaves_slivers_alone(digits):
    rng = np.random.default_rng(2)
    made = {}
    for ink, digit in digits:
        large = np.kron(ink, np.ones((4, 4), np.float32))
        piece = pieces.cut(large, digit, rng)
        made.setdefault(digit, []).append(piece is not None)
        if piece is not None:
            assert 0 < piece.sum() < large.sum()
            assert piece.shape[1] >= 0.3 * piece.shape[0]
    # Half of a 1, a 7 or a 9 may be a 1 or a 0; most halves of a 0 or a 2 are no digits.
    assert not any(made[1] + made[7] + made[9])
    assert np.mean(made[0]) > 0.5
    assert np.mean(made[2]) > 0.5


def test_turned_digits_are_never_the_digit_itself(digits):
    rng = np.random.default_rng(3)
    for ink, digit in digits:
        other = pieces.turned(ink, digit, rng)
        if other is not None:
            assert other.shape != ink.shape or not np.array_equal(other, ink)
            assert other.sum() == pytest.approx(ink.sum())
    assert all(pieces.turned(ink, 0, rng) is None for ink, digit in digits if digit == 0)


def test_a_one_that_leans_is_not_turned():
    leaning = np.eye(12, dtype=np.float32)
    assert pieces.turned(leaning, 1, np.random.default_rng(4)) is None
    lying = pieces.turned(np.ones((12, 2), np.float32), 1, np.random.default_rng(4))
    assert lying is not None
    assert lying.shape == (2, 12)


def test_fragments_are_smaller_than_the_digit(digits):
    rng = np.random.default_rng(5)
    for _ in range(100):
        (ink, _), (other, _) = (digits[i] for i in rng.integers(len(digits), size=2))
        large, neighbour = (np.kron(part, np.ones((3, 3), np.float32)) for part in (ink, other))
        soiled = pieces.with_fragment(large, neighbour, rng)
        assert soiled.sum() >= large.sum()
        assert soiled.sum() < 1.6 * large.sum() + 20
