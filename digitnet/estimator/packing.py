"""A network as plain values and arrays, and back, so that an estimator can be copied, sent and stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digitnet.nn import Network


@dataclass(frozen=True)
class PackedNetwork:
    """What a network knows, without the views and working memory that no copy could keep apart.

    Attributes:
        architecture: as :meth:`digitnet.nn.Network.architecture` gives it.
        dtype: of the network.
        parameters, state: its two vectors.
        rng: draws its dropout masks.

    >>> from digitnet.nn import Dense
    >>> network = Network([Dense(2, 1)], rng=np.random.default_rng(0))
    >>> copy = PackedNetwork.of(network).unpacked()
    >>> bool(np.shares_memory(copy.layers[0].weight, copy.parameters))
    True
    >>> bool((copy.parameters == network.parameters).all())
    True
    """

    architecture: list[dict[str, Any]]
    dtype: DTypeLike
    parameters: NDArray[Any]
    state: NDArray[Any]
    rng: np.random.Generator

    @classmethod
    def of(cls, network: Network) -> PackedNetwork:
        """The values of a network; arrays are not copied."""
        return cls(network.architecture(), network.dtype.str, network.parameters, network.state, network.rng)

    def unpacked(self) -> Network:
        """A network with these values, whose layers are views of its own vectors."""
        network = Network.from_architecture(self.architecture, dtype=self.dtype)
        network.parameters[...], network.state[...] = self.parameters, self.state
        network.rng = self.rng
        for layer in network.layers:
            layer.rng = self.rng
        return network
