import functools
import threading

import numpy as np
import pytest

from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches, describe
from digitnet.errors import ConfigurationError

INPUTS = np.arange(50, dtype=np.float32).reshape(25, 2)
LABELS = np.arange(25)


def _epoch(batches, number=0):
    return [(inputs.copy(), targets.copy()) for inputs, targets, _ in batches.epoch(number)]


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


@pytest.mark.parametrize("batch_size", [2.9, "8", None])
def test_a_batch_size_is_a_whole_number(batch_size):
    with pytest.raises(ConfigurationError, match="batch size is a whole number"):
        Batches(INPUTS, LABELS, batch_size=batch_size)


@pytest.mark.parametrize("seed", [-1, None, 0.5])
def test_a_seed_that_is_none_is_refused_at_once(seed):
    with pytest.raises(ConfigurationError, match="seed of batches is a whole number, at least 0"):
        Batches(INPUTS, LABELS, batch_size=8, seed=seed)


def _shift(batch, rng, by):  # noqa: ARG001
    batch += by


class _Nameless:
    def __call__(self, batch, rng):
        pass


class _Named(_Nameless):
    def __repr__(self):
        return "_Named()"


def test_what_is_recorded_is_the_same_in_every_process():
    for nameless in (functools.partial(_shift, by=1), _Nameless(), lambda batch, rng: None):  # noqa: ARG005
        with pytest.raises(ConfigurationError, match="the same in every process"):
            describe(nameless)
    assert describe(_Named()) == "_Named()"
    assert describe(_shift).endswith("test_batches._shift")


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


def _nothing(batch, rng):
    """An augmentation that deforms nothing, so that batches are gathered on the other thread."""


def test_weights_stay_with_their_rows():
    weights = np.linspace(0.0, 2.0, 25)
    for settings in ({"seed": 3}, {"shuffle": False}, {"seed": 3, "augment": _nothing}):
        batches = Batches(INPUTS, LABELS, weights=weights, batch_size=8, **settings)
        for _, labels, part in batches.epoch(0):
            assert part.dtype == np.float32
            np.testing.assert_array_equal(part, weights[labels].astype(np.float32))
    assert {weights for _, _, weights in Batches(INPUTS, LABELS, batch_size=8).epoch(0)} == {None}


def test_weights_are_part_of_the_record_only_where_there_are_some():
    plain = Batches(INPUTS, LABELS, batch_size=8, seed=0).config()
    assert plain == {
        "batch_size": 8,
        "seed": 0,
        "shuffle": True,
        "augment": None,
        "late_augment": None,
        "data": [25, 822736425],
    }, "checkpoints of earlier runs would no longer resume"
    first = Batches(INPUTS, LABELS, weights=np.ones(25), batch_size=8, seed=0).config()
    other = Batches(INPUTS, LABELS, weights=np.full(25, 2.0), batch_size=8, seed=0).config()
    assert first["data"] != plain["data"] != other["data"] != first["data"]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.ones(24), "25 rows needs one weight"),
        (np.ones((25, 1)), r"got \(25, 1\)"),
        (np.full(25, -1.0), "zero or positive"),
        (np.array([np.nan] + [1.0] * 24), "finite"),
        (np.array([np.inf] + [1.0] * 24), "finite"),
        (np.zeros(25), "at least one"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, words):
    with pytest.raises(ConfigurationError, match=words):
        Batches(INPUTS, LABELS, weights=weights, batch_size=8)


def test_rows_in_order_are_handed_out_without_a_copy():
    batches = Batches(INPUTS, LABELS, batch_size=10, shuffle=False)
    parts = [inputs for inputs, _, _ in batches.epoch(3)]
    assert [len(part) for part in parts] == [10, 10, 5]
    assert all(np.shares_memory(part, batches.inputs) for part in parts)


def test_rows_that_are_not_copied_cannot_be_written_to():
    inputs, labels, weights = INPUTS.copy(), LABELS.copy(), np.ones(25, np.float32)
    batches = Batches(inputs, labels, weights=weights, batch_size=10, shuffle=False)
    for batch in batches.epoch(0):
        for part in batch:
            with pytest.raises(ValueError, match="read-only"):
                part[...] = 0
    inputs += 1.0  # the caller's own array is the caller's
