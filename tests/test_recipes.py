from dataclasses import replace

import numpy as np
import pytest

from digitnet.data import load_digits, load_mnist
from digitnet.errors import ConfigurationError, TrainingError
from digitnet.evaluation import accuracy
from digitnet.fitting import fit
from digitnet.model_file import load_model, save_model
from digitnet.recipes import RECIPES, Recipe
from digitnet.recognizer import Recognizer

QUICK = replace(RECIPES["digits"], hidden=(32,), epochs=8)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_the_default_recipe_reads_strange_writers(digits):
    run = fit(digits, RECIPES["digits"], seed=1)
    assert accuracy(Recognizer(run.model).probabilities(digits.test.images), digits.test.labels) >= 0.97
    assert len(run.history) == RECIPES["digits"].epochs
    assert 0.3 < run.model.rejection_threshold < 0.95
    assert 0.5 < run.model.temperature < 4


def test_one_seed_gives_one_model_to_the_byte(digits, tmp_path):
    for name in ("a", "b"):
        save_model(fit(digits, QUICK, seed=5).model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    save_model(fit(digits, QUICK, seed=6).model, tmp_path / "c")
    assert (tmp_path / "c").read_bytes() != (tmp_path / "a").read_bytes()


def test_the_model_says_how_it_was_made(digits, tmp_path):
    save_model(fit(digits, QUICK, seed=5).model, tmp_path / "m")
    model = load_model(tmp_path / "m")
    provenance = model.provenance
    assert provenance["dataset"] == "digits"
    assert provenance["seed"] == 5
    assert provenance["recipe"]["hidden"] == [32]
    assert "first 808" in provenance["training"]
    assert "last 90" in provenance["validation"]
    assert 0.5 < model.metrics["validation_accuracy"] <= 1.0


def test_validation_pictures_come_from_strange_writers_only_where_the_order_tells(digits):
    grouped = fit(digits, replace(QUICK, epochs=1)).model.provenance
    mixed = fit(load_digits("shuffled"), replace(QUICK, epochs=1)).model.provenance
    assert "in file order" in grouped["validation"]
    assert "at random" in mixed["validation"]


def test_reports_reach_the_caller_and_a_checkpoint_resumes(digits, tmp_path):
    seen = []
    whole = fit(digits, QUICK, checkpoint=tmp_path / "c", on_epoch=lambda report: seen.append(report.epoch))
    assert seen == list(range(1, 9))
    again = fit(digits, QUICK, checkpoint=tmp_path / "c", on_epoch=lambda report: seen.append(report.epoch))
    assert seen == list(range(1, 9))  # nothing was left to do
    np.testing.assert_array_equal(again.model.network.parameters, whole.model.network.parameters)


def test_dropout_early_stopping_and_no_deformation_are_recipes_too(digits):
    run = fit(digits, replace(QUICK, dropout=0.2, patience=2, epochs=60, deformation=None, average=None))
    assert run.stopped_early
    assert len(run.history) < 60


def test_the_parts_of_a_recipe_reach_the_training(digits):
    plain = fit(digits, replace(QUICK, epochs=2)).model.network
    decayed = fit(digits, replace(QUICK, epochs=2, weight_decay=5.0)).model.network
    assert np.abs(decayed.parameters).sum() < 0.95 * np.abs(plain.parameters).sum()
    dropped = fit(digits, replace(QUICK, epochs=1, dropout=0.3)).model.network
    assert {"kind": "dropout", "rate": 0.3} in dropped.architecture()


def test_probabilities_are_calibrated_by_the_temperature(digits):
    model = fit(digits, replace(QUICK, epochs=2)).model
    cold, hot = (
        Recognizer(replace(model, temperature=t)).probabilities(digits.test.images).max(axis=1).mean()
        for t in (0.5, 2.0)
    )
    assert hot < cold


def test_ctrl_c_in_the_callers_code_keeps_the_model(digits):
    def on_epoch(report):
        if report.epoch == 3:
            raise KeyboardInterrupt

    run = fit(digits, QUICK, on_epoch=on_epoch)
    assert run.interrupted
    assert len(run.history) == 3
    assert run.model.provenance["ended"] == "interrupted"
    assert run.model.provenance["best_epoch"] == 3


def test_ctrl_c_in_the_first_epoch_leaves_nothing_to_keep(digits, monkeypatch):
    def step(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("digitnet.training.Trainer.step", step)
    with pytest.raises(TrainingError, match="nothing to keep"):
        fit(digits, QUICK)


@pytest.mark.parametrize("changes", [{"hidden": ()}, {"hidden": (0,)}, {"epochs": 0}])
def test_impossible_recipes_are_refused(changes):
    with pytest.raises(ConfigurationError, match="hidden layer"):
        replace(Recipe(hidden=(8,), epochs=1, batch_size=8, learning_rate=0.1), **changes)


@pytest.mark.mnist
def test_mnist_is_learned_in_one_short_epoch(mnist_dir):
    data = load_mnist(mnist_dir)
    run = fit(data, replace(RECIPES["mnist"], hidden=(128,), epochs=1))
    assert accuracy(Recognizer(run.model).probabilities(data.test.images), data.test.labels) > 0.9


@pytest.mark.mnist
def test_the_fast_recipe_reads_mnist_within_seconds(mnist_dir):
    data = load_mnist(mnist_dir)
    run = fit(data, RECIPES["fast"], seed=1)
    assert accuracy(Recognizer(run.model).probabilities(data.test.images), data.test.labels) > 0.98
