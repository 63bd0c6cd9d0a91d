"""A network that only predicts: its layers put together and laid out once, for speed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import whole_number
from digitnet.nn.activations import ReLU
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.buffers import aligned_empty
from digitnet.nn.dropout import Dropout
from digitnet.nn.frozen_dense import FrozenDense, slices_pay
from digitnet.nn.helpers import share, threads_allowed
from digitnet.nn.layers import Array, Dense, Layer
from digitnet.nn.mistakes import wrong_shape

# So many rows go through all layers before the next: what they become stays in a core's second cache.
_ROWS = 384
# Up to so many are quicker one by one, by their lit pixels.
_ONE_BY_ONE = 2
# So many where products are BLAS's, which are quicker the larger they are.
_ROWS_BLAS = 4096
# A helper is woken for no less than so many multiplications, 10 ms of one core: with less the two of them
# take as long as one in some runs, and 0.6 of that in others …
_WORTH_WAKING = 750_000_000
# … and for no fewer rows than this, since each thread reads all weights.
_ROWS_EACH = 16
# Between that and so many BLAS's own threads, which stay awake for a while, are quicker.
_WORTH_BLAS = 12_000_000
# What a core does in the 40 µs until the helper is awake: the caller's own share is larger by half of it.
_WAKING = 3_000_000

_scratch = local()


class FrozenNetwork:
    """What :meth:`Network.frozen <digitnet.nn.Network.frozen>` makes: a copy that predicts and never learns.

    It computes what :meth:`Network.predict <digitnet.nn.Network.predict>` does, to within rounding, from
    weights of its own; whatever becomes of the network afterwards, its answers stay the same. Any number of
    threads may ask it at once.

    - ``Dense``, ``BatchNorm`` and ``ReLU`` are one step: with ``s = gain / √(σ² + ε)``,
      ``((x · W + b) - μ) · s + shift = x · (W · s) + ((b - μ) · s + shift)``.
    - Between two of them the bias moves on: ``max(z + b, 0) · W₂ + b₂ = max(z, -b) · W₂ + (b · W₂ + b₂)``,
      a pass less. This is done unless a bias is larger than all that the weights could add up to with inputs
      of up to 1, when rounding would tell.
    - Of one picture only the weights of lit pixels are read, and of many those of pixels that any of them
      lights. A product is made of small ones, which OpenBLAS does not copy first.
    - Batches are computed on several threads, each with its own rows, if there is work enough.

    Attributes:
        in_features, out_features: the width of the inputs and of the outputs.
        dtype: of the weights and of the outputs.
        threads: that a batch is shared among at most.

    Made by :meth:`Network.frozen <digitnet.nn.Network.frozen>` rather than by hand.

    >>> from digitnet.nn import Network
    >>> network = Network([Dense(64, 32), BatchNorm(32), ReLU(), Dense(32, 10)], rng=0)
    >>> inputs = np.random.default_rng(1).random((5, 64), np.float32)
    >>> frozen = network.frozen()
    >>> bool(np.allclose(frozen.predict(inputs), network.predict(inputs), atol=1e-5))
    True
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        in_features: int,
        out_features: int,
        dtype: np.dtype[Any],
        threads: int | None = None,
    ) -> None:
        threads = threads_allowed() if threads is None else whole_number(threads, "A number of threads")
        self.in_features, self.out_features, self.dtype = in_features, out_features, dtype
        # Where the slices do not pay, products are BLAS's, and so are the threads.
        self.threads = threads if slices_pay() else 1
        self._steps = _steps(layers, dtype, plain=threads > 1)
        self._width = max((step.width for step in self._steps if isinstance(step, FrozenDense)), default=0)
        self._work = sum(step.depth * step.width for step in self._steps if isinstance(step, FrozenDense))

    def predict(self, inputs: NDArray[Any]) -> Array:
        """Outputs ``(n, out_features)`` of inputs ``(n, in_features)``; memory stays bounded.

        Raises:
            ConfigurationError: the inputs are not ``(n, in_features)``.
        """
        given: Array = np.asarray(inputs, self.dtype, order="C")
        if given.ndim != 2 or given.shape[1] != self.in_features:
            raise wrong_shape(self.in_features, given.shape)
        rows = len(given)
        if rows == 1:
            return self._of_one(given[0]).reshape(1, -1)
        outputs: Array = np.empty((rows, self.out_features), self.dtype)
        if rows <= _ONE_BY_ONE:
            for row, output in zip(given, outputs, strict=True):
                output[...] = self._of_one(row)
            return outputs
        edges = self._edges(rows)
        if not slices_pay() or (len(edges) == 2 and self.threads > 1 and rows * self._work >= _WORTH_BLAS):
            for start in range(0, rows, _ROWS_BLAS):
                values = given[start : start + _ROWS_BLAS]
                for step in self._steps:
                    values = step.by_blas(values)
                outputs[start : start + _ROWS_BLAS] = values
            return outputs

        def work(start: int, stop: int) -> None:
            self._predict(given[start:stop], outputs[start:stop])

        share(work, edges)
        return outputs

    def _of_one(self, row: Array) -> Array:
        for step in self._steps:
            row = step.of_one(row)
        return row

    def _edges(self, rows: int) -> tuple[int, ...]:
        """Where the rows are divided among threads."""
        threads = min(self.threads, rows // _ROWS_EACH, rows * self._work // _WORTH_WAKING)
        if threads <= 1:
            return (0, rows)
        own = -(-rows // threads) + int(_WAKING / self._work * (threads - 1) / threads)
        own = (own + 8) // 16 * 16  # whole blocks
        others = rows - own
        return (0, *(own + others * part // (threads - 1) for part in range(threads)))

    def _predict(self, inputs: Array, outputs: Array) -> None:
        sums, scratch = self._scratch(min(len(inputs), _ROWS) * self._width)
        for start in range(0, len(inputs), _ROWS):
            values = inputs[start : start + _ROWS]
            for step in self._steps:
                values = step.of_many(values, sums, scratch)
            outputs[start : start + _ROWS] = values

    def _scratch(self, size: int) -> tuple[Array, Array]:
        """This thread's memory for the outputs of two layers, kept from call to call."""
        buffers: dict[str, Array] = _scratch.__dict__
        kept = buffers.get(self.dtype.name)
        if kept is None or kept.shape[1] < size:
            kept = buffers[self.dtype.name] = aligned_empty((2, -(-size // 64) * 64), self.dtype)
        return kept[0], kept[1]


class _Other:
    """A layer that computes as it says itself, a copy of it."""

    def __init__(self, layer: Layer) -> None:
        self._layer = deepcopy(layer, {id(layer.xp): layer.xp})  # all but the module

    def of_one(self, row: Array) -> Array:
        outputs: Array = self._layer.forward(row[None])[0]
        return outputs

    def by_blas(self, inputs: Array) -> Array:
        return self._layer.forward(inputs)

    def of_many(self, inputs: Array, sums: Array, outputs: Array) -> Array:  # noqa: ARG002
        return self._layer.forward(inputs)


def _steps(layers: Sequence[Layer], dtype: np.dtype[Any], plain: bool) -> list[FrozenDense | _Other]:
    chain = [layer for layer in layers if type(layer) is not Dropout]
    steps: list[FrozenDense | _Other] = []
    pushed = np.zeros(1)
    while chain:
        layer = chain.pop(0)
        if not isinstance(layer, Dense) or type(layer) is not Dense:
            steps.append(_Other(layer))
            continue
        weight = layer.weight.astype(np.float64)
        bias = layer.bias.astype(np.float64) if layer.use_bias else np.zeros(layer.out_features)
        if pushed.any():
            bias += pushed @ weight
        if chain and isinstance(chain[0], BatchNorm) and type(chain[0]) is BatchNorm:
            scale, shift = chain[0].running_map()
            chain.pop(0)
            weight *= scale
            bias = bias * scale + shift
        positive = bool(chain) and type(chain[0]) is ReLU
        if positive:
            chain.pop(0)
        bias = bias.astype(dtype)
        pushes = positive and bool(chain) and type(chain[0]) is Dense
        pushes = pushes and bool(np.abs(bias).max() <= np.abs(weight).sum(axis=0).max())
        pushed = bias.astype(np.float64) if pushes else np.zeros(1)
        steps.append(
            FrozenDense(
                weight.astype(dtype),
                bias if bias.any() else None,
                positive=positive,
                pushes=pushes,
                first=not steps,
                plain=plain,
            )
        )
    return steps
