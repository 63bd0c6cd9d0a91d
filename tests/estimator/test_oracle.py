"""Step for step against scikit-learn: the same first weights lead to the same weights and losses."""

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.neural_network import MLPClassifier as Reference

from digitnet import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COMMON = {
    "alpha": 0.1,
    "hidden_layer_sizes": (7, 5),
    "n_iter_no_change": np.inf,
    "random_state": 0,
    "shuffle": False,
    "tol": 0.0,
    "warm_start": True,
}


def _arrays(classifier):
    return classifier.coefs_ + classifier.intercepts_


def _pair(inputs, labels, *, epochs=20, sample_weight=None, **settings):
    """Both classifiers after some epochs from the same weights."""
    settings = COMMON | {"batch_size": len(inputs)} | settings
    ours = MLPClassifier(max_iter=1, **settings).fit(inputs, labels)
    theirs = Reference(max_iter=1, **settings).fit(inputs, labels)
    for own, other in zip(_arrays(ours), _arrays(theirs), strict=True):
        own[...] = other
    for classifier in (ours, theirs):
        classifier.set_params(max_iter=epochs).fit(inputs, labels, sample_weight=sample_weight)
    return ours, theirs


def _assert_equal(ours, theirs, inputs):
    np.testing.assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=0, atol=1e-10)
    for own, other in zip(_arrays(ours), _arrays(theirs), strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.predict_proba(inputs), theirs.predict_proba(inputs), rtol=0, atol=1e-10)
    np.testing.assert_array_equal(ours.predict(inputs), theirs.predict(inputs))
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize(
    "solver",
    [
        {"solver": "adam", "learning_rate_init": 0.01},
        {"solver": "sgd", "learning_rate_init": 0.1},
        {"solver": "sgd", "nesterovs_momentum": False},
        {"solver": "sgd", "momentum": 0.0},
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
        {"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling", "learning_rate_init": 0.5},
    ],
    ids=["adam", "nesterov", "momentum", "plain", "invscaling", "invscaling without momentum"],
)
def test_twenty_epochs_of_three_classes(iris, solver, activation):
    _assert_equal(*_pair(*iris, activation=activation, **solver), iris[0])


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_two_classes(iris, solver):
    inputs, labels = iris
    _assert_equal(*_pair(inputs, labels == 1, solver=solver), inputs)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_several_labels(solver):
    inputs, labels = make_multilabel_classification(100, random_state=0)
    _assert_equal(*_pair(inputs / 10.0, labels, solver=solver), inputs / 10.0)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_sample_weights(iris, solver):
    inputs, labels = iris
    weights = np.random.default_rng(0).uniform(0.1, 5.0, len(labels))
    _assert_equal(*_pair(inputs, labels, solver=solver, sample_weight=weights), inputs)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_batches_of_equal_size(iris, solver):
    _assert_equal(*_pair(*iris, solver=solver, batch_size=50), iris[0])


def test_no_hidden_layer_is_logistic_regression(iris):
    _assert_equal(*_pair(*iris, hidden_layer_sizes=()), iris[0])


def test_partial_fit_remembers_momenta(iris):
    inputs, labels = iris
    ours, theirs = _pair(inputs, labels, epochs=1)
    for classifier in (ours, theirs):
        for _ in range(10):
            classifier.partial_fit(inputs, labels)
    _assert_equal(ours, theirs, inputs)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_kept_when_the_rate_falls(iris, nesterov):
    """The network goes on with the speed it has, however small the steps have become."""
    ours, theirs = _pair(
        *iris,
        epochs=60,
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=0.3,
        n_iter_no_change=2,
        nesterovs_momentum=nesterov,
        tol=0.02,
    )
    _assert_equal(ours, theirs, iris[0])
    assert theirs._optimizer.learning_rate < 0.02


def test_a_stream_with_a_falling_rate(iris):
    inputs, labels = iris
    ours, theirs = _pair(
        inputs, labels, epochs=1, solver="sgd", learning_rate="invscaling", learning_rate_init=0.5
    )
    for classifier in (ours, theirs):
        for _ in range(10):
            classifier.partial_fit(inputs, labels)
    _assert_equal(ours, theirs, inputs)


def test_patience_is_scikit_learns(iris):
    inputs, labels = iris
    ours, theirs = _pair(inputs, labels, epochs=2000, tol=1e-3, n_iter_no_change=7, learning_rate_init=0.01)
    assert ours.n_iter_ == theirs.n_iter_ < 2000
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_, abs=1e-10)


def test_defaults_are_scikit_learns():
    own, other = MLPClassifier().get_params(), Reference().get_params()
    assert {name: own[name] for name in other if name != "max_fun"} == {
        name: value for name, value in other.items() if name != "max_fun"
    }
