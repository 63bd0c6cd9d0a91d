"""From logits to probabilities of ten digits."""

import numpy as np
import pytest

from digitnet.probabilities import NO_DIGIT, digit_probabilities


@pytest.mark.parametrize("outputs", [10, 11])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_ten_probabilities_that_sum_to_one(outputs, temperature):
    logits = np.random.default_rng(0).normal(0, 5, (200, outputs)).astype(np.float32)
    probabilities = digit_probabilities(logits, temperature)
    assert probabilities.shape == (200, 10)
    assert probabilities.dtype == np.float64
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("outputs", [10, 11])
def test_one_row_is_what_it_is_among_others(outputs):
    logits = np.random.default_rng(3).normal(0, 8, (50, outputs)).astype(np.float32)
    for row, expected in zip(logits, digit_probabilities(logits, 1.7), strict=True):
        np.testing.assert_allclose(digit_probabilities(row[None], 1.7), expected[None], rtol=1e-12)


def test_what_is_no_digit_speaks_for_none():
    logits = np.zeros((1, 11))
    logits[0, NO_DIGIT] = 100
    np.testing.assert_allclose(digit_probabilities(logits), np.full((1, 10), 0.1))


def test_the_eleventh_output_never_changes_the_order_of_the_ten():
    logits = np.random.default_rng(1).normal(0, 3, (500, 11))
    order = digit_probabilities(logits).argsort(axis=1)
    np.testing.assert_array_equal(order, logits[:, :10].argsort(axis=1))


def test_without_an_eleventh_output_it_is_the_softmax():
    logits = np.array([[0.0, np.log(3.0)] + [-np.inf] * 8])
    np.testing.assert_allclose(digit_probabilities(logits)[0, :2], [0.25, 0.75])
