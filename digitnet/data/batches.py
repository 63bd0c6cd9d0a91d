"""Mini-batches in shuffled order, gathered and deformed on a second thread while the network works."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digitnet.errors import ConfigurationError, whole_number
from digitnet.nn.buffers import aligned_empty

Array = NDArray[np.floating[Any]]

#: ``(inputs, targets, weights)`` of one step; the weights are None where all rows count alike.
Batch = tuple[Array, NDArray[Any], Array | None]

#: ``augment(batch, rng)`` changes a batch ``(n, features)`` of inputs in place.
Augmentation = Callable[[Array, np.random.Generator], None]


@runtime_checkable
class RowAugmentation(Protocol):
    """An augmentation that several processes can share: each deforms some rows, as among all.

    >>> from digitnet.data import Augmenter
    >>> isinstance(Augmenter(8), RowAugmentation), isinstance(checksum, RowAugmentation)
    (True, False)
    """

    def deform_rows(self, batch: Array, rng: np.random.Generator, rows: slice) -> None:
        """Change ``batch[rows]`` as a call would change it, with the same numbers drawn for all rows."""


@dataclass(frozen=True)
class EpochPlan:
    """How the batches of an epoch come about.

    Attributes:
        rows: of each batch, which rows of the data set it has.
        rng: draws what deforms them, batch after batch.
        augment: deforms them, or None.

    >>> Batches(np.ones((3, 1)), np.ones(3), batch_size=2, seed=3).plan(0).rows
    [array([2, 1]), array([0])]
    """

    rows: list[NDArray[np.int64]]
    rng: np.random.Generator
    augment: Augmentation | None


class Batches:
    """Cuts a data set into shuffled mini-batches.

    The order and the deformations of an epoch are a pure function of ``(seed, epoch)``: a resumed run
    sees exactly the batches that an uninterrupted one would have seen.

    Args:
        inputs: ``(n, features)``.
        targets: ``(n, …)``.
        weights: ``(n,)``, how much each row counts in the loss, zero or positive; None counts all alike.
        batch_size: rows in a batch; the last batch of an epoch holds the rest.
        seed: of the shuffling and of the augmentation, from 0 on.
        augment: deforms each batch anew, or None. It runs on a thread of its own, where NumPy's long
            operations let the network's matrix products go on.
        late_augment: an epoch and what takes the place of ``augment`` from that epoch on, or None.
        shuffle: False keeps the order.
        dtype: of the batches' inputs and weights; the network's.

    Raises:
        ConfigurationError: lengths differ, nothing to train on, a batch size or seed that is no whole number
            or too small, or weights that are negative, not finite or all zero.

    Batches are views of two buffers that are filled in turn: each is valid until the next is asked for, and
    one epoch goes at a time, since two side by side would fill the same buffers. Where nothing is shuffled
    or deformed they are views of the data set itself, which cannot be written to.

    >>> batches = Batches(np.arange(6.0).reshape(6, 1), np.arange(6), batch_size=4, seed=1)
    >>> [labels.tolist() for _, labels, _ in batches.epoch(0)]
    [[4, 0, 2, 1], [5, 3]]
    """

    def __init__(
        self,
        inputs: NDArray[Any],
        targets: NDArray[Any],
        *,
        batch_size: int,
        seed: int = 0,
        weights: NDArray[Any] | None = None,
        augment: Augmentation | None = None,
        late_augment: tuple[int, Augmentation] | None = None,
        shuffle: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if len(inputs) != len(targets) or len(inputs) == 0:
            raise ConfigurationError(
                f"Inputs and targets need the same length, above zero; got {len(inputs)} and {len(targets)}."
            )
        # One conversion now spares one in every batch.
        self.inputs: Array = np.ascontiguousarray(inputs, dtype)
        self.targets = np.ascontiguousarray(targets)
        self.weights = as_weights(weights, len(inputs), dtype)
        self.batch_size = min(whole_number(batch_size, "A batch size"), len(inputs))
        self.seed = whole_number(seed, "The seed of batches", least=0)
        self.augment, self.shuffle = augment, shuffle
        self.late_augment = late_augment
        # Two sets of buffers: while the network reads one, the next batch is gathered into the other.
        self._buffers = [tuple(map(self._empty, self._arrays())) for _ in range(2)]
        # A layer that works in place must not change the caller's arrays.
        self._read_only = [array.view() for array in self._arrays()]
        for view in self._read_only:
            view.flags.writeable = False

    def __len__(self) -> int:
        """Number of batches in an epoch, which is also the number of steps."""
        return -(-len(self.inputs) // self.batch_size)

    def config(self) -> dict[str, Any]:
        """What decides the batches, as plain values: sizes, seed, deformation, a checksum of the data."""
        return {
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "augment": None if self.augment is None else describe(self.augment),
            "late_augment": self.late_augment and [self.late_augment[0], describe(self.late_augment[1])],
            "data": [len(self.inputs), checksum(*self._arrays())],
        }

    def plan(self, number: int) -> EpochPlan | None:
        """How those of epoch ``number`` = 0, 1, … come about; None where they are parts of the data set."""
        late = self.late_augment is not None and number >= self.late_augment[0]
        augment = self.late_augment[1] if self.late_augment and late else self.augment
        if augment is None and not self.shuffle:
            return None
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.inputs)) if self.shuffle else np.arange(len(self.inputs))
        rows = [order[first : first + self.batch_size] for first in range(0, len(order), self.batch_size)]
        return EpochPlan(rows, rng, augment)

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of epoch ``number`` = 0, 1, …, each ``(inputs, targets, weights)``.

        Without weights the third is None.
        """
        plan = self.plan(number)
        if plan is None:
            for first in range(0, len(self.inputs), self.batch_size):
                rows = slice(first, first + self.batch_size)
                yield _batch([view[rows] for view in self._read_only])
            return
        if plan.augment is None:
            for index in range(len(self)):
                yield self._gather(index, plan)
            return
        with ThreadPoolExecutor(max_workers=1) as executor:
            pending = executor.submit(self._gather, 0, plan)
            for index in range(len(self)):
                batch = pending.result()
                if index + 1 < len(self):
                    pending = executor.submit(self._gather, index + 1, plan)
                yield batch

    def _gather(self, index: int, plan: EpochPlan) -> Batch:
        rows = plan.rows[index]
        parts = [buffer[: len(rows)] for buffer in self._buffers[index % 2]]
        for array, part in zip(self._arrays(), parts, strict=True):
            # mode="clip" lets take() write straight into ``out``; the default would go through a copy.
            np.take(array, rows, axis=0, out=part, mode="clip")
        if plan.augment is not None:
            plan.augment(parts[0], plan.rng)
        return _batch(parts)

    def _arrays(self) -> list[NDArray[Any]]:
        """Inputs, targets and, if there are any, weights."""
        return [self.inputs, self.targets, *([] if self.weights is None else [self.weights])]

    def _empty(self, array: NDArray[Any]) -> NDArray[Any]:
        return aligned_empty((self.batch_size, *array.shape[1:]), array.dtype)


