import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from digitnet import evaluation
from digitnet.errors import ConfigurationError

SEED = 12


@pytest.fixture
def answers():
    """Logits that are over-confident by a factor of 2.5, with labels drawn from the true probabilities."""
    rng = np.random.default_rng(SEED)
    true_logits = rng.standard_normal((20_000, 10)) * 2
    p = softmax(true_logits, axis=1)
    labels = (p.cumsum(axis=1) > rng.random((len(p), 1))).argmax(axis=1)
    return true_logits * 2.5, labels


def test_accuracy_and_confusion_agree_with_scikit_learn(answers):
    logits, labels = answers
    predicted = logits.argmax(axis=1)
    assert evaluation.accuracy(logits, labels) == metrics.accuracy_score(labels, predicted)
    np.testing.assert_array_equal(
        evaluation.confusion_matrix(predicted, labels), metrics.confusion_matrix(labels, predicted)
    )


@pytest.mark.parametrize(("errors", "total"), [(0, 100), (3, 100), (50, 100), (100, 100), (35, 10_000)])
def test_the_interval_covers_the_true_rate_as_often_as_it_says(errors, total):
    low, high = evaluation.error_interval(errors, total)
    assert 0 <= low <= errors / total <= high <= 1
    rate = max(errors / total, 1 / total)
    draws = np.random.default_rng(SEED).binomial(total, rate, 4000)
    covered = np.mean(
        [lo <= rate <= hi for lo, hi in (evaluation.error_interval(int(d), total) for d in draws)]
    )
    assert covered > 0.92


def test_temperature_undoes_overconfidence(answers):
    logits, labels = answers
    temperature = evaluation.fit_temperature(logits, labels)
    assert temperature == pytest.approx(2.5, rel=0.05)
    before = evaluation.calibration_error(softmax(logits, axis=1), labels)
    after = evaluation.calibration_error(softmax(logits / temperature, axis=1), labels)
    assert before > 0.1
    assert after < 0.015


def test_answers_that_are_all_right_do_not_push_the_temperature_to_zero():
    labels = np.arange(90) % 10
    logits = np.eye(10)[labels] * 8.0
    temperature = evaluation.fit_temperature(logits, labels)
    confidence = softmax(logits / temperature, axis=1).max(axis=1).mean()
    assert 0.98 < confidence < 0.999


def test_calibration_error_is_zero_for_the_truth_and_large_for_a_liar():
    rng = np.random.default_rng(SEED)
    confidence = rng.uniform(0.5, 1.0, 50_000)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    honest = (rng.random(50_000) > confidence).astype(int)
    assert evaluation.calibration_error(probabilities, honest) < 0.01
    assert evaluation.calibration_error(probabilities, np.ones(50_000, int)) > 0.7


def test_the_threshold_loses_the_share_it_was_told(answers):
    logits, labels = answers
    probabilities = softmax(logits / 2.5, axis=1)
    threshold = evaluation.rejection_threshold(probabilities, labels, lost=0.05)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    assert np.mean(confidence[right] < threshold) == pytest.approx(0.05, abs=0.001)
    assert np.mean(confidence[~right] < threshold) > 0.1


def test_risk_falls_with_coverage(answers):
    logits, labels = answers
    thresholds, coverage, risk = evaluation.risk_coverage(softmax(logits / 2.5, axis=1), labels)
    assert coverage[-1] == 1.0
    assert risk[-1] == pytest.approx(1 - evaluation.accuracy(logits, labels))
    assert (np.diff(thresholds) <= 0).all()
    assert risk[len(risk) // 10] < risk[len(risk) // 2] < risk[-1]


def test_reliability_bins_hold_every_answer_and_make_up_the_calibration_error(answers):
    logits, labels = answers
    probabilities = softmax(logits, axis=1)
    bins = evaluation.reliability(probabilities, labels)
    counts, confidence, right = (np.array(column) for column in zip(*bins, strict=True))
    assert len(bins) == 15
    assert counts.max() - counts.min() <= 1
    assert (np.diff(confidence) > 0).all()
    assert counts @ right / counts.sum() == pytest.approx(evaluation.accuracy(logits, labels))
    error = (counts * np.abs(right - confidence)).sum() / counts.sum()
    assert evaluation.calibration_error(probabilities, labels) == pytest.approx(error)
    assert len(evaluation.reliability(probabilities[:4], labels[:4])) == 4


def test_the_area_under_the_rejection_curve_is_smaller_if_confidence_knows_the_mistakes(answers):
    logits, labels = answers
    probabilities = softmax(logits, axis=1)
    area = evaluation.area_under_risk_coverage(probabilities, labels)
    wrong = probabilities.argmax(axis=1) != labels
    oracle = np.where(wrong[:, None], 0.1, np.eye(10)[probabilities.argmax(axis=1)])
    oracle[wrong, probabilities.argmax(axis=1)[wrong]] += 0.01
    best = evaluation.area_under_risk_coverage(oracle, labels)
    assert 0 < best < area < wrong.mean()
    assert evaluation.area_under_risk_coverage(np.eye(3), np.arange(3)) == 0


@pytest.mark.parametrize("digits_after_the_point", [1, 3, 12])  # many ties, some, none
def test_auroc_agrees_with_scikit_learn_ties_and_all(digits_after_the_point):
    rng = np.random.default_rng(SEED)
    digits = np.round(rng.beta(5, 2, 300), digits_after_the_point)
    others = np.round(rng.beta(2, 3, 200), digits_after_the_point)
    expected = metrics.roc_auc_score([1] * 300 + [0] * 200, np.concatenate([digits, others]))
    assert evaluation.auroc(digits, others) == pytest.approx(expected)
    assert evaluation.auroc(others, digits) == pytest.approx(1 - expected)


def test_the_rejecting_threshold_never_rejects_more_digits_than_it_may():
    rng = np.random.default_rng(SEED)
    for total in (1, 10, 25, 99, 1000):
        digits, others = np.round(rng.beta(5, 1, total), 2), rng.beta(2, 3, 500)
        threshold, rejected = evaluation.rejection_at(digits, others, 0.04)
        assert np.mean(digits < threshold) <= 0.04
        assert rejected == np.mean(others < threshold)
        assert np.mean(digits <= threshold) > 0.04  # the next digit would be too many
    assert evaluation.rejection_at(np.arange(25.0), np.array([0.5]), 0.04) == (1.0, 1.0)


def test_the_largest_of_one_column_says_nothing():
    for outputs in (np.array([[0.9], [0.2]]), np.array([0.9, 0.2])):
        with pytest.raises(ConfigurationError, match="single probability"):
            evaluation.accuracy(outputs, np.array([1, 0]))


def test_impossible_requests_are_refused():
    with pytest.raises(ConfigurationError):
        evaluation.error_interval(1, 0)
    with pytest.raises(ConfigurationError):
        evaluation.rejection_threshold(np.eye(2), np.array([0, 1]), lost=1.0)
    with pytest.raises(ConfigurationError, match="got 0 and 2"):
        evaluation.auroc(np.array([]), np.ones(2))
    with pytest.raises(ConfigurationError):
        evaluation.rejection_at(np.ones(2), np.ones(2), lost=1.0)


def test_nothing_is_believed_where_nothing_was_right():
    assert evaluation.rejection_threshold(np.full((2, 2), 0.5), np.array([1, 1])) == 1.0
