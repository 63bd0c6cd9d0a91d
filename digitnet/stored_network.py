"""A network from what a file keeps of it: its architecture, and its arrays by name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digitnet.errors import ModelFileError
from digitnet.nn import Network, build_layers

#: What to do about a file that is not as it was written.
ADVICE = "Copy it again from where it came from, or train it anew."


def network_from(
    architecture: list[dict[str, Any]], arrays: dict[str, NDArray[Any]], dtype: DTypeLike = np.float32
) -> Network:
    """The network of an architecture with the arrays given, all of it checked before it takes memory.

    Args:
        architecture: as :meth:`~digitnet.nn.Network.architecture` gives it.
        arrays: as :meth:`~digitnet.nn.Network.named_arrays` gives them, no more and no fewer.
        dtype: of the network.

    Raises:
        ConfigurationError: a kind of layer or an argument that is not known.
        ModelFileError: an array that is missing, superfluous, of another shape or not finite.

    >>> from digitnet.nn import Dense
    >>> network = Network([Dense(2, 3)], rng=np.random.default_rng(0))
    >>> again = network_from(network.architecture(), network.named_arrays())
    >>> bool((again.parameters == network.parameters).all())
    True
    """
    # Shapes are compared before the network takes memory: a forged header must not cost gigabytes.
    expected = {
        f"layers.{index}.{spec.name}": spec.shape
        for index, layer in enumerate(build_layers(architecture))
        for spec in layer.parameter_specs()
    }
    if different := sorted(expected.keys() ^ arrays.keys()):
        raise ModelFileError(f"{different[0]} is missing or not part of its architecture. {ADVICE}")
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise ModelFileError(
                f"{name} has shape {arrays[name].shape}, but its architecture says {shape}. {ADVICE}"
            )
        if not np.isfinite(arrays[name]).all():
            raise ModelFileError(f"{name} holds numbers that are NaN or infinite. {ADVICE}")
    network = Network.from_architecture(architecture, dtype=dtype)
    for name, view in network.named_arrays().items():
        view[...] = arrays[name]
    return network