def _batch(parts: list[NDArray[Any]]) -> Batch:
    inputs, targets, *weights = parts
    return inputs, targets, weights[0] if weights else None


def as_weights(weights: NDArray[Any] | None, rows: int, dtype: DTypeLike) -> Array | None:
    """Weights ``(rows,)`` of a data set in the wanted dtype; None stays None.

    Raises:
        ConfigurationError: another number of them, or one that is negative or not finite, or none above
            zero.

    >>> as_weights(np.array([1, 0, 2]), 3, np.float32)
    array([1., 0., 2.], dtype=float32)
    """
    if weights is None:
        return None
    weights = np.ascontiguousarray(weights, dtype)
    if weights.shape != (rows,):
        raise ConfigurationError(
            f"Each of the {rows} rows needs one weight, in an array of shape ({rows},); got {weights.shape}."
        )
    if not (weights.min() >= 0.0 and 0.0 < weights.max() < np.inf):
        raise ConfigurationError(
            "Weights are finite, zero or positive, and at least one is above zero; "
            f"got {weights.min()} to {weights.max()}."
        )
    return weights


def checksum(*arrays: NDArray[Any]) -> int:
    """CRC-32 of the bytes of some arrays: tells apart data sets of the same shape.

    >>> checksum(np.zeros(3)) == checksum(np.zeros(3)), checksum(np.zeros(3)) == checksum(np.ones(3))
    (True, False)
    """
    value = 0
    for array in arrays:
        value = zlib.crc32(np.ascontiguousarray(array).data.cast("B"), value)
    return value


def describe(function: object) -> str:
    """A name for an augmentation or a schedule that is the same in every process.

    Raises:
        ConfigurationError: a lambda, which has no name to be known by, or an object whose ``repr`` is its
            address in memory.

    >>> describe(checksum)
    'digitnet.data.batches.checksum'
    """
    name = getattr(function, "__qualname__", None)
    described = f"{getattr(function, '__module__', '')}.{name}" if name else repr(function)
    if "<lambda>" in described or " at 0x" in described:
        raise ConfigurationError(
            "An augmentation or a schedule needs a name to be recorded by, the same in every process: define "
            f"it with def, or as a class with a __repr__; got {described}."
        )
    return described
