"""Backward passes against central differences: every layer, every activation, every loss."""

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import (
    BatchNorm,
    BinaryCrossEntropy,
    Dense,
    Dropout,
    LeakyReLU,
    MeanSquaredError,
    Network,
    ReLU,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    check_gradients,
)

BATCH, FEATURES, OUTPUTS = 7, 5, 3
ACTIVATIONS = [ReLU, LeakyReLU, lambda: LeakyReLU(0.3), Sigmoid, Tanh, Softmax]
BETWEEN = {
    "none": list,
    "batch norm": lambda: [BatchNorm(6)],
    "dropout": lambda: [Dropout(0.4)],
    "both": lambda: [BatchNorm(6), Dropout(0.2)],
}
LOSSES = {
    "softmax cross-entropy": SoftmaxCrossEntropy,
    "label smoothing": lambda: SoftmaxCrossEntropy(label_smoothing=0.1),
    "binary cross-entropy of logits": lambda: BinaryCrossEntropy(from_logits=True),
    "binary cross-entropy": BinaryCrossEntropy,
    "mean squared error": MeanSquaredError,
    "half summed squared error": lambda: MeanSquaredError(reduction="sum", factor=0.5),
}


def _network(activation, between, loss_name, seed=0):
    layers = [Dense(FEATURES, 6), *BETWEEN[between](), activation(), Dense(6, OUTPUTS)]
    if loss_name == "binary cross-entropy":
        layers.append(Sigmoid())
    network = Network(layers, rng=np.random.default_rng(seed), dtype=np.float64)
    # Zero biases would put ReLU's kink where dropped-out inputs are.
    network.parameters[network.weight_count :] += 0.1 * np.random.default_rng(seed + 1).standard_normal(
        network.parameters.size - network.weight_count
    )
    return network


@pytest.mark.parametrize("loss_name", LOSSES)
@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_analytic_gradients_equal_numeric_ones(activation, between, loss_name):
    rng = np.random.default_rng(42)
    inputs = rng.standard_normal((BATCH, FEATURES))
    if "softmax" in loss_name or "smoothing" in loss_name:
        targets = rng.integers(0, OUTPUTS, BATCH)
    else:
        targets = rng.random((BATCH, OUTPUTS))
    check = check_gradients(_network(activation, between, loss_name), LOSSES[loss_name](), inputs, targets)
    assert check.checked >= FEATURES * 6
    assert check.worst <= 1e-6, check.errors


def test_a_wrong_gradient_is_found():
    class Wrong(Tanh):
        def derivative(self, outputs, out):
            np.multiply(outputs, outputs, out=out)
            return np.subtract(1.001, out, out=out)

    network = Network([Dense(4, 4), Wrong(), Dense(4, 2)], rng=np.random.default_rng(0), dtype=np.float64)
    check = check_gradients(
        network, SoftmaxCrossEntropy(), np.random.default_rng(1).standard_normal((5, 4)), np.arange(5) % 2
    )
    assert check.worst > 1e-4


def test_parameters_are_unchanged_afterwards():
    network = _network(Tanh, "both", "mean squared error")
    before = network.parameters.copy()
    check_gradients(network, MeanSquaredError(), np.ones((BATCH, FEATURES)), np.zeros((BATCH, OUTPUTS)))
    np.testing.assert_array_equal(network.parameters, before)


def test_float32_is_refused_with_advice():
    network = Network([Dense(2, 2)], rng=np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match="float64"):
        check_gradients(network, MeanSquaredError(), np.ones((1, 2)), np.ones((1, 2)))


def test_no_bias():
    network = Network([Dense(3, 2, use_bias=False)], rng=np.random.default_rng(0), dtype=np.float64)
    assert network.parameters.size == 6
    check = check_gradients(network, MeanSquaredError(), np.ones((2, 3)), np.zeros((2, 2)))
    assert check.worst <= 1e-6
