"""Mini-batches that a crew gathers and deforms together: each member some of the rows, for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from digitnet.crew.cut import portion
from digitnet.crew.rendezvous import shared_zeros
from digitnet.data.batches import Batch, Batches, RowAugmentation
from digitnet.nn.layers import Array


class SharedBatches:
    """The batches of a :class:`~digitnet.data.Batches`, each of them made by all members of a crew.

    A member gathers its rows of the inputs into memory that all see, deforms them, and meets the others. What
    cannot be shared, an augmentation of one's own without
    :meth:`~digitnet.data.RowAugmentation.deform_rows`, every member does for itself.

    There are two such memories, used in turns: who is ahead writes to one while somebody may still be reading
    the other. Nobody can be two batches ahead, since none is complete before all have come.

    Args:
        batches: of the run.
        members: how many share the work.

    >>> shared = SharedBatches(Batches(np.arange(6.0).reshape(6, 1), np.arange(6), batch_size=4, seed=1), 1)
    >>> [labels.tolist() for _, labels, _ in shared.epoch(0, me=0, meet=lambda: None)]
    [[4, 0, 2, 1], [5, 3]]
    """

    def __init__(self, batches: Batches, members: int) -> None:
        self._batches, self._members = batches, members
        shape = batches.batch_size, *batches.inputs.shape[1:]
        size, dtype = int(np.prod(shape)), batches.inputs.dtype
        self._inputs: list[Array] = [shared_zeros(size, dtype).reshape(shape) for _ in range(2)]

    def epoch(self, number: int, me: int, meet: Callable[[], None]) -> Iterator[Batch]:
        """The batches of epoch ``number`` for member ``me``, which calls ``meet`` when its rows are there."""
        batches, plan = self._batches, self._batches.plan(number)
        if plan is None or not isinstance(plan.augment, RowAugmentation | None):
            yield from batches.epoch(number)
            return
        for index, rows in enumerate(plan.rows):
            inputs = self._inputs[index % 2][: len(rows)]
            mine = portion(len(rows), me, self._members)
            np.take(batches.inputs, rows[mine], axis=0, out=inputs[mine], mode="clip")
            if plan.augment is not None:
                plan.augment.deform_rows(inputs, plan.rng, mine)
            meet()
            weights = None if batches.weights is None else batches.weights[rows]
            yield inputs, batches.targets[rows], weights
