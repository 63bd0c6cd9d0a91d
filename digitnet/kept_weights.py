"""Which weights a training run keeps: the current ones, their moving average, or the best so far."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.nn.arrays import to_numpy
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.network import Network

Vector = NDArray[np.floating[Any]]


class KeptWeights:
    """Follows a network through training and knows what it would be worth keeping.

    The *candidate* is what would be kept if training ended now: the moving average if there is one,
    else the current weights. The *best* is the candidate with the lowest validation loss so far.
    Weights here are parameters and state in one vector, since both must belong to the same moment.

    Args:
        network: whose weights they are.
        average: a moving average to bind to the network's parameters, or None.

    >>> from digitnet.nn import Dense
    >>> network = Network([Dense(1, 1, use_bias=False)], rng=None)
    >>> kept = KeptWeights(network, None)
    >>> network.parameters[:] = 1.0
    >>> kept.offer(0.5)
    True
    >>> network.parameters[:] = 2.0     # training goes on, and gets worse
    >>> kept.offer(0.7)
    False
    >>> kept.settle(best=True)
    >>> network.parameters
    array([1.], dtype=float32)
    """

    def __init__(self, network: Network, average: WeightAverage | None) -> None:
        self._network = network
        self._averages: list[WeightAverage] = []
        if average is not None:
            # Running statistics are averaged like weights.
            self._averages = [average, WeightAverage(average.decay)]
            for part, vector in zip(self._averages, (network.parameters, network.state), strict=True):
                part.bind(vector)
        self._best: Vector | None = None
        self._best_loss = math.inf
        #: Whether the network holds what :meth:`settle` left it with.
        self.settled = False
        self._training = self._left = self._current()

    @property
    def averages(self) -> Sequence[WeightAverage]:
        """The moving averages of the network's parameters and of its state, or none."""
        return self._averages

    def update(self) -> None:
        """Move the average after a training step."""
        for average in self._averages:
            average.update()

    def offer(self, loss: float, margin: float = 0.0) -> bool:
        """Keep the candidate as the best if its validation loss is lower, by more than the margin."""
        if not loss < self._best_loss - margin:
            return False
        self._best_loss, self._best = loss, self._candidate()
        return True

    @contextmanager
    def candidate(self) -> Iterator[None]:
        """Within the block the network predicts with the candidate."""
        current = self._current()
        self._load(self._candidate())
        try:
            yield
        finally:
            self._load(current)

    def settle(self, *, best: bool) -> None:
        """Leave the network with the best weights if wanted and known, else with the candidate."""
        self._training = self._current()
        self._left = self._best if best and self._best is not None else self._candidate()
        self._load(self._left)
        self.settled = True

    def resume(self) -> None:
        """Undo :meth:`settle`: give the network back the weights that training goes on from.

        If somebody has set other weights since, training goes on from those.
        """
        if self.settled and to_numpy(self._current()).tobytes() == to_numpy(self._left).tobytes():
            self._load(self._training)
        self.settled = False

    def arrays(self) -> dict[str, Vector]:
        """What a checkpoint must hold; :meth:`restore` reads it."""
        arrays = {"weights": self._current()}
        if self._averages:
            arrays["average"] = self._candidate()
        if self._best is not None:
            arrays["best"] = self._best
        return arrays

    def progress(self) -> dict[str, Any]:
        """The plain values beside :meth:`arrays`."""
        return {
            "average_updates": self._averages[0].updates if self._averages else 0,
            "best_loss": self._best_loss if self._best is not None else None,
        }

    def restore(self, arrays: dict[str, Vector], progress: dict[str, Any]) -> None:
        """Go on from what :meth:`arrays` and :meth:`progress` gave; the arrays may be NumPy's."""
        arrays = {name: self._network.xp.asarray(array) for name, array in arrays.items()}
        self._load(arrays["weights"])
        count = self._network.parameters.size
        for average, part in zip(self._averages, (slice(count), slice(count, None)), strict=False):
            average.value[...] = arrays["average"][part]
            average.updates = progress["average_updates"]
        if "best" in arrays:
            self._best, self._best_loss = arrays["best"], progress["best_loss"]

    def _current(self) -> Vector:
        return self._concatenate([self._network.parameters, self._network.state])

    def _candidate(self) -> Vector:
        if not self._averages:
            return self._current()
        return self._concatenate([average.value for average in self._averages])

    def _concatenate(self, parts: list[Vector]) -> Vector:
        vector: Vector = self._network.xp.concatenate(parts)
        return vector

    def _load(self, weights: Vector) -> None:
        count = self._network.parameters.size
        self._network.parameters[...] = weights[:count]
        self._network.state[...] = weights[count:]
