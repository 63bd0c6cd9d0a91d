"""A network cut into shares: which units, and which of its numbers, belong to a member of a crew."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import DTypeLike

from digitnet.crew.exchange import Board, Gather, Total
from digitnet.crew.own_layers import OwnBias, OwnDense, OwnDropout
from digitnet.errors import ConfigurationError
from digitnet.nn.activations import Activation, Softmax
from digitnet.nn.architecture import dense_layers
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.dropout import Dropout
from digitnet.nn.gradient_clip import GradientClip
from digitnet.nn.layers import Array, Dense, Layer
from digitnet.nn.memory import places

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


def portion(count: int, member: int, members: int) -> slice:
    """Which of so many units, or rows, are that member's: about as many as everyone else's.

    >>> [portion(5, member, 2) for member in range(2)]
    [slice(0, 2, None), slice(2, 5, None)]
    """
    return slice(count * member // members, count * (member + 1) // members)


def boards(layers: Sequence[Layer], members: int, batch_size: int, dtype: DTypeLike) -> list[Board]:
    """One for the units of each Dense layer.

    >>> len(boards([Dense(4, 6), Dense(6, 2)], 2, 8, "float32"))
    2
    """
    return [Board(members, batch_size, layer.out_features, dtype) for layer in dense_layers(layers)]


def cut(
    layers: Sequence[Layer],
    spread: Sequence[Board],
    me: int,
    meet: Callable[[], None],
    *,
    tiled: bool = False,
) -> tuple[list[Layer], dict[tuple[int, str], Source]]:
    """The layers of member ``me``, and of what part of which array each of their arrays is the copy.

    A member has its share of the units of every hidden layer, with all that leads to them, and of the last
    Dense layer what starts from its own units. Sources go by the position of the layer and the array's name.
    ``tiled`` is as of an :class:`~digitnet.crew.own_layers.OwnDense`.

    >>> first, last = Dense(4, 6), Dense(6, 2)
    >>> mine, sources = cut([first, last], boards([first, last], 2, 8, "float32"), 1, lambda: None)
    >>> [type(layer).__name__ for layer in mine], sources[1, "bias"][2]
    (['OwnDense', 'OwnBias', 'OwnDense', 'Total', 'OwnBias'], slice(3, 6, None))
    """
    members, dense, place = spread[0].members, dense_layers(layers), iter(spread)
    mine: list[Layer] = []
    sources: dict[tuple[int, str], Source] = {}
    everyone: list[slice] | None = None  # the units of each, where they are shared out
    board = spread[0]

    def add(layer: Layer, source: Layer, part: Any) -> None:
        for spec in layer.parameter_specs():
            sources[len(mine), spec.name] = source, spec.name, part
        mine.append(layer)

    def add_dense(layer: Dense, rows: slice, units: slice) -> None:
        depth = len(range(layer.in_features)[rows])
        share = OwnDense(depth, units.stop - units.start, tiled=tiled)
        mine.append(share)
        for name, panel in share.panels.items():
            columns = slice(units.start + panel.start, units.start + panel.stop)
            sources[len(mine) - 1, name] = layer, "weight", (rows, columns)

    def add_bias(layer: Dense, units: slice) -> None:
        if layer.use_bias:
            add(OwnBias(units.stop - units.start), layer, units)

    for layer in layers:
        own = everyone[me] if everyone else slice(None)
        if isinstance(layer, Dense) and layer is dense[-1]:
            outputs = slice(0, layer.out_features)
            add_dense(layer, own, outputs)
            mine.append(Total(next(place), me, meet))
            add_bias(layer, outputs)
            everyone = None
        elif isinstance(layer, Dense):
            if everyone:
                mine.append(Gather(board, me, meet, everyone))
            board, units = next(place), layer.out_features
            everyone = [portion(units, member, members) for member in range(members)]
            add_dense(layer, slice(None), everyone[me])
            add_bias(layer, everyone[me])
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

    >>> import numpy as np
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
    >>> mine, sources = cut([first, last], boards([first, last], 2, 8, "float32"), 1, lambda: None)
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
