"""Curves, stopping, callbacks, and going on: the course that training takes."""

import copy
import itertools

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss

from digitnet import MLPClassifier
from digitnet.nn import OneCycle

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_curves_tell_training_from_validation(iris, small):
    classifier = small(early_stopping=True, alpha=0.0, validation_fraction=0.3).fit(*iris)
    assert len(classifier.loss_curve_) == len(classifier.validation_curve_) == classifier.n_iter_
    assert len(classifier.validation_scores_) == classifier.n_iter_
    assert classifier.loss_ == classifier.loss_curve_[-1]
    assert classifier.best_loss_ is None
    best = int(np.argmin(classifier.validation_curve_))
    assert classifier.best_validation_score_ == classifier.validation_scores_[best]
    plain = small().fit(*iris)
    assert plain.validation_curve_ is plain.validation_scores_ is plain.best_validation_score_ is None
    assert plain.best_loss_ == min(plain.loss_curve_)


def test_given_validation_rows_are_watched(iris, small, vector):
    inputs, labels = iris
    classifier = small(alpha=0.5).fit(inputs[::2], labels[::2], X_val=inputs[1::2], y_val=labels[1::2])
    assert classifier.n_iter_ == 60
    loss = log_loss(labels[1::2], classifier.predict_proba(inputs[1::2]))
    assert classifier.validation_curve_[-1] == pytest.approx(loss)
    assert classifier.validation_scores_[-1] == classifier.score(inputs[1::2], labels[1::2])
    unwatched = small(alpha=0.5).fit(inputs[::2], labels[::2])
    np.testing.assert_array_equal(vector(unwatched), vector(classifier))


@pytest.mark.parametrize(
    "given", [{"X_val"}, {"y_val"}, {"sample_weight_val"}, {"y_val", "sample_weight_val"}]
)
def test_validation_rows_are_given_whole_or_not_at_all(iris, small, given):
    inputs, labels = iris
    everything = {"X_val": inputs, "y_val": labels, "sample_weight_val": np.ones(150)}
    with pytest.raises(ValueError, match="X_val, y_val and sample_weight_val belong together"):
        small().fit(inputs, labels, **{name: everything[name] for name in given})


def test_weights_of_validation_rows_count(iris, small):
    inputs, labels = iris
    weights = np.arange(75) % 3
    classifier = small(class_weight={0: 2.0}).fit(
        inputs[::2], labels[::2], X_val=inputs[1::2], y_val=labels[1::2], sample_weight_val=weights
    )
    total = weights * np.where(labels[1::2] == 0, 2.0, 1.0)
    loss = log_loss(labels[1::2], classifier.predict_proba(inputs[1::2]), sample_weight=total)
    assert classifier.validation_curve_[-1] == pytest.approx(loss)
    score = accuracy_score(labels[1::2], classifier.predict(inputs[1::2]), sample_weight=total)
    assert classifier.validation_scores_[-1] == pytest.approx(score)


def test_early_stopping_keeps_the_best_weights(noisy):
    inputs, labels = noisy
    given = {"X_val": inputs[1::2], "y_val": labels[1::2]}
    classifier = MLPClassifier(
        (50,), early_stopping=True, learning_rate_init=0.05, max_iter=500, n_iter_no_change=5, random_state=0
    ).fit(inputs[::2], labels[::2], **given)
    assert classifier.n_iter_ < 100
    assert classifier.validation_curve_[-1] > min(classifier.validation_curve_)
    kept = log_loss(labels[1::2], classifier.predict_proba(inputs[1::2]))
    assert kept == pytest.approx(min(classifier.validation_curve_))


def _own_score(estimator, inputs, labels):
    return estimator.score(inputs, labels)


@pytest.mark.parametrize("scoring", ["accuracy", "f1_macro", _own_score])
def test_early_stopping_by_a_score(noisy, scoring):
    inputs, labels = noisy
    classifier = MLPClassifier(
        (20,),
        class_weight="balanced",
        early_stopping=True,
        learning_rate_init=0.05,
        max_iter=200,
        random_state=0,
        scoring=scoring,
        validation_fraction=0.3,
    ).fit(inputs, labels)
    assert classifier.n_iter_ < 200
    assert classifier.best_validation_score_ == max(classifier.validation_scores_)
    first = int(np.argmax(classifier.validation_scores_))
    assert classifier.best_validation_score_ > classifier.validation_scores_[0] or first == 0


def test_adaptive_takes_a_fifth_when_patience_is_over(iris, small):
    rates = []
    classifier = small(
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=0.5,
        max_iter=5000,
        n_iter_no_change=2,
        tol=0.01,
        callbacks=lambda report: rates.append(report.learning_rate),
    ).fit(*iris)
    used = list(dict.fromkeys(rates))
    np.testing.assert_allclose(used, 0.5 * 0.2 ** np.arange(len(used)))
    assert used[-1] <= 1e-6 < used[-2]
    assert classifier.n_iter_ < 5000


def test_a_schedule_is_followed(iris, small):
    rates = []
    schedule = OneCycle(0.1, total_steps=40)
    small(max_iter=20, learning_rate=schedule, callbacks=lambda r: rates.append(r.learning_rate)).fit(*iris)
    assert rates == [schedule(step) for step in range(20)]


