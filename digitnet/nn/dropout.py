"""Dropout: inputs are left out at random, so that no unit can rely on another one alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn.buffers import Buffers
from digitnet.nn.layers import Array, Layer


class Dropout(Layer):
    """Each input is set to zero with probability ``rate`` while training (Srivastava et al. 2014).

    ``outputs = inputs · mask / (1 - rate)`` with ``mask ~ Bernoulli(1 - rate)``: the scaling keeps the
    expected value, so prediction needs no correction and is the identity. The gradient passes through
    the same mask: ``grad_input = grad_output · mask / (1 - rate)``.

    Shapes: inputs and outputs ``(batch, features)``; the dtype stays.

    Args:
        rate: share of the inputs that is set to zero, in [0, 1).

    Raises:
        ConfigurationError: a rate outside [0, 1).

    >>> import numpy as np
    >>> layer = Dropout(0.5)
    >>> ones = np.ones((100, 100))
    >>> sorted(set(layer.forward(ones, training=True).flat)), layer.forward(ones) is ones
    ([np.float64(0.0), np.float64(2.0)], True)
    """

    kind = "dropout"

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ConfigurationError(f"A dropout rate lies in [0, 1); got {rate}.")
        self.rate = float(rate)
        self._host = Buffers()

    def config(self) -> dict[str, Any]:
        return {"rate": self.rate}

    def forward(self, inputs: Array, training: bool = False) -> Array:
        if not training or self.rate == 0.0:
            return inputs
        keep = 1.0 - self.rate
        # The mask is NumPy's, and moved if the network computes elsewhere. Whole passes in its own dtype:
        # floor(u + keep) is 1 with probability keep. A boolean mask would be converted to floats again in
        # every multiplication.
        mask = self.uniform(inputs)
        mask += keep
        np.floor(mask, out=mask)
        mask *= 1.0 / keep
        self._mask = self.xp.asarray(mask)
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        self.xp.multiply(inputs, self._mask, out=outputs)
        return outputs

    def uniform(self, inputs: Array) -> Array:
        """A random number in [0, 1) for each of the inputs, in an array that the next call overwrites."""
        numbers: Array = self._host.get("mask", inputs.shape, inputs.dtype)
        self.rng.random(out=numbers, dtype=numbers.dtype)
        return numbers

    def backward(self, grad_output: Array) -> Array:
        if self.rate == 0.0:
            return grad_output
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        self.xp.multiply(grad_output, self._mask, out=grad_input)
        return grad_input

    def input_gradient(self, inputs: Array, outputs: Array, grad_output: Array) -> Array:  # noqa: ARG002
        return grad_output
