"""How parameters follow their gradients: SGD and Adam, in place on one flat vector.

An optimiser is bound once to the flat vectors of a network; ``step(learning_rate)`` then updates them.
The vector is walked in blocks that fit into the processor's cache: an Adam step is about ten passes
over four arrays, and only the first of them should have to fetch from memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn.layers import Array

# 16 Ki float32 are 64 KiB an array, so the handful that a step touches stays inside a 1 MiB L2 cache.
_BLOCK = 16_384


class Optimizer:
    """Base of all optimisers.

    Args:
        weight_decay: λ of the L2 penalty ``½ λ ‖w‖²``: adds ``λ w`` to the gradient of each weight.
        l1: λ of the L1 penalty ``λ ‖w‖₁``: adds ``λ sign(w)``.

    Both act on weights only, never on biases or normalisation gains, and are no part of the loss that
    is reported.
    """

    #: Names of the arrays, of the parameters' shape, that the optimiser remembers between steps.
    memory_names: tuple[str, ...] = ()

    def __init__(self, *, weight_decay: float = 0.0, l1: float = 0.0) -> None:
        if not (0.0 <= weight_decay < math.inf and 0.0 <= l1 < math.inf):
            raise ConfigurationError(
                f"weight_decay and l1 are zero or positive; got {weight_decay} and {l1}."
            )
        self.weight_decay = float(weight_decay)
        self.l1 = float(l1)
        self.steps = 0
        self.memory: dict[str, Array] = {}

    def bind(self, parameters: Array, gradients: Array, *, weight_count: int) -> None:
        """Take the flat vectors to work on; the first ``weight_count`` entries are weights.

        Args:
            parameters: ``(n,)``, updated in place by every step.
            gradients: ``(n,)``, read (and used as working memory) by every step.
            weight_count: how many leading entries are regularised.
        """
        self._parameters, self._gradients, self._weight_count = parameters, gradients, weight_count
        self.memory = {name: np.zeros_like(parameters) for name in self.memory_names}
        self._scratch = np.empty(min(_BLOCK, parameters.size), parameters.dtype)
        self.steps = 0

    def step(self, learning_rate: float) -> None:
        """One update of all parameters."""
        self.steps += 1
        for block, is_weight in self._blocks():
            parameters, gradients = self._parameters[block], self._gradients[block]
            scratch = self._scratch[: parameters.size]
            if is_weight:
                self._regularise(parameters, gradients, scratch, learning_rate)
            self._update(parameters, gradients, scratch, block, learning_rate)

    def config(self) -> dict[str, Any]:
        """Hyperparameters as plain values, for the record of a run."""
        return {"kind": type(self).__name__, "weight_decay": self.weight_decay, "l1": self.l1}

    def _blocks(self) -> Iterator[tuple[slice, bool]]:
        """Cache-sized slices of the vector, none of which mixes weights with the rest."""
        for start, stop, is_weight in (
            (0, self._weight_count, True),
            (self._weight_count, self._parameters.size, False),
        ):
            for first in range(start, stop, _BLOCK):
                yield slice(first, min(first + _BLOCK, stop)), is_weight

    def _regularise(self, parameters: Array, gradients: Array, scratch: Array, learning_rate: float) -> None:  # noqa: ARG002
        if self.weight_decay:
            np.multiply(parameters, self.weight_decay, out=scratch)
            gradients += scratch
        if self.l1:
            np.sign(parameters, out=scratch)
            scratch *= self.l1
            gradients += scratch

    def _update(
        self, parameters: Array, gradients: Array, scratch: Array, block: slice, learning_rate: float
    ) -> None:
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's look-ahead if wanted.

    Plain: ``θ ← θ - α g``. With momentum μ: ``v ← μ v + g``, ``θ ← θ - α v``; with Nesterov's:
    ``θ ← θ - α (g + μ v)`` (Sutskever et al. 2013, in the form that PyTorch uses).
    """

    def __init__(
        self,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(weight_decay=weight_decay, l1=l1)
        if not 0.0 <= momentum < 1.0:
            raise ConfigurationError(f"A momentum lies in [0, 1); got {momentum}.")
        if nesterov and momentum == 0.0:
            raise ConfigurationError("Nesterov's look-ahead needs a momentum above zero; got 0.")
        self.momentum = float(momentum)
        self.nesterov = nesterov
        self.memory_names = ("velocity",) if momentum else ()

    def config(self) -> dict[str, Any]:
        return super().config() | {"momentum": self.momentum, "nesterov": self.nesterov}

    def _update(
        self, parameters: Array, gradients: Array, scratch: Array, block: slice, learning_rate: float
    ) -> None:
        direction = gradients
        if self.momentum:
            velocity = self.memory["velocity"][block]
            velocity *= self.momentum
            velocity += gradients
            direction = velocity
            if self.nesterov:
                np.multiply(velocity, self.momentum, out=scratch)
                gradients += scratch
                direction = gradients
        np.multiply(direction, learning_rate, out=scratch)
        parameters -= scratch


class Adam(Optimizer):
    """Steps of a size that the gradient's own history sets (Kingma & Ba 2015).

    ``m ← β₁ m + (1 - β₁) g``, ``v ← β₂ v + (1 - β₂) g²``,
    ``θ ← θ - α m̂ / (√v̂ + ε)`` with ``m̂ = m / (1 - β₁ᵗ)`` and ``v̂ = v / (1 - β₂ᵗ)``.
    """

    memory_names = ("first_moment", "second_moment")

    def __init__(
        self,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(weight_decay=weight_decay, l1=l1)
        if not (0.0 <= beta1 < 1.0 and 0.0 <= beta2 < 1.0 and 0.0 < epsilon < math.inf):
            raise ConfigurationError(
                f"Adam needs beta1 and beta2 in [0, 1) and epsilon > 0; got {beta1}, {beta2} and {epsilon}."
            )
        self.beta1, self.beta2, self.epsilon = float(beta1), float(beta2), float(epsilon)

    def config(self) -> dict[str, Any]:
        return super().config() | {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon}

    def _update(
        self, parameters: Array, gradients: Array, scratch: Array, block: slice, learning_rate: float
    ) -> None:
        first, second = self.memory["first_moment"][block], self.memory["second_moment"][block]
        first_correction = 1.0 - self.beta1**self.steps
        second_correction = math.sqrt(1.0 - self.beta2**self.steps)
        first *= self.beta1
        np.multiply(gradients, 1.0 - self.beta1, out=scratch)
        first += scratch
        second *= self.beta2
        np.multiply(gradients, gradients, out=scratch)
        scratch *= 1.0 - self.beta2
        second += scratch
        # m̂ / (√v̂ + ε) = (c₂/c₁) m / (√v + c₂ ε): the corrections become two numbers instead of two passes.
        np.sqrt(second, out=scratch)
        scratch += second_correction * self.epsilon
        np.divide(first, scratch, out=scratch)
        scratch *= learning_rate * second_correction / first_correction
        parameters -= scratch


class AdamW(Adam):
    """Adam with decoupled weight decay: ``w ← w - α λ w`` beside the step (Loshchilov & Hutter 2019).

    Plain L2 in Adam is divided by √v̂ like any gradient, which all but switches it off for weights with
    large gradients; here it acts on all weights alike.
    """

    def _regularise(self, parameters: Array, gradients: Array, scratch: Array, learning_rate: float) -> None:
        if self.weight_decay:
            parameters *= 1.0 - learning_rate * self.weight_decay
        if self.l1:
            np.sign(parameters, out=scratch)
            scratch *= self.l1
            gradients += scratch