def test_callbacks_see_every_epoch_and_may_end_it(iris, small):
    reports = []
    classifier = small(callbacks=[reports.append, lambda report: report.epoch == 7], early_stopping=True)
    classifier.fit(*iris)
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5, 6, 7]
    assert [report.training_loss for report in reports] == classifier.loss_curve_
    assert [report.validation_loss for report in reports] == classifier.validation_curve_
    assert [report.validation_metric for report in reports] == classifier.validation_scores_


def test_ctrl_c_keeps_what_was_learned(iris, small):
    ticks = itertools.count(1)

    def strike(_report):
        if next(ticks) == 30:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training was interrupted; the network keeps"):
        classifier = small(callbacks=strike).fit(*iris)
    assert classifier.n_iter_ == 30
    assert classifier.score(*iris) > 0.8


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_too_few_epochs_are_told_of(iris, small):
    with pytest.warns(ConvergenceWarning, match="max_iter=3 epochs"):
        small(max_iter=3).fit(*iris)


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_enough_epochs_are_not(iris, small):
    assert small(max_iter=2000).fit(*iris).n_iter_ < 2000
    small(max_iter=3, callbacks=lambda _report: True).fit(*iris)


def test_verbose_prints_a_line_an_epoch(iris, capsys, small):
    small(max_iter=3, verbose=True, early_stopping=True).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["Iteration 1", "Iteration 2", "Iteration 3"]
    assert all("loss = " in line and "validation score = " in line for line in lines)


@pytest.mark.parametrize("seed", [7, np.random.RandomState(7)], ids=["int", "RandomState"])
def test_a_seed_gives_the_same_network(iris, seed, small, vector):
    settings = {"dropout": 0.2, "early_stopping": True, "batch_size": 32, "max_iter": 10}
    first = small(random_state=copy.deepcopy(seed), **settings).fit(*iris)
    again = small(random_state=copy.deepcopy(seed), **settings).fit(*iris)
    other = small(random_state=8, **settings).fit(*iris)
    np.testing.assert_array_equal(vector(first), vector(again))
    assert not np.array_equal(vector(first), vector(other))


def test_without_a_seed_no_two_networks_are_alike(iris, small, vector):
    first, second = (small(random_state=None, max_iter=2).fit(*iris) for _ in range(2))
    assert not np.array_equal(vector(first), vector(second))


def test_warm_start_goes_on(iris, small):
    classifier = small(warm_start=True, max_iter=10).fit(*iris)
    network, seen = classifier.network_, classifier.t_
    classifier.fit(*iris)
    assert classifier.network_ is network
    assert classifier.t_ == 2 * seen == 20 * 150
    assert len(classifier.loss_curve_) == 20
    assert classifier.n_iter_ == 10
    assert classifier.loss_curve_[10] < classifier.loss_curve_[0] - 0.1
    cold = small(max_iter=10).fit(*iris)
    assert cold.fit(*iris).loss_curve_ == cold.fit(*iris).loss_curve_
    assert len(cold.loss_curve_) == 10


def test_warm_start_keeps_the_validation_rows(iris, small):
    """Rows that were set aside once are never trained on later."""
    classifier = small(warm_start=True, early_stopping=True, alpha=0.0, max_iter=5).fit(*iris)
    first = classifier.validation_curve_[-1]
    classifier.set_params(learning_rate_init=1e-12).fit(*iris)
    assert min(classifier.validation_curve_[:5]) == pytest.approx(classifier.validation_curve_[5])
    assert first >= min(classifier.validation_curve_)


def test_warm_start_refuses_another_problem(iris, small):
    inputs, labels = iris
    classifier = small(warm_start=True, max_iter=2).fit(inputs, labels)
    with pytest.raises(ValueError, match="labels that are none of the classes: 3"):
        classifier.fit(inputs, labels + 1)
    with pytest.raises(ValueError, match="has other layers than hidden_layer_sizes"):
        classifier.set_params(hidden_layer_sizes=(11,)).fit(inputs, labels)


def test_partial_fit_learns_from_a_stream(iris, small):
    inputs, labels = iris
    classifier = small(batch_size=10)
    rng = np.random.default_rng(0)
    for step in range(40):
        rows = np.flatnonzero(labels == step % 3)  # never all classes at once
        rows = rng.choice(rows, 25)
        classifier.partial_fit(inputs[rows], labels[rows], classes=[0, 1, 2] if step == 0 else None)
    assert classifier.n_iter_ == 1
    assert len(classifier.loss_curve_) == 40
    assert classifier.t_ == 1000
    assert classifier.score(inputs, labels) > 0.8


def test_partial_fit_refuses(iris, small):
    inputs, labels = iris
    with pytest.raises(ValueError, match="first call to partial_fit needs classes"):
        small().partial_fit(inputs, labels)
    classifier = small().partial_fit(inputs, labels, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes are"):
        classifier.partial_fit(inputs, labels, classes=[0, 1])
    with pytest.raises(ValueError, match="none of the classes: 5"):
        classifier.partial_fit(inputs, np.full(150, 5))
    with pytest.raises(ValueError, match=r"none of the classes: 0, 1, 2\. The classes are '0', '1', '2'\."):
        small().partial_fit(inputs, labels, classes=["0", "1", "2"])
    for classes in ("012", [0, 1, 2.5]):
        with pytest.raises(ValueError, match=r"1d array|Unknown label type"):
            small().partial_fit(inputs, labels, classes=classes)
    with pytest.raises(ValueError, match="'balanced' needs to see all rows"):
        small(class_weight="balanced").partial_fit(inputs, labels, classes=[0, 1, 2])
