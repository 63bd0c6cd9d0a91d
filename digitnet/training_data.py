"""What a run trains and validates on, checked once against the network and the loss that will see it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.data.batches import Batch, Batches, as_weights
from digitnet.errors import ConfigurationError
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.losses import Loss
from digitnet.nn.network import Network


def check_batches(batches: Batches, network: Network, loss: Loss) -> None:
    """Find out whether batches fit the network and the loss.

    Raises:
        ConfigurationError: inputs of another width or precision than the network's, targets that the loss
            does not take, or batches of one row for a network with a BatchNorm.
    """
    if not isinstance(batches, Batches):
        raise ConfigurationError(
            "A Trainer takes its data as Batches(inputs, targets, batch_size=…); "
            f"got a {type(batches).__name__}."
        )
    if batches.inputs.dtype != network.dtype:
        # Rounded inputs would spoil float64 training without a word.
        raise ConfigurationError(
            f"The network computes in {network.dtype}, but the batches are {batches.inputs.dtype}; "
            f"give Batches the argument dtype=np.{network.dtype}."
        )
    if batches.batch_size == 1 and any(isinstance(layer, BatchNorm) for layer in network.layers):
        raise ConfigurationError(
            "BatchNorm takes the mean and variance of a batch, and one row has no variance. Give Batches a "
            "batch_size of 2 at least, or leave BatchNorm out."
        )
    _check(batches.inputs, batches.targets, network, loss)


def checked_validation(validation: tuple[NDArray[Any], ...], network: Network, loss: Loss) -> Batch:
    """Validation data ``(inputs, targets)`` or ``(inputs, targets, weights)`` as a triple of arrays.

    Raises:
        ConfigurationError: neither two parts nor three; as :func:`check_batches`; lengths that differ, no
            rows at all, or weights that :func:`~digitnet.data.batches.as_weights` refuses.
    """
    if len(validation) not in (2, 3):
        raise ConfigurationError(
            "Validation data are (inputs, targets) or (inputs, targets, weights); "
            f"got {len(validation)} part{'s' * (len(validation) != 1)}."
        )
    inputs, targets, *weights = validation
    inputs, targets = np.asarray(inputs), np.asarray(targets)
    if len(inputs) != len(targets) or len(inputs) == 0:
        raise ConfigurationError(
            "Validation inputs and targets need the same length, above zero; "
            f"got {len(inputs)} and {len(targets)}."
        )
    _check(inputs, targets, network, loss)
    return inputs, targets, as_weights(weights[0] if weights else None, len(inputs), network.dtype)


def _check(inputs: NDArray[Any], targets: NDArray[Any], network: Network, loss: Loss) -> None:
    if inputs.shape[1:] != (network.in_features,):
        raise ConfigurationError(
            f"The network takes inputs of shape (n, {network.in_features}); got {inputs.shape}."
        )
    loss.check_targets(targets, network.out_features)
