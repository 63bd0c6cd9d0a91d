"""A moving average of a network's weights, which often predicts better than the weights themselves."""

from __future__ import annotations

from digitnet.errors import ConfigurationError
from digitnet.nn.arrays import array_module
from digitnet.nn.buffers import aligned_empty, aligned_zeros
from digitnet.nn.layers import Array
from digitnet.nn.memory import Zeros

# So many numbers at a time, which stay in the processor's cache for all three passes.
_BLOCK = 65_536


class WeightAverage:
    """Exponential moving average ``a ← d a + (1 - d) θ`` with a warm-up (Polyak & Juditsky 1992).

    The decay in force at update t is ``min(decay, t / (t + 9))``: early weights, which are
    far from the goal, are forgotten quickly. Give it to a :class:`~digitnet.training.Trainer`, or bind it
    and call :meth:`update` after every step; ``value`` then holds the average.

    Args:
        decay: d in [0, 1); 0.999 averages over about the last thousand steps.

    Raises:
        ConfigurationError: a decay outside [0, 1).

    >>> import numpy as np
    >>> average, parameters = WeightAverage(0.9), np.array([0.0])
    >>> average.bind(parameters)
    >>> parameters += 1.0
    >>> average.update()
    >>> average.value       # a tenth of the way back: the first update forgets nine tenths
    array([0.9])
    """

    def __init__(self, decay: float) -> None:
        if not 0.0 <= decay < 1.0:
            raise ConfigurationError(f"The decay of a moving average lies in [0, 1); got {decay}.")
        self.decay = float(decay)
        self.updates = 0
        self._parameters: Array | None = None

    def bind(self, parameters: Array, *, zeros: Zeros = aligned_zeros) -> None:
        """Take the vector ``(n,)`` to average; the average starts as its copy, in memory from ``zeros``.

        Raises:
            ConfigurationError: it averages another vector already.
        """
        if self._parameters is not None and self._parameters is not parameters:
            raise ConfigurationError(
                "This WeightAverage follows the weights of another network already; make a new one for each "
                "network."
            )
        self._xp = array_module(parameters)
        self._parameters = parameters
        self.value = zeros(parameters.size, parameters.dtype, self._xp)
        self.value[...] = parameters
        self._scratch = aligned_empty(min(_BLOCK, parameters.size), parameters.dtype, self._xp)
        self.updates = 0

    def update(self) -> None:
        """Move the average towards the vector as it is now.

        Raises:
            ConfigurationError: there is no vector yet.
        """
        if self._parameters is None:
            raise ConfigurationError("This WeightAverage has nothing to average: call bind(…) first.")
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 9.0))
        # a + (1 - d)(θ - a) needs one scratch array and is exact where θ = a.
        for start in range(0, self.value.size, _BLOCK):
            parameters, value = self._parameters[start : start + _BLOCK], self.value[start : start + _BLOCK]
            scratch = self._scratch[: value.size]
            self._xp.subtract(parameters, value, out=scratch)
            scratch *= 1.0 - decay
            value += scratch
