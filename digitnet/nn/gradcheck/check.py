"""Backpropagation checked against central differences, for every network that anybody builds."""

from __future__ import annotations

import math
from collections.abc import Callable
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

    >>> GradientCheck({"inputs": 2e-9, "layers.0.weight": 5e-9}, checked=12).worst
    5e-09
    """

    errors: dict[str, float]
    checked: int

    @property
    def worst(self) -> float:
        """The largest relative error of all."""
        return max(self.errors.values())


def relative_error(analytic: float, numeric: float, floor: float = 1e-12) -> float:
    """``|a - n| / max(|a|, |n|, floor)``: the floor keeps rounding noise near zero from counting.

    Where one of them is not finite the error is infinite.

    >>> relative_error(1.0, 1.0), round(relative_error(1.0, 1.1), 4), relative_error(1.0, math.nan)
    (0.0, 0.0909, inf)
    """
    if not (math.isfinite(analytic) and math.isfinite(numeric)):
        return math.inf
    return abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)


def check_gradients(
    network: Network,
    loss: Loss,
    inputs: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None = None,
    *,
    step: float = 3e-5,
    samples_per_array: int = 50,
    rng: np.random.Generator | None = None,
) -> GradientCheck:
    """Compare backward passes with central differences of fourth order.

    With ``δ(h) = (L(θ + h) - L(θ - h)) / 2h``, whose error is of order h², the numeric gradient is
    ``(4 δ(h) - δ(2h)) / 3``: the terms in h² cancel (Richardson 1911), so that h can be large enough to
    leave rounding behind.

    Errors are relative to the number compared or to a thousandth of the network's largest gradient,
    whichever is larger: some gradients are exactly zero (a bias before a BatchNorm), and a difference
    quotient of zero is rounding noise. The price: with a tolerance of 1e-6, an array whose gradients are all
    below a billionth of the largest is not really checked. That happens under many saturated layers; check
    such a network in parts, or with larger weights.

    Dropout draws the same mask in every pass. Keep the inputs away from the kinks of ReLU: within 2h of
    a kink the difference quotient is no derivative.

    Args:
        network: in float64; afterwards its parameters, gradients, state and generator are as before.
        loss: any :class:`~digitnet.nn.losses.Loss`.
        inputs: ``(batch, in_features)``.
        targets: what the loss takes.
        weights: of the samples, ``(batch,)``, or None.
        step: h.
        samples_per_array: so many randomly chosen entries of each array are compared, or all if fewer.
        rng: chooses them.

    Raises:
        ConfigurationError: the network is not in float64, where differences would measure rounding.

    >>> from digitnet.nn import Dense, MeanSquaredError, Tanh
    >>> rng = np.random.default_rng(0)
    >>> network = Network([Dense(3, 4), Tanh(), Dense(4, 1)], rng=rng, dtype=np.float64)
    >>> check = check_gradients(network, MeanSquaredError(), rng.standard_normal((5, 3)), np.ones(5))
    >>> check.checked, check.worst < 1e-6
    (36, True)
    """
    if network.dtype != np.float64:
        raise ConfigurationError(
            f"A gradient check needs a network in float64; this one computes in {network.dtype}. "
            "Build it with dtype=np.float64."
        )
    rng = rng or np.random.default_rng(0)
    inputs, targets = np.array(inputs, np.float64), np.asarray(targets)
    weights = weights if weights is None else np.asarray(weights, np.float64)
    mask_state = network.rng.bit_generator.state
    saved = [(array, array.copy()) for array in (network.parameters, network.gradients, network.state)]

    def evaluate() -> float:
        network.rng.bit_generator.state = mask_state
        return loss.forward(network.forward(inputs, training=True), targets, weights)

    try:
        evaluate()
        to_inputs = network.backward_to_inputs(loss.backward())
        gradients = network.named_gradients() | {"inputs": to_inputs}
        gradients = {name: gradient.copy() for name, gradient in gradients.items()}
        arrays = network.named_arrays() | {"inputs": inputs}
        finite = (gradient[np.isfinite(gradient)] for gradient in gradients.values())
        floor = max(1e-12, 1e-3 * max(float(np.abs(part).max(initial=0.0)) for part in finite))
        errors, checked = {}, 0
        for name, analytic in gradients.items():
            values = arrays[name]
            chosen = rng.permutation(values.size)[:samples_per_array]
            positions = [np.unravel_index(index, values.shape) for index in chosen]
            errors[name] = 0.0
            for position in positions:
                numeric = _difference_quotient(evaluate, values, position, step)
                error = relative_error(float(analytic[position]), numeric, floor)
                errors[name] = max(errors[name], error)
            checked += len(chosen)
        return GradientCheck(errors, checked)
    finally:
        # Also if a loss or a layer failed, or Ctrl-C came, in the middle of a difference.
        for array, before in saved:
            array[...] = before
        network.rng.bit_generator.state = mask_state


def _difference_quotient(
    evaluate: Callable[[], float], values: NDArray[Any], position: Any, step: float
) -> float:
    """The numeric gradient of ``evaluate`` with respect to one number, which is as before afterwards."""
    original, quotients = values[position], []
    for h in (step, 2.0 * step):
        values[position] = original + h
        above = evaluate()
        values[position] = original - h
        quotients.append((above - evaluate()) / (2.0 * h))
    values[position] = original
    return (4.0 * quotients[0] - quotients[1]) / 3.0
