import threading

import numpy as np
import pytest

from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches
from digitnet.errors import ConfigurationError

INPUTS = np.arange(50, dtype=np.float32).reshape(25, 2)
LABELS = np.arange(25)


def _epoch(batches, number=0):
    return [(inputs.copy(), targets.copy()) for inputs, targets in batches.epoch(number)]


def test_an_epoch_holds_every_row_once_with_its_label():
    batches = Batches(INPUTS, LABELS, batch_size=8, seed=3)
    parts = _epoch(batches)
    assert [len(targets) for _, targets in parts] == [8, 8, 8, 1]
    assert len(batches) == 4
    labels = np.concatenate([targets for _, targets in parts])
    assert sorted(labels.tolist()) == list(range(25))
    np.testing.assert_array_equal(np.concatenate([inputs for inputs, _ in parts]), INPUTS[labels])


def test_seed_and_epoch_decide_the_order():
    def order(seed, number):
        return np.concatenate(
            [t for _, t in _epoch(Batches(INPUTS, LABELS, batch_size=8, seed=seed), number)]
        )

    np.testing.assert_array_equal(order(1, 0), order(1, 0))
    assert not np.array_equal(order(1, 0), order(1, 1))
    assert not np.array_equal(order(1, 0), order(2, 0))
    unshuffled = Batches(INPUTS, LABELS, batch_size=8, seed=1, shuffle=False)
    np.testing.assert_array_equal(np.concatenate([t for _, t in _epoch(unshuffled)]), LABELS)


def test_augmentation_runs_on_another_thread_and_repeats_itself():
    seen = []

    def augment(batch, rng):
        seen.append(threading.current_thread())
        batch += rng.standard_normal(batch.shape)

    batches = Batches(INPUTS, LABELS, batch_size=8, seed=3, augment=augment)
    first, second = _epoch(batches, 4), _epoch(batches, 4)
    assert threading.main_thread() not in seen
    for (inputs, _), (again, _) in zip(first, second, strict=True):
        np.testing.assert_array_equal(inputs, again)
    np.testing.assert_array_equal(batches.inputs, INPUTS)  # the data set itself is not touched


def test_a_late_augmentation_takes_over_from_its_epoch_on():
    def early(batch, rng):  # noqa: ARG001
        batch[:] = 1

    def late(batch, rng):  # noqa: ARG001
        batch[:] = 2

    batches = Batches(INPUTS, LABELS, batch_size=8, seed=3, augment=early, late_augment=(2, late))
    values = [{float(value) for inputs, _ in _epoch(batches, n) for value in inputs.flat} for n in range(4)]
    assert values == [{1.0}, {1.0}, {2.0}, {2.0}]
    plain_first = Batches(INPUTS, LABELS, batch_size=8, seed=3, late_augment=(1, late))
    assert {float(value) for inputs, _ in _epoch(plain_first, 0) for value in inputs.flat} == set(range(50))
    assert {float(value) for inputs, _ in _epoch(plain_first, 1) for value in inputs.flat} == {2.0}
    assert batches.config() != plain_first.config()


def test_an_error_in_the_augmentation_reaches_the_caller():
    def augment(batch, rng):  # noqa: ARG001
        raise ValueError("ink spilled")

    with pytest.raises(ValueError, match="ink spilled"):
        _epoch(Batches(INPUTS, LABELS, batch_size=8, seed=3, augment=augment))


def test_leaving_an_epoch_early_leaves_no_thread_behind():
    batches = Batches(INPUTS, LABELS, batch_size=2, seed=3, augment=lambda batch, rng: None)  # noqa: ARG005
    before = threading.active_count()
    for _ in batches.epoch(0):
        break
    assert threading.active_count() == before


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigurationError, match="same length"):
        Batches(INPUTS, LABELS[:-1], batch_size=8, seed=0)
    with pytest.raises(ConfigurationError, match="same length"):
        Batches(INPUTS[:0], LABELS[:0], batch_size=8, seed=0)
    with pytest.raises(ConfigurationError, match="batch size"):
        Batches(INPUTS, LABELS, batch_size=0, seed=0)


def test_the_record_tells_runs_apart():
    def config(**changes):
        settings = {"batch_size": 8, "seed": 0, "augment": Augmenter(8), **changes}
        return Batches(changes.pop("inputs", INPUTS), LABELS, **settings).config()

    assert config() == config()
    assert config(seed=1) != config()
    with pytest.raises(ConfigurationError, match="name"):
        config(augment=lambda batch, rng: None)  # noqa: ARG005
    assert config(augment=Augmenter(8, Deformation(rotation=3))) != config()
    other = Batches(INPUTS + 1, LABELS, batch_size=8, seed=0, augment=Augmenter(8)).config()
    assert other != config()
