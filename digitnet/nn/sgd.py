"""Gradient descent: the step along the gradient, with momentum if wanted."""

from __future__ import annotations

from typing import Any

from digitnet.errors import ConfigurationError
from digitnet.nn.optimizers import Block, Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's look-ahead if wanted.

    Plain: ``θ ← θ - α g`` (Robbins & Monro 1951). With momentum μ: ``v ← μ v + g``, ``θ ← θ - α v``
    (Polyak 1964); with Nesterov's: ``θ ← θ - α (g + μ v)`` (Sutskever et al. 2013, in the form that
    PyTorch uses).

    Args:
        momentum: μ in [0, 1).
        nesterov: whether to look ahead; needs a momentum.
        weight_decay, l1: as for every :class:`Optimizer`.

    Raises:
        ConfigurationError: a momentum outside [0, 1), or a look-ahead without one.

    >>> import numpy as np
    >>> parameters, gradients = np.array([1.0]), np.array([0.5])
    >>> optimizer = SGD(momentum=0.9)
    >>> optimizer.bind(parameters, gradients, weight_count=1)
    >>> for _ in range(2):
    ...     optimizer.step(0.1)
    >>> parameters           # 1 - 0.1 · 0.5 - 0.1 · (0.9 · 0.5 + 0.5)
    array([0.855])
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

    def update(self, block: Block, learning_rate: float) -> None:
        parameters, direction = block.parameters, block.gradients
        if self.momentum:
            velocity = block.memory["velocity"]
            velocity *= self.momentum
            velocity += block.gradients
            if self.nesterov:
                self.xp.multiply(velocity, self.momentum, out=block.scratch)
                direction += block.scratch
            else:
                direction = velocity
        self.xp.multiply(direction, learning_rate, out=block.scratch)
        parameters -= block.scratch
