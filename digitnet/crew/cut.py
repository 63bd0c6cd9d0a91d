"""A network cut into shares: which units, and which of its numbers, belong to a member of a crew."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from digitnet.crew.exchange import Board, Gather, Total
from digitnet.errors import ConfigurationError
from digitnet.nn.activations import Activation, Softmax
from digitnet.nn.architecture import dense_layers
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.dropout import Dropout
from digitnet.nn.gradient_clip import GradientClip
from digitnet.nn.layers import Array, Dense, Layer
from digitnet.nn.memory import places
from digitnet.nn.optimizers import Block, Optimizer

# So many numbers of a weight get their gradient, and then their step, at a time: they are still in the cache.
_CHUNK = 131_072

#: ``(layer of the whole network, name of its array, part of it)``.
Source = tuple[Layer, str, Any]


def check_layers(layers: Sequence[Layer], members: int) -> None:
    """Find out whether layers can be shared out.

    Raises:
        ConfigurationError: there is no hidden layer, one has fewer units than there are members, a layer
            with parameters stands before the first Dense, or there is one that looks at all units of a row.

    >>> from digitnet.nn import ReLU
    >>> check_layers([Dense(4, 6), ReLU(), Dense(6, 2)], members=2)
    """
    dense = [index for index, layer in enumerate(layers) if type(layer) is Dense]
    hidden = dense_layers(layers)[:-1]
    problem = None
    if not hidden:
        problem = "it has no hidden layer whose units could be shared out"
    elif any(layer.out_features < members for layer in hidden):
        problem = f"a hidden layer has fewer than {members} units"
    for index, layer in enumerate(layers):
        if isinstance(layer, Activation | Dropout | GradientClip) or type(layer) is Dense:
            continue
        if type(layer) is BatchNorm and dense and index > dense[0]:
            continue
        if type(layer) is Softmax and dense and index > dense[-1]:
            continue
        problem = f"its {layer!r} cannot be shared out where it stands"
    if problem:
        raise ConfigurationError(
            f"Several processes cannot train this network: {problem}. Train with processes=1."
        )


class OwnDense(Dense):
    """A Dense layer of some of the units, whose weight follows its gradient a cache-sized piece at a time.

    The gradient for what stands below is computed first, so that nobody needs the old weight any more.

    Attributes:
        learning_rate: of the step that is being made.
    """

    learning_rate = 0.0

    def follow(self, optimizer: Optimizer, start: int) -> None:
        """Move the weight, which stands at ``start`` of the optimiser's vector, by that optimiser."""
        self._optimizer = optimizer
        rows = min(max(_CHUNK // self.out_features, 1), self.in_features)
        room = self._buffers.get("gradient", (rows, self.out_features), self.weight.dtype)
        self._pieces: list[tuple[slice, Array, list[Block]]] = []
        for first in range(0, self.in_features, rows):
            last = min(first + rows, self.in_features)
            gradient = room[: last - first]
            blocks = optimizer.blocks(start + first * self.out_features, gradient.reshape(-1))
            self._pieces.append((slice(first, last), gradient, blocks))

    def backward(self, grad_output: Array) -> Array:
        if self.use_bias:
            grad_output.sum(axis=0, out=self.grad_bias)
        grad_input = self._inputs[:0]
        if self.wants_input_gradient:
            grad_input = self._buffers.get("grad_input", self._inputs.shape, self.weight.dtype)
            np.matmul(grad_output, self.weight.T, out=grad_input)
        for rows, gradient, blocks in self._pieces:
            np.matmul(self._inputs[:, rows].T, grad_output, out=gradient)
            self._optimizer.update_blocks(blocks, self.learning_rate)
        return grad_input


class OwnDropout(Dropout):
    """Dropout for some of ``width`` units, with the numbers that a Dropout for all of them would draw."""

    def __init__(self, rate: float, width: int, own: slice) -> None:
        super().__init__(rate)
        self._width, self._own = width, own

    def uniform(self, inputs: Array) -> Array:
        numbers = self._host.get("all", (len(inputs), self._width), inputs.dtype)
        self.rng.random(out=numbers, dtype=numbers.dtype)
        own = self._host.get("mask", inputs.shape, inputs.dtype)
        own[...] = numbers[:, self._own]
        return own


def boards(layers: Sequence[Layer], members: int, batch_size: int, dtype: DTypeLike) -> list[Board]:
    """One for the units of each Dense layer.

    >>> len(boards([Dense(4, 6), Dense(6, 2)], 2, 8, np.float32))
    2
    """
    return [Board(members, batch_size, layer.out_features, dtype) for layer in dense_layers(layers)]


def cut(
    layers: Sequence[Layer], spread: Sequence[Board], me: int, meet: Callable[[], None]
) -> tuple[list[Layer], dict[tuple[int, str], Source]]:
    """The layers of member ``me``, and of what part of which array each of their arrays is the copy.

    A member has its share of the units of every hidden layer, with all that leads to them, and of the last
    Dense layer what starts from its own units. Sources go by the position of the layer and the array's name.

    >>> first, last = Dense(4, 6), Dense(6, 2)
    >>> mine, sources = cut([first, last], boards([first, last], 2, 8, np.float32), 1, lambda: None)
    >>> [type(layer).__name__ for layer in mine], sources[0, "bias"][2]
    (['OwnDense', 'OwnDense', 'Total'], slice(3, 6, None))
    """
    members, dense, place = spread[0].members, dense_layers(layers), iter(spread)
    mine: list[Layer] = []
    sources: dict[tuple[int, str], Source] = {}
    everyone: list[slice] | None = None  # the units of each, where they are shared out
    board = spread[0]

    def add(layer: Layer, source: Layer, part: Any, **parts: Any) -> None:
        for spec in layer.parameter_specs():
            sources[len(mine), spec.name] = source, spec.name, parts.get(spec.name, part)
        mine.append(layer)

    for layer in layers:
        own = everyone[me] if everyone else slice(None)
        if isinstance(layer, Dense) and layer is dense[-1]:
            add(OwnDense(own.stop - own.start, layer.out_features, use_bias=False), layer, own)
            add(Total(next(place), me, meet, layer.use_bias), layer, slice(None))
            everyone = None
        elif isinstance(layer, Dense):
            if everyone:
                mine.append(Gather(board, me, meet, everyone))
            board, units = next(place), layer.out_features
            everyone = [slice(units * k // members, units * (k + 1) // members) for k in range(members)]
            own = everyone[me]
            share = OwnDense(layer.in_features, own.stop - own.start, use_bias=layer.use_bias)
            add(share, layer, own, weight=(slice(None), own))
        elif isinstance(layer, BatchNorm) and everyone:
            add(BatchNorm(own.stop - own.start, momentum=layer.momentum, epsilon=layer.epsilon), layer, own)
        elif isinstance(layer, Dropout) and everyone:
            mine.append(OwnDropout(layer.rate, everyone[-1].stop, own))
        else:
            add(copy.copy(layer), layer, slice(None))
    return mine, sources


@dataclass(frozen=True)
class Match:
    """Where an array stands in a member's vector, and what it is the copy of in the whole network's.

    Attributes:
        mine, whole: places in the two vectors.
        shape: of the whole array.
        part: of it.

    >>> mine, whole = Match(slice(0, 2), slice(1, 5), (2, 2), (slice(None), slice(1, 2))).views(
    ...     np.zeros(2), np.arange(6.0)
    ... )
    >>> mine[...] = whole
    >>> mine.ravel()
    array([2., 4.])
    """

    mine: slice
    whole: slice
    shape: tuple[int, ...]
    part: Any

    def views(self, mine: Array, whole: Array) -> tuple[Array, Array]:
        """Views of the two vectors, of the same shape."""
        part = whole[self.whole].reshape(self.shape)[self.part]
        return mine[self.mine].reshape(part.shape), part


def matches(
    layers: Sequence[Layer], mine: Sequence[Layer], sources: dict[tuple[int, str], Source], *kinds: str
) -> list[Match]:
    """One for each of a member's arrays of these kinds; ``mine`` and ``sources`` are what :func:`cut` gave.

    >>> first, last = Dense(2, 4, use_bias=False), Dense(4, 1, use_bias=False)
    >>> mine, sources = cut([first, last], boards([first, last], 2, 8, np.float32), 1, lambda: None)
    >>> [match.mine for match in matches([first, last], mine, sources, "weight", "bias")]
    [slice(0, 4, None), slice(4, 6, None)]
    """
    where = {(id(layer), spec.name): (place, spec.shape) for layer, spec, place in places(layers, *kinds)}
    numbers = {id(layer): index for index, layer in enumerate(mine)}
    found = []
    for layer, spec, place in places(mine, *kinds):
        source, name, part = sources[numbers[id(layer)], spec.name]
        found.append(Match(place, *where[id(source), name], part))
    return found
