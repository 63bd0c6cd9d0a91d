"""Batches that several members make together are those that one makes."""

import threading

import numpy as np
import pytest

from digitnet.crew.shared_batches import SharedBatches
from digitnet.data import Batches
from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.fine_deformation import FineAugmenter

MILD = Deformation(shift=0.3, elastic=0.1, smoothness=2.0)


def louder(batch, rng):
    """An augmentation that knows nothing of rows."""
    batch *= rng.uniform(0.5, 1.0, (len(batch), 1))


def epochs(batches, numbers):
    return [[_copies(batch) for batch in batches.epoch(number)] for number in numbers]


def together(batches, members, numbers):
    """What each member gets, in threads that take the place of processes."""
    # An augmenter serves one thread at a time, and each process has its own; the memory is one.
    shared = [SharedBatches(batches(), members) for _ in range(members)]
    for one in shared[1:]:
        one._inputs = shared[0]._inputs
    barrier = threading.Barrier(members)
    found, failures = [[] for _ in range(members)], []

    def work(me):
        try:
            for number in numbers:
                got = shared[me].epoch(number, me, lambda: barrier.wait(10))
                found[me].append([_copies(batch) for batch in got])
                barrier.wait(10)
        except BaseException as error:
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=work, args=(me,)) for me in range(members)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return found


def same(array, wanted, *, exactly):
    """To the last bit, or where few rows are deformed by another product than many, to within rounding."""
    if wanted is None or exactly:
        np.testing.assert_array_equal(array, wanted)
    else:
        np.testing.assert_allclose(array, wanted, rtol=0, atol=1e-5)


def _copies(batch):
    return [None if array is None else array.copy() for array in batch]


@pytest.mark.parametrize("members", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False},
        {"augment": Augmenter},
        {"augment": FineAugmenter, "shuffle": False},
        {"augment": Augmenter, "late_augment": 1},
        {"augment": louder},
    ],
    ids=["plain", "in order", "deformed", "deformed on a finer grid", "late", "of one's own"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_all_members_get_the_batches_of_one(members, options, weighted):
    rng = np.random.default_rng(1)
    inputs, targets = rng.random((103, 64)), rng.integers(0, 10, 103)

    def batches():
        made = dict(options)
        if isinstance(kind := made.get("augment"), type):
            made["augment"] = kind(8, MILD)
        if made.pop("late_augment", None):
            made["late_augment"] = 1, Augmenter(8, MILD.scaled(0.5))
        weights = np.linspace(0, 1, 103) if weighted else None
        return Batches(inputs, targets, batch_size=20, seed=3, weights=weights, **made)

    expected = epochs(batches(), range(3))
    for found in together(batches, members, range(3)):
        for ours, theirs in zip(found, expected, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                for array, wanted in zip(one, other, strict=True):
                    same(array, wanted, exactly="augment" not in options)
