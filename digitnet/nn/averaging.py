"""A moving average of a network's weights, which often predicts better than the weights themselves."""

from __future__ import annotations

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn.layers import Array


class WeightAverage:
    """Exponential moving average ``a ← d a + (1 - d) θ`` with a warm-up (Polyak & Juditsky 1992).

    The decay in force at update t is ``min(decay, t / (t + 9))``: early weights, which are
    far from the goal, are forgotten quickly.

    Args:
        decay: d in [0, 1); 0.999 averages over about the last thousand steps.
    """

    def __init__(self, decay: float) -> None:
        if not 0.0 <= decay < 1.0:
            raise ConfigurationError(f"The decay of a moving average lies in [0, 1); got {decay}.")
        self.decay = float(decay)
        self.updates = 0

    def bind(self, parameters: Array) -> None:
        """Take the vector ``(n,)`` to average; the average starts as its copy."""
        self._parameters = parameters
        self.value = parameters.copy()
        self._scratch = np.empty_like(parameters)
        self.updates = 0

    def update(self) -> None:
        """Move the average towards the vector as it is now."""
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 9.0))
        # a + (1 - d)(θ - a) needs one scratch array and is exact where θ = a.
        np.subtract(self._parameters, self.value, out=self._scratch)
        self._scratch *= 1.0 - decay
        self.value += self._scratch
