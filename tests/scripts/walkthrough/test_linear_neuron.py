"""The figures of the first lesson: a neuron with one weight learns to double."""

import numpy as np
import pytest

from digitnet.data.batches import Batches
from digitnet.nn import SGD, Constant, Dense, MeanSquaredError, Network
from digitnet.training import Trainer


@pytest.fixture
def module(lesson_module):
    return lesson_module("linear_neuron")


def test_one_example_comes_part_of_the_way_in_thirty_steps(module):
    one = module.train(module.ONE, 30)
    assert len(one.errors) == 30
    assert one.weights[0] == 0.0
    assert one.errors[0] == 2.0
    assert one.errors[-1] == pytest.approx(0.82681870, abs=1e-8)
    assert one.weights[-1] == pytest.approx(1.19798586, abs=1e-8)


def test_four_examples_arrive_in_a_hundred_steps(module):
    four = module.train(module.FOUR, 100)
    assert four.errors[0] == 2.0
    assert four.errors[20] == pytest.approx(0.01221980, abs=1e-8)
    assert four.errors[-1] == pytest.approx(2.19735e-11, abs=1e-15)
    assert four.weights[-1] == pytest.approx(2.0, abs=1e-9)
    assert four.network.predict(np.array([[5.0]])).item() == pytest.approx(10.0, abs=1e-9)


def test_the_figures_come_from_epochs_of_the_trainer_too():
    inputs = np.array([[1.0], [2.0], [3.0], [4.0]])
    network = Network([Dense(1, 1, use_bias=False)], rng=None, dtype=np.float64)
    batches = Batches(inputs, 2 * inputs, batch_size=4, seed=0, shuffle=False, dtype=np.float64)
    trainer = Trainer(network, MeanSquaredError(factor=0.5), SGD(), Constant(0.03), batches)
    losses = [report.training_loss for report in trainer.epochs(100)]
    # L = 1/2 · mean(x²) · (2 - w)², and the first example's error is 2 - w.
    assert np.sqrt(losses[20] / 3.75) == pytest.approx(0.01221980, abs=1e-8)
    assert network.parameters.item() == pytest.approx(2.0, abs=1e-9)


@pytest.mark.parametrize(("learning_rate", "arrives"), [(0.25, True), (0.28, False)])
def test_a_learning_rate_above_two_over_the_mean_square_climbs(module, learning_rate, arrives):
    weights = module.train(module.FOUR, 10, learning_rate).weights
    assert (abs(weights[-1] - 2) < abs(weights[0] - 2)) == arrives


def test_the_lesson_shows_what_it_claims(module, lesson):
    figures = module.run(lesson)
    assert figures.answer == pytest.approx(10.0, abs=1e-9)
    for calculated, measured in figures.factors.values():
        assert measured == pytest.approx(calculated, abs=1e-12)
    assert figures.factors["(1, 2) four times"] == figures.factors["(1, 2)"]
    assert figures.factors["(4, 8) alone"] < figures.factors["the four pairs"]
    assert {path.name for path in (lesson.out / "lesson").iterdir()} == {
        *("errors.png", "valley.png", "training.gif", "training-last.png")
    }


def test_without_a_folder_nothing_is_drawn(module, lesson_module, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module.run(lesson_module("page.lesson").Lesson("lesson", None))
    printed = capsys.readouterr().out
    assert "1.19798586" in printed
    assert "0.012219799" in printed
    assert "10.000000" in printed
    assert not list(tmp_path.iterdir())
