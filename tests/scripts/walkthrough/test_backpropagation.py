"""The figures of the second lesson: backpropagation on four rows, and the learning rates."""

import numpy as np
import pytest

from digitnet import nn
from digitnet.data.batches import Batches

ERRORS = [0.496410031903, 0.00858452565325, 0.00578945986251, 0.00462917677677, 0.00395876528027]
ERRORS += [0.00351012256786]
RATES = {
    0.001: 0.485977857846,
    0.01: 0.0985964298089,
    0.1: 0.0130144905381,
    1.0: 0.00351012256786,
    10.0: 0.00131274062834,
    100.0: 0.125206352756,
    1000.0: 0.5,
}


@pytest.fixture(scope="module")
def module(lesson_module):
    return lesson_module("backpropagation")


@pytest.fixture(scope="module")
def toy(lesson_module):
    return lesson_module("sections.backpropagation_toy")


@pytest.fixture(scope="module")
def lesson(lesson_module, tmp_path_factory):
    return lesson_module("page.lesson").Lesson("lesson", tmp_path_factory.mktemp("out"), quiet=True)


@pytest.fixture(scope="module")
def figures(module, lesson):
    return module.run(lesson)


def test_weights_are_those_that_follow_the_old_seed(toy):
    numbers = np.random.RandomState(1)
    expected = [2 * numbers.random_sample(shape) - 1 for shape in ((3, 4), (4, 1))]
    network = toy.build(3, 4, 1)
    np.testing.assert_array_equal(network.layers[0].weight, expected[0])
    np.testing.assert_array_equal(network.layers[2].weight, expected[1])


def test_one_layer_finds_the_column(figures):
    expected = [0.00966449, 0.00786506, 0.99358898, 0.99211957]
    np.testing.assert_allclose(figures.first_column.ravel(), expected, rtol=0, atol=1e-8)


def test_one_layer_gives_up_on_xor(figures):
    np.testing.assert_allclose(figures.one_layer, 0.5, rtol=0, atol=1e-6)


def test_the_hidden_layer_learns_xor(figures):
    np.testing.assert_allclose(figures.errors, ERRORS, rtol=0, atol=1e-11)


def test_the_formulas_are_what_the_network_computes(figures):
    assert figures.by_hand < 1e-15


def test_learning_rates(figures):
    assert figures.rates == pytest.approx(RATES, abs=1e-9, rel=0)


def test_momentum_and_adam_are_faster_than_plain_descent(figures):
    plain, *others = figures.steps.values()
    assert max(others) < plain / 2


def test_the_library_gives_the_figures_with_epochs_and_a_metric(toy):
    """The same without the lesson's own loop: the metric is measured before each update."""
    network = toy.build(3, 4, 1)
    batches = Batches(toy.INPUTS, toy.EITHER_OR, batch_size=4, seed=0, shuffle=False, dtype=np.float64)
    loss = nn.MeanSquaredError(reduction="sum", factor=0.5)
    trainer = toy.Trainer(
        *(network, loss, nn.SGD(), nn.Constant(1.0), batches),
        metric=lambda outputs, targets: float(np.abs(outputs - targets).mean()),
    )
    errors = [report.training_metric for report in trainer.epochs(10_001)]
    np.testing.assert_allclose([errors[0], errors[10_000]], ERRORS[:2], rtol=0, atol=1e-11)


def test_what_the_toy_lacks_is_in_the_library(module, toy):
    """Every line of the list can be run as it stands."""
    names = {name: getattr(nn, name) for name in nn.__all__}
    names |= {"Batches": Batches, "inputs": toy.INPUTS, "targets": toy.EITHER_OR, "cupy": np}
    names |= {"in_features": 3, "out_features": 4, "rng": np.random.default_rng(0)}
    names["layers"] = [nn.Dense(3, 1), nn.Sigmoid()]
    lacking = [line for _, line, _ in module.LACKING]
    assert len(lacking) == 10
    for line in lacking:
        assert eval(line, names) is not None  # noqa: S307 - the lesson's own lines


def test_the_lesson_draws_its_pictures(figures, lesson):
    del figures
    expected = {f"{name}.png" for name in ("squares", "error", "activations", "weights", "rates")}
    assert {path.name for path in (lesson.out / "lesson").iterdir()} == expected
