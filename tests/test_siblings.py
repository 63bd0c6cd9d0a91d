"""Models of one recipe and several seeds."""

from dataclasses import replace

import pytest

from digitnet.data import load_digits
from digitnet.errors import ConfigurationError
from digitnet.fitting import fit
from digitnet.model_file import save_model
from digitnet.recipes import RECIPES
from digitnet.siblings import sibling_errors

QUICK = replace(RECIPES["digits"], hidden=(16,), epochs=1)


@pytest.fixture(scope="module")
def model():
    return fit(load_digits(), QUICK, seed=1).model


def _saved(model, path, **changes):
    metrics = {"test_accuracy": 0.75} if changes.pop("tested", True) else {}
    save_model(replace(model, metrics=metrics, provenance=model.provenance | changes), path)
    return path


def test_siblings_give_their_errors(model, tmp_path):
    paths = [_saved(model, tmp_path / "1"), _saved(model, tmp_path / "2", seed=2)]
    assert sibling_errors(paths, "digits", QUICK, 0) == [0.25, 0.25]


@pytest.mark.parametrize(
    ("changes", "seed"),
    [
        ({}, 1),
        ({"dataset": "mnist"}, 0),
        ({"recipe": {}}, 0),
        ({"ended": "interrupted"}, 0),
        ({"tested": False}, 0),
    ],
)
def test_strangers_are_refused(model, tmp_path, changes, seed):
    path = _saved(model, tmp_path / "m", **changes)
    with pytest.raises(ConfigurationError, match="no sibling"):
        sibling_errors([path], "digits", QUICK, seed)


def test_a_seed_counts_once(model, tmp_path):
    paths = [_saved(model, tmp_path / "1"), _saved(model, tmp_path / "again")]
    with pytest.raises(ConfigurationError, match="no sibling"):
        sibling_errors(paths, "digits", QUICK, 0)
