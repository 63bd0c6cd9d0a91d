"""Mini-batches of a sparse matrix, each made dense when its turn comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.data.batches import Batch, Batches


class SparseBatches(Batches):
    """Batches of a CSR matrix: a table of documents by words never stands in memory as a whole.

    Another :class:`~digitnet.data.batches.Batches` deals out the numbers of the rows, so order, targets
    and weights are what they would be for the same matrix made dense.

    Args:
        inputs: ``(n, features)``, a CSR matrix in the network's dtype.
        targets, batch_size, seed, weights, shuffle: as there.

    >>> from scipy.sparse import csr_array
    >>> batches = SparseBatches(csr_array(np.eye(3)), np.arange(3), batch_size=2, seed=0, shuffle=False)
    >>> [inputs.tolist() for inputs, _, _ in batches.epoch(0)]
    [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]]
    """

    inputs: Any

    def __init__(
        self,
        inputs: Any,
        targets: NDArray[Any],
        *,
        batch_size: int,
        seed: int = 0,
        weights: NDArray[Any] | None = None,
        shuffle: bool = True,
    ) -> None:
        self._numbers = Batches(
            # Float64 holds every whole number up to 2⁵³, and the network's dtype is not asked for here.
            np.arange(inputs.shape[0], dtype=np.float64).reshape(-1, 1),
            targets,
            batch_size=batch_size,
            seed=seed,
            weights=weights,
            shuffle=shuffle,
            dtype=np.float64,
        )
        self.inputs = inputs
        self.targets = self._numbers.targets
        self.batch_size = self._numbers.batch_size

    def __len__(self) -> int:
        return len(self._numbers)

    def config(self) -> dict[str, Any]:
        return self._numbers.config()

    def epoch(self, number: int) -> Iterator[Batch]:
        for numbers, targets, weights in self._numbers.epoch(number):
            yield self.inputs[numbers[:, 0].astype(np.int64)].toarray(), targets, weights
