"""Rows of a table with their labels and weights: equal ones found, merged, and set aside for validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digitnet.errors import ConfigurationError
from digitnet.estimator.weights import Weights

# So many numbers are dense at a time where a matrix is walked through.
_CHUNK = 2**22


@dataclass(frozen=True)
class Rows:
    """A weighted data set.

    Attributes:
        inputs: ``(n, features)``, an array or a CSR matrix.
        codes: ``(n,)`` classes or ``(n, labels)`` zeros and ones.
        weights: ``(n,)``, zero or positive.
    """

    inputs: Any
    codes: NDArray[np.int64]
    weights: Weights

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[Any]) -> Rows:
        """Some of the rows, by number or by mask."""
        return Rows(self.inputs[rows], self.codes[rows], self.weights[rows])

    def reweighted(self, factors: Weights) -> Rows:
        """The same rows with each weight times its class's factor; those that come to zero are left out.

        Factors are ``(classes,)``; in a multilabel problem all are one.

        Raises:
            ConfigurationError: nothing is left.
        """
        if (factors == 1.0).all():
            return self
        rows = Rows(self.inputs, self.codes, self.weights * factors[self.codes])
        if not rows.weights.any():
            raise ConfigurationError("By class_weight every row has weight zero; leave some class a weight.")
        return rows if rows.weights.all() else rows.take(rows.weights > 0)

    def keys(self, seed: int) -> NDArray[np.uint64]:
        """A number for each row ``(n,)``: equal for equal inputs and codes, and else as good as random.

        It is the 64-bit BLAKE2 digest of the row's bytes, keyed by the seed. Among a million different
        rows two coincide with a chance of 3·10⁻⁸.
        """
        key = int(seed).to_bytes(8, "little")
        # The same numbers in float32 and float64 have the same key, and so have 0.0 and -0.0.
        rows = (row for part in dense_parts(self.inputs) for row in np.asarray(part, np.float64) + 0.0)
        digests = [
            blake2b(row.tobytes() + code.tobytes(), digest_size=8, key=key).digest()
            for row, code in zip(rows, self.codes, strict=True)
        ]
        return np.frombuffer(b"".join(digests), np.uint64)

    def merged(self, keys: NDArray[np.uint64]) -> Rows:
        """One row for each key, in the keys' order, with the sum of its rows' weights."""
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        return Rows(
            self.inputs[first], self.codes[first], np.asarray(np.bincount(group, self.weights), np.float64)
        )

    def split(self, share: float, seed: int) -> tuple[Rows, Rows]:
        """Set rows aside: ``(training, validation)``, the latter with about a ``share`` of the weight.

        Which rows depends on the weighted set of rows alone, not on their order: equal rows stay on one
        side, and a row of weight 2 fares as two rows of weight 1. Classes are kept in proportion: within
        each class the rows are lined up in random order (that of their keys) on a way from 0 to 1, each
        as long as its weight, and those with their middle nearest to 0 are set aside, whatever their
        class.

        Equal rows of the validation split come back as one.

        Raises:
            ConfigurationError: either side would be empty.

        >>> rows = Rows(np.arange(40.0).reshape(20, 2), np.repeat([0, 1], 10), np.ones(20))
        >>> training, validation = rows.split(0.2, seed=1)
        >>> len(training), sorted(validation.codes.tolist())
        (16, [0, 0, 1, 1])
        """
        keys = self.keys(seed)
        groups = self.merged(keys)
        classes = groups.codes if groups.codes.ndim == 1 else np.zeros(len(groups), np.int64)
        middles = np.empty(len(groups))
        for label in np.unique(classes):
            own = classes == label
            middles[own] = _middles(groups.weights[own])
        order = np.argsort(middles, kind="stable")
        # Equal rows may weigh more than the share, and some row has to be looked at.
        count = max(1, int((_middles(groups.weights[order]) < share).sum()))
        if share == 0.0 or count >= len(groups):
            raise ConfigurationError(
                "A validation split needs a share above 0 and different rows for each side; got a share of "
                f"{share:.3g} of {len(self)} sample{'s' * (len(self) > 1)}, {len(groups)} of them different. "
                "Change validation_fraction, or give X_val and y_val, or more samples."
            )
        aside = np.sort(order[:count])
        return self.take(~np.isin(keys, np.unique(keys)[aside])), groups.take(aside)


def dense_parts(inputs: Any) -> Iterator[NDArray[Any]]:
    """The rows of an array or a CSR matrix, some at a time, as arrays: as many as 32 MiB hold, or one."""
    rows = max(1, _CHUNK // inputs.shape[1])
    for start in range(0, inputs.shape[0], rows):
        part = inputs[start : start + rows]
        yield part.toarray() if sparse.issparse(part) else part


def _middles(weights: Weights) -> Weights:
    """Where the middle of each weight lies if they are laid end to end on a way from 0 to 1."""
    ends = np.cumsum(weights)
    middles: Weights = (ends - 0.5 * weights) / ends[-1]
    return middles
