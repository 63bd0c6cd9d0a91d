"""Sample weights, class weights and the validation split: everything depends on the weighted rows alone."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from digitnet import MLPClassifier
from digitnet.estimator.rows import Rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def _weights(labels):
    return np.random.default_rng(1).integers(0, 4, len(labels))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True},
        {"early_stopping": True, "scoring": "accuracy", "validation_fraction": 0.3},
        {"batch_norm": True, "dropout": 0.3},
        {"class_weight": "balanced"},
        {"class_weight": {0: 3.0}, "solver": "sgd"},
    ],
)
def test_a_weight_counts_rows(iris, settings):
    """In a full batch a row of weight 3 is three rows, and one of weight 0 none: to the last bit."""
    inputs, labels = iris
    weights = _weights(labels)
    order = np.random.default_rng(2).permutation(len(labels))
    make = MLPClassifier(batch_size=1000, max_iter=30, random_state=0, alpha=0.5, **settings)
    weighted = make.fit(inputs[order], labels[order], sample_weight=weights[order]).predict_proba(inputs)
    repeated = make.fit(inputs.repeat(weights, 0), labels.repeat(weights)).predict_proba(inputs)
    np.testing.assert_array_equal(weighted, repeated)


def test_in_batches_a_weight_counts_rows_on_average(noisy):
    """Mini-batches differ, so the result does too, by no more than it does between seeds."""
    inputs, labels = noisy
    weights = _weights(labels)

    def probabilities(seed, *data, **weighted):
        classifier = MLPClassifier(
            (10,), learning_rate_init=0.01, batch_size=50, max_iter=60, random_state=seed
        )
        return classifier.fit(*data, **weighted).predict_proba(inputs)[:, 1]

    weighted = [probabilities(seed, inputs, labels, sample_weight=weights) for seed in range(3)]
    repeated = [probabilities(seed, inputs.repeat(weights, 0), labels.repeat(weights)) for seed in range(3)]
    plain = probabilities(0, inputs, labels)
    between = np.abs(np.mean(weighted, 0) - np.mean(repeated, 0)).mean()
    assert between < np.abs(weighted[0] - weighted[1]).mean() + 0.01
    assert between < 0.5 * np.abs(np.mean(weighted, 0) - plain).mean()


def test_without_penalty_only_the_ratio_of_weights_counts(iris):
    inputs, labels = iris
    weights = _weights(labels) + 1.0
    make = MLPClassifier((10,), alpha=0.0, max_iter=20, random_state=0, early_stopping=True)
    small = make.fit(inputs, labels, sample_weight=weights).predict_proba(inputs)
    large = make.fit(inputs, labels, sample_weight=1024 * weights).predict_proba(inputs)
    np.testing.assert_allclose(small, large, rtol=1e-9)


def test_class_weight_is_a_sample_weight(iris):
    inputs, labels = iris
    inputs, labels = inputs[20:], labels[20:]
    make = MLPClassifier((10,), max_iter=20, random_state=0)
    by_rows = make.fit(inputs, labels, sample_weight=compute_sample_weight("balanced", labels))
    expected = by_rows.predict_proba(inputs)
    make.set_params(class_weight="balanced").fit(inputs, labels)
    np.testing.assert_allclose(make.predict_proba(inputs), expected, rtol=1e-9)
    factors = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    make.set_params(class_weight=dict(enumerate(factors))).fit(inputs, labels)
    np.testing.assert_allclose(make.predict_proba(inputs), expected, rtol=1e-9)


def test_balanced_finds_the_rare_class(noisy):
    inputs, labels = noisy
    make = MLPClassifier((10,), learning_rate_init=0.01, max_iter=50, random_state=0)
    plain = make.fit(inputs[:300], labels[:300]).predict(inputs[300:])
    balanced = make.set_params(class_weight="balanced").fit(inputs[:300], labels[:300]).predict(inputs[300:])
    truth = labels[300:]
    assert recall_score(truth, balanced, pos_label="yes") > recall_score(truth, plain, pos_label="yes") + 0.2
    assert balanced_accuracy_score(truth, balanced) > balanced_accuracy_score(truth, plain) + 0.1


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(150), "Each sample_weight is zero"),
        (-np.ones(150), "zero or positive"),
        (np.full(150, np.nan), "finite"),
        (np.ones(149), r"each of the 150 rows; got shape \(149,\)"),
        (np.ones((150, 2)), "got shape"),
    ],
)
def test_weights_that_cannot_work(iris, weights, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier().fit(*iris, sample_weight=weights)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"rose": 2.0}, "names 'rose', which is none of the classes 0, 1, 2"),
        ({0: -1.0}, "zero or positive"),
        ({0: 0.0, 1: 0.0, 2: 0.0}, "above zero for some class"),
    ],
)
def test_class_weights_that_cannot_work(iris, class_weight, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(class_weight=class_weight).fit(*iris)


def test_class_weight_has_no_meaning_for_several_labels(iris):
    indicators = np.eye(3, dtype=int)[iris[1]]
    with pytest.raises(ValueError, match="give sample_weight instead"):
        MLPClassifier(class_weight="balanced").fit(iris[0], indicators)


def _rows(seed=0):
    rng = np.random.default_rng(seed)
    codes = np.array([0] * 70 + [1] * 20 + [2] * 10)
    return Rows(rng.normal(size=(100, 3)), codes, np.ones(100))


def test_a_split_keeps_classes_in_proportion():
    training, validation = _rows().split(0.2, seed=5)
    assert np.bincount(validation.codes).tolist() == [14, 4, 2]
    assert len(training) == 80


def test_a_split_has_no_row_on_both_sides():
    rows = _rows()
    doubled = rows.take(np.arange(100).repeat(3))
    training, validation = doubled.split(0.2, seed=5)
    assert not {*map(bytes, training.inputs)} & {*map(bytes, validation.inputs)}
    assert len(validation) == 20
    assert validation.weights.tolist() == [3.0] * 20


def test_a_split_depends_on_the_seed_and_on_nothing_but_the_rows():
    rows = _rows()
    shuffled = rows.take(np.random.default_rng(1).permutation(100))
    single = Rows(csr_array(rows.inputs), rows.codes, rows.weights)
    first = rows.split(0.2, seed=5)[1].inputs
    np.testing.assert_array_equal(shuffled.split(0.2, seed=5)[1].inputs, first)
    np.testing.assert_array_equal(single.split(0.2, seed=5)[1].inputs.toarray(), first)
    assert not np.array_equal(rows.split(0.2, seed=6)[1].inputs, first)


def test_a_split_too_small_is_refused(iris):
    with pytest.raises(ValueError, match="share above 0"):
        MLPClassifier(early_stopping=True, validation_fraction=0.0).fit(*iris)
    with pytest.raises(ValueError, match=r"got a share of 0\.1 of 5 samples, 1 of them different"):
        MLPClassifier(early_stopping=True).fit(np.ones((5, 2)), np.zeros(5))
