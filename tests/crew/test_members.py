"""Two processes train what is worth it, where two can."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from digitnet.crew import headcount
from digitnet.data import Batches, load_digits
from digitnet.fitting import fit
from digitnet.nn import Dense, Network, ReLU
from digitnet.recipes import RECIPES

LARGE = Batches(np.zeros((1000, 784)), np.zeros((1000, 10)), batch_size=100)


def network(*widths):
    layers = [Dense(before, after) for before, after in pairwise(widths)]
    return Network([layers[0], *(part for layer in layers[1:] for part in (ReLU(), layer))], rng=0)


@pytest.fixture(autouse=True)
def _linux_with_four_cores(monkeypatch):
    monkeypatch.setattr("digitnet.crew.members.cores", lambda: 4)
    monkeypatch.setattr("sys.platform", "linux")


def test_a_long_run_has_two_and_a_short_one_has_one():
    assert headcount(network(784, 512, 256, 10), LARGE, epochs=60) == 2
    assert headcount(network(784, 512, 256, 10), LARGE, epochs=40) == 1
    assert headcount(network(784, 16, 10), LARGE, epochs=60) == 1


def test_one_core_has_one(monkeypatch):
    monkeypatch.setattr("digitnet.crew.members.cores", lambda: 1)
    assert headcount(network(784, 512, 256, 10), LARGE, epochs=1000) == 1


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_one(monkeypatch, platform):
    monkeypatch.setattr("sys.platform", platform)
    assert headcount(network(784, 512, 256, 10), LARGE, epochs=1000) == 1


def test_what_cannot_be_shared_has_one():
    assert headcount(network(784, 10), LARGE, epochs=100_000) == 1
    assert headcount(network(784, 1, 10), LARGE, epochs=1_000_000) == 1


def test_a_fit_says_how_many_there_were(monkeypatch):
    digits, recipe = load_digits(), replace(RECIPES["digits"], epochs=2)
    asked = {count: fit(digits, recipe, processes=count).model for count in (None, 1, 2)}
    assert {count: model.provenance["processes"] for count, model in asked.items()} == {None: 1, 1: 1, 2: 2}
    one, two = (asked[count].network.parameters for count in (1, 2))
    np.testing.assert_allclose(two, one, rtol=0, atol=2e-2)
    monkeypatch.setattr("digitnet.crew.members._WORTH_A_CREW", 0)
    assert fit(digits, recipe).model.provenance["processes"] == 2
