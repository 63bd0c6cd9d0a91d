"""All numbers of a network in three flat vectors, and a view into them for every array of every layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.buffers import aligned_zeros
from digitnet.nn.layers import Array, Layer, ParameterSpec

#: ``zeros(size, dtype, xp) -> vector``.
Zeros = Callable[[int, DTypeLike, ModuleType], NDArray[Any]]


@dataclass(frozen=True)
class Memory:
    """What the layers of a network share.

    Attributes:
        parameters: ``(n,)``, weights first, then biases and gains; all zero at first.
        gradients: ``(n,)``, in the same order.
        state: what is not learned by gradient.
        weight_count: how many leading entries of ``parameters`` are weights.
    """

    parameters: Array
    gradients: Array
    state: Array
    weight_count: int


def hand_out_memory(
    layers: Sequence[Layer], xp: ModuleType, dtype: DTypeLike, *, zeros: Zeros = aligned_zeros
) -> Memory:
    """Make the vectors and set the attributes that the layers' specs name to views into them.

    An array ``weight`` gets its gradient as ``grad_weight``; state has none. The vectors come from ``zeros``.

    >>> from digitnet.nn import Dense
    >>> layer = Dense(2, 1)
    >>> memory = hand_out_memory([layer], np, np.float32)
    >>> memory.parameters[:] = [1.0, 2.0, 3.0]
    >>> layer.weight.ravel(), layer.bias, layer.grad_bias
    (array([1., 2.], dtype=float32), array([3.], dtype=float32), array([0.], dtype=float32))
    """
    learned, states = list(places(layers, "weight", "bias")), list(places(layers, "state"))
    weight_count = sum(place.stop - place.start for _, spec, place in learned if spec.kind == "weight")
    parameters, gradients = (zeros(_end(learned), dtype, xp) for _ in range(2))
    state = zeros(_end(states), dtype, xp)
    _set_views(parameters, "", learned)
    _set_views(gradients, "grad_", learned)
    _set_views(state, "", states)
    return Memory(parameters, gradients, state, weight_count)


def places(layers: Sequence[Layer], *kinds: str) -> Iterator[tuple[Layer, ParameterSpec, slice]]:
    """Where the arrays of the layers stand in a vector that holds all of these kinds, one after the other.

    >>> from digitnet.nn import Dense
    >>> [(spec.name, place) for _, spec, place in places([Dense(2, 3)], "weight", "bias")]
    [('weight', slice(0, 6, None)), ('bias', slice(6, 9, None))]
    """
    offset = 0
    for kind in kinds:
        for layer in layers:
            for spec in layer.parameter_specs():
                if spec.kind == kind:
                    yield layer, spec, slice(offset, offset := offset + math.prod(spec.shape))


def initialize(
    layers: Sequence[Layer], xp: ModuleType, dtype: DTypeLike, rng: np.random.Generator, *, weights: bool
) -> None:
    """Write into every array what its initializer gives; into weights only if they are wanted.

    Raises:
        ConfigurationError: an initializer gave another shape than it was asked for.

    >>> from digitnet.nn import BatchNorm, Dense
    >>> layers = [Dense(2, 1), BatchNorm(1)]
    >>> memory = hand_out_memory(layers, np, np.float32)
    >>> initialize(layers, np, np.float32, np.random.default_rng(0), weights=False)
    >>> layers[0].weight.ravel(), layers[1].gain
    (array([0., 0.], dtype=float32), array([1.], dtype=float32))
    """
    for layer in layers:
        for spec in layer.parameter_specs():
            if spec.kind == "weight" and not weights:
                continue
            start = xp.asarray(spec.initializer(rng, spec.shape), dtype)
            if start.shape != spec.shape:
                raise ConfigurationError(
                    f"The initializer of {spec.name} in {layer!r} was asked for an array of shape "
                    f"{spec.shape} and gave one of shape {start.shape}."
                )
            getattr(layer, spec.name)[...] = start


def generator(rng: int | np.random.Generator | None) -> np.random.Generator:
    """The generator that is given, or one with the seed that is given.

    Raises:
        ConfigurationError: it is neither, nor None.

    >>> bool(generator(3).random() == generator(3).random())
    True
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"The rng of a network is a numpy.random.Generator, a seed from 0 on, or None; got {rng!r}."
        ) from error


def _end(found: Sequence[tuple[Layer, ParameterSpec, slice]]) -> int:
    return int(found[-1][2].stop) if found else 0


def _set_views(vector: Array, prefix: str, found: Sequence[tuple[Layer, ParameterSpec, slice]]) -> None:
    for layer, spec, place in found:
        setattr(layer, prefix + spec.name, vector[place].reshape(spec.shape))
