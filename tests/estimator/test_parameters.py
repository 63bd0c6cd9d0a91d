"""What each parameter does, and the sentence for a value that it cannot have."""

import numpy as np
import pytest

from digitnet import MLPClassifier
from digitnet.nn import Cosine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "lbfgs"}, "'lbfgs' is not offered: this network learns from batches"),
        ({"solver": "newton"}, "solver is one of 'adam', 'adamw', 'sgd'; got 'newton'"),
        ({"hidden_layer_sizes": (10, 0)}, r"hidden_layer_sizes is .* got \(10, 0\)"),
        ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes"),
        ({"activation": "softplus"}, "activation is one of"),
        ({"alpha": -1}, "alpha is zero or a positive number; got -1"),
        ({"batch_size": "all"}, "batch_size is 'auto' or a whole number"),
        ({"learning_rate": "fast"}, "learning_rate is one of"),
        ({"learning_rate_init": 0.0}, "learning_rate_init is a positive number"),
        ({"max_iter": 1.5}, "max_iter is a whole number"),
        ({"momentum": 1.0}, r"momentum is a number in \[0, 1\)"),
        ({"early_stopping": "yes"}, "early_stopping is True or False"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"dropout": 1.0}, r"dropout is a number in \[0, 1\); got 1.0"),
        ({"class_weight": "fair"}, "class_weight is None, 'balanced' or a dict"),
        ({"callbacks": 3}, "callbacks is None, a function"),
        ({"scoring": None}, "scoring is 'loss'"),
        ({"random_state": "seed"}, "seed"),
    ],
    ids=str,
)
def test_parameters_that_cannot_work(iris, settings, message):
    classifier = MLPClassifier(**settings)  # the constructor takes anything, as scikit-learn asks for
    with pytest.raises(ValueError, match=message):
        classifier.fit(*iris)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("extras", [{}, {"batch_norm": True, "dropout": 0.2}], ids=["plain", "extras"])
def test_every_activation_learns(iris, activation, extras, small):
    assert small(activation=activation, **extras).fit(*iris).score(*iris) > 0.9


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "adamw", "alpha": 0.01},
        {"solver": "sgd", "learning_rate_init": 0.1},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1},
        {"learning_rate": "cosine"},
        {"learning_rate": "one_cycle", "learning_rate_init": 0.05},
        {"learning_rate": Cosine(0.02, total_steps=60)},
        {"hidden_layer_sizes": (20, 10)},
        {"hidden_layer_sizes": [8]},
        {"hidden_layer_sizes": np.array([20, 10])},
        {"label_smoothing": 0.1},
        {"batch_size": 16, "shuffle": False},
    ],
    ids=str,
)
def test_every_way_of_learning_learns(iris, settings, small):
    assert small().set_params(**settings).fit(*iris).score(*iris) > 0.9


def test_adamw_draws_unused_weights_to_zero(iris, small):
    inputs, labels = iris
    inputs = np.hstack([inputs, np.zeros((len(inputs), 1))])
    unused = small(solver="adamw", alpha=5.0).fit(inputs, labels).coefs_[0][-1]
    free = small(solver="adamw", alpha=0.0).fit(inputs, labels).coefs_[0][-1]
    # Each of the 60 steps takes 0.01 · 5 of what is left.
    np.testing.assert_allclose(unused, 0.95**60 * free)


def test_label_smoothing_keeps_probabilities_from_the_ends(iris, small):
    """With a share of 0.3 the target of a row is 0.8 for its own class of three, and 0.85 of two."""
    inputs, labels = iris
    for truth, target in ((labels, 0.8), (labels == 0, 0.85)):
        sharp, smooth = (
            small(max_iter=300, label_smoothing=smoothing).fit(inputs, truth) for smoothing in (0.0, 0.3)
        )
        assert smooth.predict_proba(inputs).max(axis=1).mean() == pytest.approx(target, abs=0.05)
        assert sharp.predict_proba(inputs).max(axis=1).mean() > 0.95


def test_batch_norm_needs_rows_that_differ(iris, small):
    inputs, labels = iris
    for refused in (
        lambda: small(batch_norm=True, batch_size=1).fit(inputs, labels),
        lambda: small(batch_norm=True).fit(inputs[:1], labels[:1]),
        lambda: small(batch_norm=True).fit(np.ones((9, 4)), labels[:9]),
        lambda: small(batch_norm=True, early_stopping=True).fit(inputs[[0, 149]], labels[[0, 149]]),
        lambda: small(batch_norm=True).partial_fit(inputs[:1], labels[:1], classes=[0, 1, 2]),
    ):
        with pytest.raises(
            ValueError, match="batch_norm needs batches of two different rows at least; got 1"
        ):
            refused()


def test_a_last_batch_of_one_row_leaves_batch_norm_as_it_was(iris, small):
    """One row is its own mean and has no variance, and would spoil what is known of the others."""
    inputs, labels = iris
    mixed = np.arange(150).reshape(3, 50).T.ravel()
    inputs, labels = np.vstack([inputs[mixed], 100.0 * inputs[:1]]), np.append(labels[mixed], labels[0])
    classifier = small(batch_norm=True, batch_size=50, shuffle=False).fit(inputs, labels)
    assert classifier.score(*iris) > 0.9


def test_dropout_narrows_the_gap_between_training_and_validation():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, 20))
    labels = (inputs[:, 0] + rng.normal(size=300) > 0).astype(int)

    def gap(dropout):
        classifier = MLPClassifier(
            (100,), dropout=dropout, learning_rate_init=0.01, max_iter=60, random_state=0
        )
        classifier.fit(inputs[:100], labels[:100])
        return classifier.score(inputs[:100], labels[:100]) - classifier.score(inputs[100:], labels[100:])

    assert gap(0.8) < gap(0.0) - 0.05
