"""Batch normalisation: every feature with mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn.initializers import ones, zeros
from digitnet.nn.layers import Array, Layer, ParameterSpec


class BatchNorm(Layer):
    """Normalises each feature over the batch, then scales and shifts it (Ioffe & Szegedy 2015).

    Training: ``x̂ = (x - μ) / √(σ² + ε)`` with mean μ and (biased) variance σ² of the batch,
    ``outputs = gain · x̂ + shift``, and running statistics ``r ← (1 - momentum) r + momentum · s``
    (the variance's with Bessel's correction). Prediction uses the running statistics.

    With ``g = grad_output`` and means over the batch, the chain rule through μ and σ² gives
    ``grad_gain = Σ g x̂``, ``grad_shift = Σ g`` and
    ``grad_input = gain / √(σ² + ε) · (g - mean(g) - x̂ · mean(g x̂))``.

    Args:
        features: width of the input.
        momentum: weight of the newest batch in the running statistics, in (0, 1].
        epsilon: keeps the root away from zero.
    """

    kind = "batch_norm"
    gain: Array
    grad_gain: Array
    shift: Array
    grad_shift: Array
    running_mean: Array
    running_variance: Array

    def __init__(self, features: int, *, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        if features < 1 or not 0.0 < momentum <= 1.0 or not 0.0 < epsilon < 1.0:
            raise ConfigurationError(
                "BatchNorm needs features ≥ 1, momentum in (0, 1] and epsilon in (0, 1); "
                f"got {features}, {momentum} and {epsilon}."
            )
        self.features = int(features)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)

    def parameter_specs(self) -> list[ParameterSpec]:
        shape = (self.features,)
        return [
            ParameterSpec("gain", shape, ones, "bias"),
            ParameterSpec("shift", shape, zeros, "bias"),
            ParameterSpec("running_mean", shape, zeros, "state"),
            ParameterSpec("running_variance", shape, ones, "state"),
        ]

    def output_width(self, in_features: int) -> int:
        if in_features != self.features:
            raise ConfigurationError(
                f"{self!r} expects {self.features} inputs but the layer before it gives {in_features}."
            )
        return in_features

    def config(self) -> dict[str, Any]:
        return {"features": self.features, "momentum": self.momentum, "epsilon": self.epsilon}

    def forward(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            scale = self.gain / np.sqrt(self.running_variance + self.epsilon)
            outputs: Array = inputs * scale
            outputs += self.shift - self.running_mean * scale
            return outputs
        batch = len(inputs)
        mean = self._row("mean", inputs)
        variance = self._row("variance", inputs)
        normalised = self._buffers.get("normalised", inputs.shape, inputs.dtype)
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        np.add.reduce(inputs, axis=0, out=mean)
        mean /= batch
        np.subtract(inputs, mean, out=normalised)
        np.multiply(normalised, normalised, out=outputs)
        np.add.reduce(outputs, axis=0, out=variance)
        variance /= batch

        keep = 1.0 - self.momentum
        self.running_mean *= keep
        mean *= self.momentum
        self.running_mean += mean
        # σ's root is wanted below, so the running variance is updated from a scratch row.
        scratch = self._row("inverse_deviation", inputs)
        np.multiply(variance, self.momentum * batch / max(batch - 1, 1), out=scratch)
        self.running_variance *= keep
        self.running_variance += scratch

        variance += self.epsilon
        np.sqrt(variance, out=scratch)
        np.reciprocal(scratch, out=scratch)
        normalised *= scratch
        self._normalised, self._inverse_deviation = normalised, scratch
        np.multiply(normalised, self.gain, out=outputs)
        outputs += self.shift
        return outputs

    def backward(self, grad_output: Array) -> Array:
        batch = len(grad_output)
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        row = self._row("row", grad_output)
        np.multiply(grad_output, self._normalised, out=grad_input)
        np.add.reduce(grad_input, axis=0, out=self.grad_gain)
        np.add.reduce(grad_output, axis=0, out=self.grad_shift)
        np.multiply(self.grad_gain, -1.0 / batch, out=row)
        np.multiply(self._normalised, row, out=grad_input)
        grad_input += grad_output
        np.multiply(self.grad_shift, 1.0 / batch, out=row)
        grad_input -= row
        np.multiply(self.gain, self._inverse_deviation, out=row)
        grad_input *= row
        return grad_input

    def _row(self, name: str, like: Array) -> Array:
        return self._buffers.get(name, (self.features,), like.dtype)
