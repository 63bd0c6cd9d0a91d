"""A network that only predicts: its layers put together once, for speed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.nn.activations import ReLU
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.buffers import aligned_empty
from digitnet.nn.dropout import Dropout
from digitnet.nn.inference import SPARSE, finish, product
from digitnet.nn.layers import Array, Dense, Layer
from digitnet.nn.mistakes import check_shape

# So many rows go through all layers before the next, so that memory stays bounded.
_ROWS = 4096
# A weight of so many numbers, 2 MB of float32, does not stay in a core's second cache between two pictures:
# then what a hidden layer leaves at zero is worth looking for: 0.29 instead of 0.40 ms with the larger model.
_LARGE = 500_000
# Rows of a weight are gathered so many numbers at a time: they are still in the cache when they are used.
_GATHERED = 98_304


class FrozenNetwork:
    """What :meth:`Network.frozen <digitnet.nn.Network.frozen>` makes: a copy that predicts and never learns.

    It computes what :meth:`Network.predict <digitnet.nn.Network.predict>` does, to within rounding, from
    weights of its own; whatever becomes of the network afterwards, its answers stay the same. Any number of
    threads may ask it at once.

    ``Dense``, ``BatchNorm`` and ``ReLU`` are one step: with ``s = gain / √(σ² + ε)``,

    ``((x · W + b) - μ) · s + shift = x · (W · s) + ((b - μ) · s + shift)``

    and of a lone picture only those rows of W are read that meet a number other than zero. Of several, a bias
    and the ReLU behind it are one pass instead of two, which is a twentieth of the time: as

    ``max(x · W + b, 0) = max(x · W, -b) + b``

    the last ``b`` is left out there, and the next layer's bias has ``b · W`` of its own weight more.

    Attributes:
        in_features, out_features: the width of the inputs and of the outputs.
        dtype: of the weights and of the outputs.

    Made by :meth:`Network.frozen <digitnet.nn.Network.frozen>` rather than by hand.

    >>> from digitnet.nn import Network
    >>> network = Network([Dense(64, 32), BatchNorm(32), ReLU(), Dense(32, 10)], rng=0)
    >>> inputs = np.random.default_rng(1).random((5, 64), np.float32)
    >>> frozen = network.frozen()
    >>> bool(np.allclose(frozen.predict(inputs), network.predict(inputs), atol=1e-5))
    True
    """

    def __init__(
        self, layers: Sequence[Layer], in_features: int, out_features: int, dtype: np.dtype[Any]
    ) -> None:
        self.in_features, self.out_features, self.dtype = in_features, out_features, dtype
        self._steps = _steps(layers)

    def predict(self, inputs: NDArray[Any]) -> Array:
        """Outputs ``(n, out_features)`` of inputs ``(n, in_features)``; memory stays bounded.

        Raises:
            ConfigurationError: the inputs are not ``(n, in_features)``.
        """
        given: Array = np.asarray(inputs, self.dtype)
        check_shape(given.shape, self.in_features)
        if len(given) == 1:
            row: Array = given[0]
            for step in self._steps:
                row = step.of_one(row)
            return row[None]
        outputs: Array = np.empty((len(given), self.out_features), self.dtype)
        for start in range(0, len(given), _ROWS):
            values = given[start : start + _ROWS]
            for step in self._steps:
                values = step.of_many(values)
            outputs[start : start + _ROWS] = values
        return outputs


class _Dense:
    """``max(inputs · weight + bias, 0)``, or without the maximum, of a weight that never changes.

    Args:
        weight: ``(in_features, out_features)``; it is copied.
        scale: ``(out_features,)``, of the weight's columns, or None.
        bias: ``(out_features,)``, float64.
        positive: whether a ReLU follows.
        sparse: whether to look for zeros in a lone row.
        lacking: ``(in_features,)``, float64: what the inputs of ``of_many`` are too small by, or None.
        leaves_out: whether the outputs of ``of_many`` may be too small as well, by what ``lacks`` says then.

    Attributes:
        lacks: ``(out_features,)``, float64, or None.
    """

    def __init__(
        self,
        weight: Array,
        scale: Array | None,
        bias: NDArray[np.float64],
        *,
        positive: bool,
        sparse: bool,
        lacking: NDArray[np.float64] | None,
        leaves_out: bool,
    ) -> None:
        self._weight: Array = aligned_empty(weight.shape, weight.dtype)
        np.multiply(weight, 1 if scale is None else scale, out=self._weight, casting="same_kind")
        self._bias, self._positive = _unless_zero(bias, weight.dtype), positive
        whole = bias if lacking is None else bias + lacking @ self._weight
        # A bias beyond all that inputs of up to 1 add up to would cost the others their precision.
        small = (np.abs(whole) <= np.abs(self._weight).sum(axis=0, dtype=np.float64)).all()
        self.lacks = whole if leaves_out and small else None
        self._least = (-whole).astype(weight.dtype)
        self._rest = _unless_zero(whole, weight.dtype)
        self._at_once = max(1, _GATHERED // weight.shape[1])
        self._most_lit = SPARSE * len(weight) if sparse else -1
        self._gathered = local()  # memory that is kept from call to call, of each thread its own

    def of_one(self, row: Array) -> Array:
        """The outputs ``(out_features,)`` of one row ``(in_features,)``."""
        # Of booleans NumPy finds the places in half of the time.
        if self._most_lit >= 0 and len(lit := (row != 0).nonzero()[0]) <= self._most_lit:
            sums = self._of_lit(row.take(lit), lit)
        else:
            sums = np.dot(row, self._weight)
        if self._bias is not None:
            sums += self._bias
        if self._positive:
            np.maximum(sums, 0.0, out=sums)
        return sums

    def _of_lit(self, values: Array, lit: NDArray[np.intp]) -> Array:
        """``row · weight`` from the values that are not zero, and where they are."""
        weight, at_once = self._weight, self._at_once
        memory = self._gathered.__dict__
        if not memory:
            memory["rows"] = aligned_empty((at_once, weight.shape[1]), weight.dtype)
        rows: Array = memory["rows"]
        # "clip" saves NumPy a copy that is there in case an index is wrong.
        part = weight.take(lit[:at_once], 0, rows[: len(lit)], "clip")
        sums: Array = np.dot(values[:at_once], part)
        for start in range(at_once, len(lit), at_once):
            chosen = lit[start : start + at_once]
            part = weight.take(chosen, 0, rows[: len(chosen)], "clip")
            sums += np.dot(values[start : start + at_once], part)
        return sums

    def of_many(self, inputs: Array) -> Array:
        """The outputs ``(batch, out_features)`` of rows ``(batch, in_features)``, less what they lack."""
        sums = product(inputs, self._weight)
        if self.lacks is None:
            finish(sums, self._rest, None, self._positive)
        else:
            np.maximum(sums, self._least, out=sums)
        return sums


def _unless_zero(bias: NDArray[np.float64], dtype: np.dtype[Any]) -> Array | None:
    return bias.astype(dtype) if bias.any() else None


class _Other:
    """A layer that computes as it says itself, a copy of it."""

    def __init__(self, layer: Layer) -> None:
        self._layer = deepcopy(layer, {id(layer.xp): layer.xp})  # all but the module

    def of_one(self, row: Array) -> Array:
        outputs: Array = self._layer.forward(row[None])[0]
        return outputs

    def of_many(self, inputs: Array) -> Array:
        return self._layer.forward(inputs)


def _steps(layers: Sequence[Layer]) -> list[_Dense | _Other]:
    chain = [layer for layer in layers if type(layer) is not Dropout]
    steps: list[_Dense | _Other] = []
    lacking = None
    while chain:
        layer = chain.pop(0)
        if type(layer) is not Dense:
            steps.append(_Other(layer))
            continue
        scale = None
        bias = layer.bias.astype(np.float64) if layer.use_bias else np.zeros(layer.out_features)
        following = chain[0] if chain else None
        if type(following) is BatchNorm:
            scale, shift = following.running_map()
            bias = bias * scale + shift
            chain.pop(0)
        positive = bool(chain) and type(chain[0]) is ReLU
        if positive:
            chain.pop(0)
        step = _Dense(
            layer.weight,
            scale,
            bias,
            positive=positive,
            # Pictures are mostly zeros, and so is what a ReLU leaves.
            sparse=not steps or layer.weight.size > _LARGE,
            lacking=lacking,
            leaves_out=positive and bool(chain) and type(chain[0]) is Dense,
        )
        lacking = step.lacks
        steps.append(step)
    return steps
