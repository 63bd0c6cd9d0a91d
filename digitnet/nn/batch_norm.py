"""Batch normalisation: every feature with mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

from digitnet.errors import ConfigurationError, whole_number
from digitnet.nn.initializers import ones, zeros
from digitnet.nn.layers import Array, Layer, ParameterSpec


class BatchNorm(Layer):
    """Normalises each feature over the batch, then scales and shifts it (Ioffe & Szegedy 2015).

    Training: ``x̂ = (x - μ) / √(σ² + ε)`` with mean μ and (biased) variance σ² of the batch,
    ``outputs = gain · x̂ + shift``, and running statistics ``r ← (1 - momentum) r + momentum · s``
    (the variance's with Bessel's correction). Prediction uses the running statistics. A batch of one row
    has no variance, and leaves them as they are.

    With ``g = grad_output`` and means over the batch, the chain rule through μ and σ² gives
    ``grad_gain = Σ g x̂``, ``grad_shift = Σ g`` and
    ``grad_input = gain / √(σ² + ε) · (g - mean(g) - x̂ · mean(g x̂))``.

    Shapes: inputs and outputs ``(batch, features)``; gain, shift and statistics ``(features,)``.

    Args:
        features: width of the input.
        momentum: weight of the newest batch in the running statistics, in (0, 1].
        epsilon: keeps the root away from zero.

    Raises:
        ConfigurationError: a width that is no whole number or below 1, a momentum outside (0, 1] or an
            epsilon outside (0, 1).

    >>> import numpy as np
    >>> from digitnet.nn import Dense, Network
    >>> network = Network([Dense(4, 3), BatchNorm(3)], rng=np.random.default_rng(0), dtype=np.float64)
    >>> outputs = network.forward(np.random.default_rng(1).standard_normal((50, 4)), training=True)
    >>> bool(np.allclose(outputs.mean(axis=0), 0)), bool(np.allclose(outputs.var(axis=0), 1, atol=1e-4))
    (True, True)
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
        if not (0.0 < momentum <= 1.0 and 0.0 < epsilon < 1.0):
            raise ConfigurationError(
                "BatchNorm needs a momentum in (0, 1] and an epsilon in (0, 1); "
                f"got {momentum} and {epsilon}."
            )
        self.in_features = self.features = whole_number(features, "features, the width of a BatchNorm,")
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
        xp = self.xp
        if not training:
            scale, shift = self.running_map()
            outputs: Array = inputs * scale
            outputs += shift
            return outputs
        batch = len(inputs)
        mean = self._row("mean", inputs)
        variance = self._row("variance", inputs)
        normalised = self._buffers.get("normalised", inputs.shape, inputs.dtype)
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        inputs.sum(axis=0, out=mean)
        mean /= batch
        xp.subtract(inputs, mean, out=normalised)
        xp.multiply(normalised, normalised, out=outputs)
        outputs.sum(axis=0, out=variance)
        variance /= batch

        scratch = self._row("inverse_deviation", inputs)
        if batch > 1:
            keep = 1.0 - self.momentum
            self.running_mean *= keep
            mean *= self.momentum
            self.running_mean += mean
            # σ's root is wanted below, so the running variance is updated from a scratch row.
            xp.multiply(variance, self.momentum * batch / (batch - 1), out=scratch)
            self.running_variance *= keep
            self.running_variance += scratch

        variance += self.epsilon
        xp.sqrt(variance, out=scratch)
        xp.reciprocal(scratch, out=scratch)
        normalised *= scratch
        self._normalised, self._inverse_deviation = normalised, scratch
        xp.multiply(normalised, self.gain, out=outputs)
        outputs += self.shift
        return outputs

    def backward(self, grad_output: Array) -> Array:
        xp, batch = self.xp, len(grad_output)
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        row = self._row("row", grad_output)
        xp.multiply(grad_output, self._normalised, out=grad_input)
        grad_input.sum(axis=0, out=self.grad_gain)
        grad_output.sum(axis=0, out=self.grad_shift)
        xp.multiply(self.grad_gain, -1.0 / batch, out=row)
        xp.multiply(self._normalised, row, out=grad_input)
        grad_input += grad_output
        xp.multiply(self.grad_shift, 1.0 / batch, out=row)
        grad_input -= row
        xp.multiply(self.gain, self._inverse_deviation, out=row)
        grad_input *= row
        return grad_input

    def input_gradient(self, inputs: Array, outputs: Array, grad_output: Array) -> Array:  # noqa: ARG002
        return grad_output * self._running_scale()

    def running_map(self) -> tuple[Array, Array]:
        """Scale and shift ``(features,)`` of a prediction, which is ``inputs · scale + shift``."""
        scale = self._running_scale()
        return scale, self.shift - self.running_mean * scale

    def _running_scale(self) -> Array:
        """``gain / √(σ² + ε)`` with the running variance: the slope of a prediction."""
        scale: Array = self.gain / self.xp.sqrt(self.running_variance + self.epsilon)
        return scale

    def _row(self, name: str, like: Array) -> Array:
        return self._buffers.get(name, (self.features,), like.dtype)
