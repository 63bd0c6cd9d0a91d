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
    """With seed 0, and right in half of the test split."""
    return replace(fit(load_digits(), QUICK, seed=0).model, metrics={"test_accuracy": 0.5})


def _saved(model, path, **changes):
    metrics = {"test_accuracy": 0.75} if changes.pop("tested", True) else {}
    save_model(replace(model, metrics=metrics, provenance=model.provenance | changes), path)
    return path


def test_siblings_give_their_errors(model, tmp_path):
    paths = [_saved(model, tmp_path / "1", seed=1), _saved(model, tmp_path / "2", seed=2)]
    assert sibling_errors(model, paths) == [0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 0},
        {"dataset": "mnist"},
        {"recipe": {}},
        {"refined": [{"corrections": 3}]},
        {"ended": "interrupted"},
        {"tested": False},
    ],
)
def test_strangers_are_refused(model, tmp_path, changes):
    path = _saved(model, tmp_path / "m", **({"seed": 1} | changes))
    with pytest.raises(ConfigurationError, match="no sibling"):
        sibling_errors(model, [path])


def test_a_seed_counts_once(model, tmp_path):
    paths = [_saved(model, tmp_path / "1", seed=1), _saved(model, tmp_path / "again", seed=1)]
    with pytest.raises(ConfigurationError, match="no sibling"):
        sibling_errors(model, paths)
