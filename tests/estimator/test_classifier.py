"""MLPClassifier as its users meet it: data of every kind, what it refuses, and copies of it."""

import copy
import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import scale

from digitnet.nn import Cosine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "names",
    [["setosa", "versicolor", "virginica"], [2.0, -1.0, 7.0], [True, False]],
    ids=["strings", "floats", "booleans"],
)
def test_labels_of_any_type(iris, names, small):
    inputs, labels = iris
    rows = labels < len(names)
    labels = np.array(names)[labels[rows]]
    classifier = small().fit(inputs[rows], labels)
    assert classifier.classes_.tolist() == sorted(names)
    assert classifier.predict(inputs[rows]).dtype == labels.dtype
    assert classifier.score(inputs[rows], labels) > 0.9
    probabilities = classifier.predict_proba(inputs[rows])
    assert probabilities.shape == (rows.sum(), len(names))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.log(probabilities), classifier.predict_log_proba(inputs[rows]), rtol=1e-9)


def test_several_labels_a_row(small):
    inputs, labels = make_multilabel_classification(300, random_state=0)
    inputs = scale(inputs)
    classifier = small(max_iter=100).fit(inputs, labels)
    assert classifier.predict(inputs).shape == classifier.predict_proba(inputs).shape == labels.shape
    np.testing.assert_array_equal(classifier.predict(inputs), classifier.predict_proba(inputs) > 0.5)
    assert (classifier.predict(inputs) == labels).mean() > 0.85
    sparse = small(max_iter=100).fit(inputs, csr_matrix(labels))
    np.testing.assert_array_equal(sparse.predict(inputs), classifier.predict(inputs))


def test_a_single_class_is_always_the_answer(iris, small):
    classifier = small().fit(iris[0], ["rose"] * 150)
    assert set(classifier.predict(iris[0])) == {"rose"}
    assert (classifier.predict_proba(iris[0]) == 1.0).all()


def test_log_probabilities_stay_finite(iris, small):
    classifier = small().fit(*iris)
    far = 1e5 * iris[0]
    assert (classifier.predict_proba(far) == 0.0).any()
    assert np.isfinite(classifier.predict_log_proba(far)).all()


def test_float32_is_computed_in_float32(iris, small):
    inputs, labels = iris
    single, double = small().fit(inputs.astype(np.float32), labels), small().fit(inputs, labels)
    assert single.network_.dtype == single.predict_proba(inputs).dtype == np.float32
    assert double.network_.dtype == double.predict_proba(inputs).dtype == np.float64
    np.testing.assert_allclose(single.predict_proba(inputs), double.predict_proba(inputs), atol=1e-3)


@pytest.mark.parametrize("batch_size", [32, "auto"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_sparse_matrix_gives_what_the_dense_one_gives(iris, batch_size, early_stopping, small, vector):
    inputs, labels = np.maximum(iris[0], 0.0), iris[1]
    settings = {"batch_size": batch_size, "early_stopping": early_stopping, "max_iter": 20}
    dense = small(**settings).fit(inputs, labels)
    sparse = small(**settings).fit(csr_array(inputs), labels)
    np.testing.assert_allclose(vector(sparse), vector(dense), rtol=1e-9)
    np.testing.assert_allclose(
        sparse.predict_proba(csr_array(inputs)), dense.predict_proba(inputs), rtol=1e-9
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (np.where(x > 2, np.nan, x), y), "contains NaN"),
        (lambda x, y: (x, y[:-1]), "inconsistent numbers of samples"),
        (lambda x, y: (x, x[:, 0] + y), "continuous"),
        (lambda x, y: (x, np.stack([y, y + 1], axis=1)), "MultiOutputClassifier"),
    ],
    ids=["NaN", "lengths", "regression", "several classes"],
)
def test_data_that_cannot_be_learned(iris, change, message, small):
    with pytest.raises(ValueError, match=message):
        small().fit(*change(*iris))


def test_a_loss_without_bounds_is_told_of(iris, small):
    with pytest.raises(ValueError, match="Lower the learning rate, warm it up, or look for NaN and unscaled"):
        small(solver="sgd").fit(1e200 * iris[0], iris[1])


def test_a_classifier_that_has_not_learned(small):
    with pytest.raises(NotFittedError):
        small().predict([[1.0]])
    assert not hasattr(small(), "coefs_")


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])  # noqa: S301
def test_a_copy_predicts_and_learns_on_alike(iris, duplicate, small):
    inputs, labels = iris
    original = small(batch_norm=True, dropout=0.3, batch_size=40, max_iter=5).fit(inputs, labels)
    twin = duplicate(original)
    np.testing.assert_array_equal(twin.predict_proba(inputs), original.predict_proba(inputs))
    for classifier in (original, twin):
        classifier.partial_fit(inputs, labels)
    np.testing.assert_array_equal(twin.predict_proba(inputs), original.predict_proba(inputs))
    assert np.shares_memory(twin.coefs_[0], twin.network_.parameters)
    twin.coefs_[0][...] = 0.0
    assert original.coefs_[0].any()


def test_a_clone_has_not_learned(iris, small):
    settings = {"callbacks": [print], "class_weight": {0: 2.0}, "learning_rate": Cosine(0.1, total_steps=9)}
    copied = clone(small(max_iter=1, **settings).fit(*iris))
    assert not hasattr(copied, "network_")
    assert copied.get_params() == small(max_iter=1, **settings).get_params()


def test_weights_are_views(iris, small):
    classifier = small().fit(*iris)
    assert [array.shape for array in classifier.coefs_] == [(4, 10), (10, 3)]
    assert [array.shape for array in classifier.intercepts_] == [(10,), (3,)]
    hidden = np.maximum(iris[0] @ classifier.coefs_[0] + classifier.intercepts_[0], 0.0)
    logits = hidden @ classifier.coefs_[1] + classifier.intercepts_[1]
    np.testing.assert_array_equal(classifier.predict(iris[0]), logits.argmax(axis=1))
    np.testing.assert_allclose(classifier.network_.predict(iris[0]), logits)
    classifier.intercepts_[1][...] = [0.0, 0.0, 1e6]
    assert set(classifier.predict(iris[0])) == {2}
