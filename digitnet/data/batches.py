"""Mini-batches in shuffled order, gathered and deformed on a second thread while the network works."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digitnet.errors import ConfigurationError

Array = NDArray[np.floating[Any]]

#: ``augment(batch, rng)`` changes a batch ``(n, features)`` of inputs in place.
Augmentation = Callable[[Array, np.random.Generator], None]


class Batches:
    """Cuts a data set into shuffled mini-batches.

    The order and the deformations of an epoch are a pure function of ``(seed, epoch)``: a resumed run
    sees exactly the batches that an uninterrupted one would have seen.

    Args:
        inputs: ``(n, features)``.
        targets: ``(n, …)``.
        batch_size: rows in a batch; the last batch of an epoch holds the rest.
        seed: of the shuffling and of the augmentation.
        augment: deforms each batch anew, or None. It runs on a thread of its own, where NumPy's long
            operations let the network's matrix products go on.
        late_augment: an epoch and what takes the place of ``augment`` from that epoch on, or None.
        shuffle: False keeps the order.
        dtype: of the batches' inputs.

    Raises:
        ConfigurationError: lengths differ, nothing to train on, or a batch size below 1.

    Batches are views of two buffers that are filled in turn: each is valid until the next is asked for.

    >>> batches = Batches(np.arange(6.0).reshape(6, 1), np.arange(6), batch_size=4, seed=1)
    >>> [labels.tolist() for _, labels in batches.epoch(0)]
    [[4, 0, 2, 1], [5, 3]]
    """

    def __init__(
        self,
        inputs: NDArray[Any],
        targets: NDArray[Any],
        *,
        batch_size: int,
        seed: int,
        augment: Augmentation | None = None,
        late_augment: tuple[int, Augmentation] | None = None,
        shuffle: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if len(inputs) != len(targets) or len(inputs) == 0:
            raise ConfigurationError(
                f"Inputs and targets need the same length, above zero; got {len(inputs)} and {len(targets)}."
            )
        if batch_size < 1:
            raise ConfigurationError(f"A batch size is at least 1; got {batch_size}.")
        # One conversion now spares one in every batch.
        self.inputs: Array = np.ascontiguousarray(inputs, dtype)
        self.targets = np.ascontiguousarray(targets)
        self.batch_size = min(int(batch_size), len(inputs))
        self.seed, self.augment, self.shuffle = seed, augment, shuffle
        self.late_augment = late_augment
        shape = (self.batch_size, *self.inputs.shape[1:])
        self._input_buffers = [np.empty(shape, self.inputs.dtype) for _ in range(2)]
        shape = (self.batch_size, *self.targets.shape[1:])
        self._target_buffers = [np.empty(shape, self.targets.dtype) for _ in range(2)]

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
            "data": [len(self.inputs), checksum(self.inputs, self.targets)],
        }

    def epoch(self, number: int) -> Iterator[tuple[Array, NDArray[Any]]]:
        """The batches of epoch ``number`` = 0, 1, …, each ``(inputs, targets)``."""
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.inputs)) if self.shuffle else np.arange(len(self.inputs))
        late = self.late_augment is not None and number >= self.late_augment[0]
        augment = self.late_augment[1] if self.late_augment and late else self.augment
        if augment is None:
            for index in range(len(self)):
                yield self._gather(index, order, rng, None)
            return
        with ThreadPoolExecutor(max_workers=1) as executor:
            pending = executor.submit(self._gather, 0, order, rng, augment)
            for index in range(len(self)):
                batch = pending.result()
                if index + 1 < len(self):
                    pending = executor.submit(self._gather, index + 1, order, rng, augment)
                yield batch

    def _gather(
        self, index: int, order: NDArray[np.int64], rng: np.random.Generator, augment: Augmentation | None
    ) -> tuple[Array, NDArray[Any]]:
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        inputs = self._input_buffers[index % 2][: len(rows)]
        targets = self._target_buffers[index % 2][: len(rows)]
        # mode="clip" lets take() write straight into ``out``; the default would go through a copy.
        np.take(self.inputs, rows, axis=0, out=inputs, mode="clip")
        np.take(self.targets, rows, axis=0, out=targets, mode="clip")
        if augment is not None:
            augment(inputs, rng)
        return inputs, targets


def checksum(*arrays: NDArray[Any]) -> int:
    """CRC-32 of the bytes of some arrays: tells apart data sets of the same shape."""
    value = 0
    for array in arrays:
        value = zlib.crc32(np.ascontiguousarray(array).data.cast("B"), value)
    return value


def describe(function: object) -> str:
    """A name for an augmentation that is the same in every process.

    Raises:
        ConfigurationError: a lambda, which has no name to be known by.
    """
    name = getattr(function, "__qualname__", None)
    if name and "<lambda>" in name:
        raise ConfigurationError(
            "An augmentation needs a name to be recorded by; define it with def or a class."
        )
    return f"{getattr(function, '__module__', '')}.{name}" if name else repr(function)
