"""Confidences that are the shares of right answers."""

import numpy as np
import pytest

from digitnet.confidence import ConfidenceScale, fit_confidence_scale
from digitnet.errors import ConfigurationError


def _answers(confidence):
    rows = np.repeat((1 - confidence)[:, None] / 9, 10, axis=1)
    rows[:, 3] = confidence
    return rows


@pytest.mark.parametrize("scale", [ConfidenceScale(0.7, 1.5), ConfidenceScale(2.0, -1.0), ConfidenceScale()])
def test_the_map_rises_between_chance_and_certainty(scale):
    confidence = np.linspace(0.1, 1, 500)
    mapped = scale.confidence(confidence)
    assert mapped[0] == pytest.approx(0.1)
    assert mapped[-1] == pytest.approx(1)
    assert (np.diff(mapped) > 0).all()


def test_rows_stay_probabilities_with_the_same_order_of_digits():
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.full(10, 0.2), 300)
    rows[0] = np.eye(10)[4]  # certainty leaves no rest to share out
    scaled = ConfidenceScale(0.6, 2.0).probabilities(rows)
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    assert (scaled >= 0).all()
    np.testing.assert_array_equal(scaled.argmax(axis=1), rows.argmax(axis=1))
    np.testing.assert_array_equal(scaled[1:].argsort(axis=1)[:, :5], rows[1:].argsort(axis=1)[:, :5])


@pytest.mark.parametrize("scale", [ConfidenceScale(0.7, 1.5), ConfidenceScale(2.0, -1.0), ConfidenceScale()])
def test_one_row_is_scaled_as_many_are(scale):
    rows = np.random.default_rng(2).dirichlet(np.full(10, 0.2), 200)
    rows[0], rows[1] = np.eye(10)[4], np.full(10, 0.1)
    for row, expected in zip(rows, scale.probabilities(rows), strict=True):
        assert scale.of_one(row.tolist()) == pytest.approx(expected.tolist(), abs=1e-12)


def test_a_network_that_is_too_modest_is_put_right():
    rng = np.random.default_rng(1)
    truth = 1 - 0.9 * rng.random(20_000) ** 4
    right = rng.random(20_000) < truth
    modest = ConfidenceScale(1.3, -1.5).confidence(truth)
    labels = np.where(right, 3, 5)
    scale = fit_confidence_scale(_answers(modest), labels)
    np.testing.assert_allclose(scale.confidence(modest), truth, atol=0.03)
    assert np.abs(modest - truth).max() > 0.2


def test_answers_that_are_all_right_do_not_make_all_confidences_one():
    confidence = np.full(50, 0.9)
    scale = fit_confidence_scale(_answers(confidence), np.full(50, 3))
    assert 0.9 < scale.confidence(confidence)[0] < 0.999


@pytest.mark.parametrize("slope", [0.0, -1.0, np.nan, np.inf])
def test_impossible_scales_are_refused(slope):
    with pytest.raises(ConfigurationError, match="positive slope"):
        ConfidenceScale(slope)
