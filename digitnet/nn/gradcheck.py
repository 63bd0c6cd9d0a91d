"""Backpropagation checked against central differences, for every network that anybody builds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.losses import Loss
from digitnet.nn.network import Network


@dataclass(frozen=True)
class GradientCheck:
    """Result of :func:`check_gradients`.

    Attributes:
        errors: the worst relative error of each array, by name, ``inputs`` among them.
        checked: how many numbers were compared.
    """

    errors: dict[str, float]
    checked: int

    @property
    def worst(self) -> float:
        """The largest relative error of all."""
        return max(self.errors.values())


def relative_error(analytic: float, numeric: float, floor: float = 1e-12) -> float:
    """``|a - n| / max(|a|, |n|, floor)``: the floor keeps rounding noise near zero from counting.

    >>> relative_error(1.0, 1.0), round(relative_error(1.0, 1.1), 4)
    (0.0, 0.0909)
    """
    return abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)


def check_gradients(
    network: Network,
    loss: Loss,
    inputs: NDArray[Any],
    targets: NDArray[Any],
    *,
    step: float = 1e-5,
    samples_per_array: int = 50,
    rng: np.random.Generator | None = None,
) -> GradientCheck:
    """Compare backward passes with ``(L(θ + h) - L(θ - h)) / 2h``, whose error is of order h².

    Errors are relative to the number compared or to a thousandth of the network's largest gradient,
    whichever is larger: some gradients are exactly zero (a bias before a BatchNorm), and a difference
    quotient of zero is rounding noise.

    Dropout draws the same mask in every pass. Keep the inputs away from the kinks of ReLU: within h of
    a kink the difference quotient is no derivative.

    Args:
        network: in float64; it is unchanged afterwards.
        loss: any :class:`~digitnet.nn.losses.Loss`.
        inputs: ``(batch, in_features)``.
        targets: what the loss takes.
        step: h.
        samples_per_array: so many randomly chosen entries of each array are compared, or all if fewer.
        rng: chooses them.

    Raises:
        ConfigurationError: the network is not in float64, where differences would measure rounding.
    """
    if network.dtype != np.float64:
        raise ConfigurationError(
            f"A gradient check needs a network in float64; this one computes in {network.dtype}. "
            "Build it with dtype=np.float64."
        )
    rng = rng or np.random.default_rng(0)
    inputs = np.array(inputs, np.float64)
    mask_state, state = network.rng.bit_generator.state, network.state.copy()

    def evaluate() -> float:
        network.rng.bit_generator.state = mask_state
        return loss.forward(network.forward(inputs, training=True), targets)

    evaluate()
    network.backward(loss.backward())
    arrays = {
        f"layers.{index}.{spec.name}": (
            getattr(layer, spec.name),
            getattr(layer, "grad_" + spec.name).copy(),
        )
        for index, layer in enumerate(network.layers)
        for spec in layer.parameter_specs()
        if spec.kind != "state"
    }
    network.rng.bit_generator.state = mask_state
    arrays["inputs"] = (inputs, network.input_gradient(inputs, loss.backward()))

    floor = 1e-3 * max(float(np.abs(gradient).max()) for _, gradient in arrays.values())
    errors, checked = {}, 0
    for name, (values, analytic) in arrays.items():
        chosen = rng.permutation(values.size)[:samples_per_array]
        errors[name] = 0.0
        for index in chosen:
            position = np.unravel_index(index, values.shape)
            original = values[position]
            values[position] = original + step
            above = evaluate()
            values[position] = original - step
            below = evaluate()
            values[position] = original
            numeric = (above - below) / (2.0 * step)
            errors[name] = max(errors[name], relative_error(float(analytic[position]), numeric, floor))
        checked += len(chosen)
    network.rng.bit_generator.state = mask_state
    network.state[...] = state
    return GradientCheck(errors, checked)
