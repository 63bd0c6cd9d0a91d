"""What a network computes, written three times: unit by unit, layer by layer, and for all samples at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitnet.nn import Network, dense_layers

Array = NDArray[np.float64]


def unit_by_unit(network: Network, sample: list[float]) -> list[float]:
    """One sample, unit by unit, in plain Python: ``z_j = Σ_i x_i w_ij + b_j``, then ``a_j = g(z_j)``."""
    layers = dense_layers(network.layers)
    values = sample
    for layer in layers:
        outputs = []
        for j in range(layer.out_features):
            z = float(layer.bias[j])
            for i in range(layer.in_features):
                z += values[i] * float(layer.weight[i, j])
            outputs.append(1.0 / (1.0 + math.exp(-z)) if layer is layers[-1] else max(z, 0.0))
        values = outputs
    return values


@dataclass(frozen=True)
class LayerPass:
    """What one layer was given, computed and gave: inputs A, sums Z = A·W + b, outputs g(Z)."""

    inputs: Array
    sums: Array
    outputs: Array


def layer_by_layer(network: Network, inputs: Array) -> list[LayerPass]:
    """A layer is one product: ``z = x·W + b`` for a sample ``(in,)``, ``Z = X·W + b`` for ``(m, in)``.

    The same line serves for one sample and for all of them: that is why the samples are rows.
    """
    layers, passes = dense_layers(network.layers), []
    for layer in layers:
        sums = inputs @ layer.weight + layer.bias
        outputs = 1.0 / (1.0 + np.exp(-sums)) if layer is layers[-1] else np.maximum(sums, 0.0)
        passes.append(LayerPass(inputs, sums, outputs))
        inputs = outputs
    return passes


@dataclass(frozen=True)
class LayerGradient:
    """What backpropagation finds in one layer: the error signal ∂L/∂Z, ∂L/∂W and ∂L/∂b."""

    error: Array
    weight: Array
    bias: Array


def backwards(network: Network, passes: list[LayerPass], targets: Array) -> list[LayerGradient]:
    """The gradient of the mean cross-entropy from the passes of all m samples, last layer first::

    Δ_last = (Ŷ − Y) / m                   sigmoid and cross-entropy together
    ∂L/∂W  = Aᵀ · Δ        ∂L/∂b = Σ_rows Δ
    Δ_before = (Δ · Wᵀ) ⊙ g'(Z_before)     g' is 1 where ReLU's sum was positive, else 0
    """
    gradients = []
    error = (passes[-1].outputs - targets) / len(targets)
    for index in reversed(range(len(passes))):
        here = passes[index]
        gradients.append(LayerGradient(error, here.inputs.T @ error, error.sum(axis=0)))
        if index > 0:
            error = (error @ dense_layers(network.layers)[index].weight.T) * (passes[index - 1].sums > 0.0)
    return gradients[::-1]


def sample_by_sample(network: Network, inputs: Array, targets: Array) -> list[Array]:
    """∂L/∂W of each layer as the mean of every sample's own gradient, an outer product ``aᵀ·δ``."""
    totals = [np.zeros_like(layer.weight) for layer in dense_layers(network.layers)]
    for sample, target in zip(inputs, targets, strict=True):
        passes = layer_by_layer(network, sample[np.newaxis])
        for total, gradient in zip(totals, backwards(network, passes, target[np.newaxis]), strict=True):
            total += gradient.weight / len(inputs)
    return totals


@dataclass(frozen=True)
class SignalSizes:
    """How large numbers are in each layer: root mean square of the outputs, norm of ∂L/∂W."""

    outputs: list[float]
    gradients: list[float]


def signal_sizes(network: Network, inputs: Array, targets: Array) -> SignalSizes:
    """Measure what flows through a network, forwards and backwards, before it has learned anything."""
    passes = layer_by_layer(network, inputs)
    gradients = backwards(network, passes, targets)
    return SignalSizes(
        [float(np.sqrt(np.mean(here.outputs**2))) for here in passes],
        [float(np.linalg.norm(gradient.weight)) for gradient in gradients],
    )
