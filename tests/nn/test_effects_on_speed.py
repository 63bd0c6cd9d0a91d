"""What each ingredient does to learning, shown on the experiments that the guide's pictures are drawn from.

Every claim has to hold for each of three seeds, or, where it is about averages, says so.
"""

import importlib

import numpy as np
import pytest


@pytest.fixture(scope="module")
def speed(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "scripts")
        yield importlib.import_module("ingredients_speed")


def _lines(experiment):
    """The lines of the first panel, ``(seeds, points)`` each."""
    return experiment.panels[0].lines.values()


def test_a_rate_too_small_crawls_and_one_too_large_jumps(speed):
    small, right, large = _lines(speed.learning_rate())
    assert np.all(np.diff(small) < 0)  # downhill in every step
    assert np.all(small[:, -1] > 0.75 * small[:, 0])  # and nowhere in the end
    assert np.all(right[:, -1] < 0.1 * right[:, 0])
    assert np.all(large[:, -50:].max(axis=1) > 10 * large[:, 0])


def test_decay_takes_away_the_noise_of_mini_batches(speed):
    constant, decayed = _lines(speed.learning_rate_decay())
    floor, middle = constant[:, -10:].mean(axis=1), constant[:, 10:20].mean(axis=1)
    assert np.all(floor > 0.3 * middle)  # it stays where it is
    assert np.all(decayed[:, -10:].mean(axis=1) < 0.02 * floor)


def test_momentum_needs_the_root_of_the_steps(speed):
    plain, with_momentum, plain_theory, momentum_theory = _lines(speed.momentum())
    np.testing.assert_allclose(plain, np.broadcast_to(plain_theory, plain.shape), rtol=0.02)
    assert np.all(with_momentum > momentum_theory)  # the theory is the limit of small steps
    assert np.all(with_momentum < 1.5 * momentum_theory)
    assert np.all(with_momentum[:, -1] < plain[:, -1] / 10)
    # ten times as narrow: ten times the steps, or about √10
    np.testing.assert_allclose(plain[:, 2:] / plain[:, :2], 10, rtol=0.02)
    np.testing.assert_allclose(with_momentum[:, 2:] / with_momentum[:, :2], np.sqrt(10), rtol=0.15)


def test_smaller_batches_need_fewer_passes(speed):
    whole, hundred, ten = _lines(speed.mini_batches())
    assert np.all(ten[:, 1:] < hundred[:, 1:])
    assert np.all(hundred[:, 1:] < whole[:, 1:])
    assert np.all(ten[:, 2] < whole[:, 20])  # two passes take it farther than twenty


def test_clipped_error_signals_survive_wild_targets(speed):
    thrown_away, slow, clipped = _lines(speed.delta_trimming())
    assert np.isinf(thrown_away[:, -1]).all()  # diverged
    assert np.all(slow[:, -1] > 10 * slow[:, 0])  # a hundredth of the rate is no way out
    assert np.all(clipped[:, -10:].mean(axis=1) < 0.15 * clipped[:, 0])


def test_deep_layers_learn_only_from_weights_of_the_right_size(speed):
    small, large, he = _lines(speed.initialisation())
    assert np.all(np.abs(small - np.log(2)) < 0.01)  # the loss of knowing nothing, all the time
    assert np.all(large[:, -1] > 0.6)  # overflowed, or all units dead
    assert np.all(he[:, -1] < 0.05)


def test_batch_norm_trains_what_does_not_train_without(speed):
    without, with_batch_norm = _lines(speed.batch_normalisation())
    assert np.all(without[:, -1] > 0.9 * np.log(2))
    assert np.all(with_batch_norm[:, -10:].mean(axis=1) < 0.4 * np.log(2))
