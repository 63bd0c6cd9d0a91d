"""How many processes train a network: as many as somebody asks for, or as many as pay."""

from __future__ import annotations

import sys

import numpy as np

from digitnet.cores import cores
from digitnet.crew.cut import check_layers
from digitnet.data.batches import Batches
from digitnet.errors import ConfigurationError
from digitnet.nn.network import Network

# To fork and to share takes some 0.1 s. A run of so many multiplications takes some two seconds on one
# process, and above it two were 1.3 to 1.6 times as fast; with two thirds of it as fast, with a fifth 0.85
# times.
_WORTH_A_CREW = 3e10
# Nobody has measured more than two.
_MOST = 2


def members(network: Network, processes: int) -> int:
    """How many processes train a network where so many are wanted: one, where the system is not Linux.

    Raises:
        ConfigurationError: a crew cannot train it.

    >>> from digitnet.nn import Dense
    >>> members(Network([Dense(4, 2)], rng=0), processes=1)
    1
    """
    if processes == 1:
        return 1
    if network.xp is not np:
        raise ConfigurationError(
            "Several processes cannot train a network that computes with another library than NumPy. Train "
            "with processes=1."
        )
    check_layers(network.layers, processes)
    return processes if sys.platform == "linux" else 1


def headcount(network: Network, batches: Batches, epochs: int) -> int:
    """How many processes train a network in the shortest time, where the cores are free: one or two.

    Two, if there are as many cores, they can share the network, and the run is long enough to pay for
    their start: rows times weights times epochs, the multiplications of all forward passes, are 3·10¹⁰.

    >>> from digitnet.nn import Dense
    >>> batches = Batches(np.ones((8, 4)), np.ones((8, 2)), batch_size=4)
    >>> headcount(Network([Dense(4, 6), Dense(6, 2)], rng=0), batches, epochs=10)
    1
    """
    if network.weight_count * len(batches.inputs) * epochs < _WORTH_A_CREW:
        return 1
    try:
        return members(network, min(_MOST, cores()))
    except ConfigurationError:
        return 1
