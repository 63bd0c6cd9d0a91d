"""Batch normalisation that stays as it was learnt: for a network that learns a little more."""

from __future__ import annotations

from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.layers import Array


class FrozenBatchNorm(BatchNorm):
    """A :class:`BatchNorm` that trains as it predicts: by its running statistics, which no batch moves.

    A network that is trained on with few pictures, of another mix than before, would take their mean and
    variance for those of the world. Frozen statistics keep what it knows, and make every step a step of the
    very function that predicts. Gain and shift are learnt as ever.

    With r and v the running mean and variance, ``x̂ = (x - r) / √(v + ε)`` and ``outputs = gain · x̂ + shift``.
    Neither r nor v depends on the batch, so the chain rule gives ``grad_gain = Σ g x̂``, ``grad_shift = Σ g``
    and ``grad_input = g · gain / √(v + ε)``.

    It has the arrays and the arguments of a :class:`BatchNorm` and calls itself one in an architecture: the
    model that is saved does not tell how it was trained.

    >>> import numpy as np
    >>> from digitnet.nn import Dense, Network
    >>> network = Network([Dense(4, 3), FrozenBatchNorm(3)], rng=0)
    >>> inputs = np.ones((2, 4), np.float32)
    >>> bool((network.forward(inputs, training=True) == network.predict(inputs)).all())
    True
    """

    def forward(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return super().forward(inputs)
        xp = self.xp
        normalised = self._buffers.get("normalised", inputs.shape, inputs.dtype)
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        # As a prediction has it, so that both round alike.
        scale = self._running_scale()
        xp.multiply(inputs, scale, out=outputs)
        outputs += self.shift - self.running_mean * scale
        xp.subtract(inputs, self.running_mean, out=normalised)
        normalised *= 1.0 / xp.sqrt(self.running_variance + self.epsilon)
        self._normalised = normalised
        return outputs

    def backward(self, grad_output: Array) -> Array:
        xp = self.xp
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        xp.multiply(grad_output, self._normalised, out=grad_input)
        grad_input.sum(axis=0, out=self.grad_gain)
        grad_output.sum(axis=0, out=self.grad_shift)
        xp.multiply(grad_output, self._running_scale(), out=grad_input)
        return grad_input
