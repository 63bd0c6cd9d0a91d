"""What each ingredient does to what is learned, shown on the experiments behind the guide's pictures."""

import importlib

import numpy as np
import pytest


@pytest.fixture(scope="module")
def fit(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "scripts")
        yield importlib.import_module("ingredients_fit")


def test_a_line_off_the_origin_needs_a_bias(fit):
    without, with_bias = fit.bias().panels[0].values.values()
    assert np.all(without < 0.65)
    assert np.all(with_bias > 0.95)


def test_a_ring_needs_enough_units(fit):
    for accuracies in fit.layer_sizes().panels[0].lines.values():
        one, two, _, four, eight, sixteen = accuracies.T
        assert np.all(one < 0.75)
        assert np.all((one < two) & (two < 0.92))
        assert np.all(np.array([four, eight, sixteen]) > 0.97)


def test_l1_drops_features_that_carry_nothing(fit):
    weights, shares = fit.l1().panels
    assert np.all(shares.values["L1"] > 0.75)
    assert np.all(shares.values["none"] < 0.35)
    assert np.all(shares.values["L2"] < 0.5)  # smaller, but not gone
    for label, sizes in weights.lines.items():
        assert np.all(sizes[:, : fit.USEFUL] > 0.6), label  # and what matters stays


def test_l2_makes_weights_smaller_and_answers_better(fit):
    error, norm = fit.l2().panels
    training, fresh = error.lines.values()
    sizes = norm.lines["‖w‖"]
    assert np.all(np.diff(sizes) < 0)
    assert np.all(np.diff(training) > 0)  # the fit to the noise gets worse, and that is the point
    at_one = error.x_names.index("1")
    assert np.all(fresh[:, at_one] < 0.6 * fresh[:, 0])
    assert np.all(sizes[:, at_one] < 0.6 * sizes[:, 0])


def test_dropout_keeps_wrong_labels_from_being_learned_by_heart(fit):
    none, _, half, most = fit.dropout().panels[0].values.values()
    assert half.mean() > none.mean() + 0.02
    assert most.mean() > none.mean() + 0.04
