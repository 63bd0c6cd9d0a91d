"""Which weights a training run keeps: the current ones, their moving average, or the best so far."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        self._training: Vector | None = None

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
        self._load(self._best if best and self._best is not None else self._candidate())

    def resume(self) -> None:
        """Undo :meth:`settle`: give the network back the weights that training goes on from."""
        if self._training is not None:
            self._load(self._training)
            self._training = None

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
        """Go on from what :meth:`arrays` and :meth:`progress` gave."""
        self._load(arrays["weights"])
        count = self._network.parameters.size
        for average, part in zip(self._averages, (slice(count), slice(count, None)), strict=False):
            average.value[...] = arrays["average"][part]
            average.updates = progress["average_updates"]
        if "best" in arrays:
            self._best, self._best_loss = arrays["best"], progress["best_loss"]

    def _current(self) -> Vector:
        return np.concatenate([self._network.parameters, self._network.state])

    def _candidate(self) -> Vector:
        if not self._averages:
            return self._current()
        return np.concatenate([average.value for average in self._averages])

    def _load(self, weights: Vector) -> None:
        count = self._network.parameters.size
        self._network.parameters[...] = weights[:count]
        self._network.state[...] = weights[count:]
