"""Sample weights in every loss: twice is the row twice, zero is no row, and the gradient knows it."""

import numpy as np
import pytest

from digitnet.nn import BinaryCrossEntropy, MeanSquaredError, SoftmaxCrossEntropy

ROWS, OUTPUTS = 6, 3
WEIGHTS = np.array([1.0, 0.0, 2.5, 0.3, 2.0, 1.0])
LOSSES = {
    "softmax cross-entropy": SoftmaxCrossEntropy,
    "label smoothing": lambda: SoftmaxCrossEntropy(label_smoothing=0.2),
    "binary cross-entropy": BinaryCrossEntropy,
    "binary cross-entropy of logits": lambda: BinaryCrossEntropy(from_logits=True),
    "mean squared error": MeanSquaredError,
    "half summed squared error": lambda: MeanSquaredError(reduction="sum", factor=0.5),
}


@pytest.fixture(params=LOSSES)
def case(request):
    """A loss with predictions and targets that it takes."""
    rng = np.random.default_rng(5)
    predictions = rng.uniform(0.1, 0.9, (ROWS, OUTPUTS))
    soft = rng.random((ROWS, OUTPUTS))
    name = request.param
    labels = rng.integers(0, OUTPUTS, ROWS)
    return (
        LOSSES[name](),
        predictions,
        labels if name in ("softmax cross-entropy", "label smoothing") else soft,
    )


def _forward_backward(loss, *batch):
    return loss.forward(*batch), loss.backward().copy()


def _divisor(loss, rows):
    """Of how many rows the loss takes the mean."""
    return 1 if getattr(loss, "reduction", "mean") == "sum" else rows


def test_weighted_gradients_equal_central_differences(case):
    loss, predictions, targets = case
    _, gradient = _forward_backward(loss, predictions, targets, WEIGHTS)
    for position in np.ndindex(predictions.shape):
        above, below = predictions.copy(), predictions.copy()
        above[position] += 1e-6
        below[position] -= 1e-6
        difference = loss.forward(above, targets, WEIGHTS) - loss.forward(below, targets, WEIGHTS)
        assert gradient[position] == pytest.approx(difference / 2e-6, rel=1e-6, abs=1e-9)


def test_weights_of_one_change_not_a_bit(case):
    loss, predictions, targets = case
    plain_loss, plain = _forward_backward(loss, predictions, targets)
    weighted_loss, weighted = _forward_backward(loss, predictions, targets, np.ones(ROWS))
    assert weighted_loss == plain_loss
    np.testing.assert_array_equal(weighted, plain)


def test_a_weight_of_two_is_the_row_twice(case):
    loss, predictions, targets = case
    counts = np.array([1, 2, 1, 1, 3, 1])
    rows = np.repeat(np.arange(ROWS), counts)
    weighted_loss, weighted = _forward_backward(loss, predictions, targets, counts.astype(float))
    repeated_loss, repeated = _forward_backward(loss, predictions[rows], targets[rows])
    factor = _divisor(loss, len(rows)) / _divisor(loss, ROWS)
    assert weighted_loss == pytest.approx(repeated_loss * factor, rel=1e-12)
    np.testing.assert_allclose(weighted[rows] / counts[rows][:, None], repeated * factor, rtol=1e-12)


def test_a_weight_of_zero_is_no_row(case):
    loss, predictions, targets = case
    there = WEIGHTS > 0
    weighted_loss, weighted = _forward_backward(loss, predictions, targets, WEIGHTS)
    without_loss, without = _forward_backward(loss, predictions[there], targets[there], WEIGHTS[there])
    factor = _divisor(loss, there.sum()) / _divisor(loss, ROWS)
    assert weighted_loss == pytest.approx(without_loss * factor, rel=1e-12)
    np.testing.assert_allclose(weighted[there], without * factor, rtol=1e-12)
    assert not weighted[~there].any()


def test_the_dtype_stays_that_of_the_predictions(case):
    loss, predictions, targets = case
    number, gradient = _forward_backward(loss, predictions.astype(np.float32), targets, WEIGHTS)
    assert type(number) is float
    assert gradient.dtype == np.float32
