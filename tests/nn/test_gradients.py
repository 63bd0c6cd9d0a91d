"""``check_gradients`` on deeper networks, and what it finds, leaves alone and refuses.

Every layer with every activation and every loss is checked in test_gradcheck.py.
"""

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
    relative_error,
)

BATCH, FEATURES, OUTPUTS = 7, 5, 3
ACTIVATIONS = [ReLU, LeakyReLU, lambda: LeakyReLU(0.3), Sigmoid, Tanh, Softmax]
LOSSES = {
    "softmax cross-entropy": SoftmaxCrossEntropy,
    "label smoothing": lambda: SoftmaxCrossEntropy(label_smoothing=0.1),
    "binary cross-entropy of logits": lambda: BinaryCrossEntropy(from_logits=True),
    "binary cross-entropy": BinaryCrossEntropy,
    "mean squared error": MeanSquaredError,
    "half summed squared error": lambda: MeanSquaredError(reduction="sum", factor=0.5),
}


def _network(activation, loss_name, seed=0):
    layers = [Dense(FEATURES, 6), Tanh(), Dense(6, 6), BatchNorm(6), Dropout(0.2), activation()]
    layers.append(Dense(6, OUTPUTS))
    if loss_name == "binary cross-entropy":
        layers.append(Sigmoid())
    network = Network(layers, rng=np.random.default_rng(seed), dtype=np.float64)
    # Zero biases would put ReLU's kink where dropped-out inputs are.
    network.parameters[network.weight_count :] += 0.1 * np.random.default_rng(seed + 1).standard_normal(
        network.parameters.size - network.weight_count
    )
    return network


@pytest.mark.parametrize("loss_name", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_analytic_gradients_equal_numeric_ones(activation, loss_name):
    rng = np.random.default_rng(42)
    inputs = rng.standard_normal((BATCH, FEATURES))
    if "softmax" in loss_name or "smoothing" in loss_name:
        targets = rng.integers(0, OUTPUTS, BATCH)
    else:
        targets = rng.random((BATCH, OUTPUTS))
    check = check_gradients(_network(activation, loss_name), LOSSES[loss_name](), inputs, targets)
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


def test_sample_weights_scale_the_gradients_that_are_checked():
    network = _network(Sigmoid, "mean squared error")
    rng = np.random.default_rng(5)
    inputs, targets = rng.standard_normal((BATCH, FEATURES)), rng.random((BATCH, OUTPUTS))
    weights = np.arange(BATCH, dtype=float)
    assert check_gradients(network, MeanSquaredError(), inputs, targets, weights).worst <= 1e-6


def test_float32_is_refused_with_advice():
    network = Network([Dense(2, 2)], rng=np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match="float64"):
        check_gradients(network, MeanSquaredError(), np.ones((1, 2)), np.ones((1, 2)))


def test_no_bias():
    network = Network([Dense(3, 2, use_bias=False)], rng=np.random.default_rng(0), dtype=np.float64)
    assert network.parameters.size == 6
    check = check_gradients(network, MeanSquaredError(), np.ones((2, 3)), np.zeros((2, 2)))
    assert check.worst <= 1e-6


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("owner", "method"), [(Tanh, "derivative"), (Dropout, "backward"), (BatchNorm, "backward")]
)
def test_a_gradient_that_is_not_finite_is_no_gradient(monkeypatch, owner, method, value):
    right = getattr(owner, method)

    def wrong(self, *arguments):
        result = right(self, *arguments)
        result.reshape(-1)[0] = value
        return result

    monkeypatch.setattr(owner, method, wrong)
    rng = np.random.default_rng(5)
    with np.errstate(invalid="ignore"):
        check = check_gradients(
            _network(Tanh, "mean squared error"),
            MeanSquaredError(),
            rng.standard_normal((BATCH, FEATURES)),
            rng.random((BATCH, OUTPUTS)),
        )
    assert check.worst == np.inf


def test_the_error_of_what_is_not_finite_is_infinite():
    for pair in [(np.nan, 1.0), (1.0, np.nan), (np.inf, np.inf), (np.nan, np.nan)]:
        assert relative_error(*pair) == np.inf


def test_gradients_that_are_all_zero_are_right():
    network = Network([Dense(3, 2), ReLU(), Dense(2, 1)], rng=None, dtype=np.float64)
    check = check_gradients(network, MeanSquaredError(), np.ones((2, 3)), np.zeros((2, 1)))
    assert check.worst == 0.0


def test_nothing_of_the_network_changes_even_on_ctrl_c():
    class LossWithCtrlC(MeanSquaredError):  # noqa: N818 - no exception
        calls = 0

        def forward(self, *arguments):
            self.calls += 1
            if self.calls == stop:
                raise KeyboardInterrupt
            return super().forward(*arguments)

    network = _network(Tanh, "mean squared error")
    network.gradients[...] = 7.0
    vectors = [network.parameters, network.gradients, network.state]
    before, rng_state = [vector.copy() for vector in vectors], network.rng.bit_generator.state
    for stop in (3, None):
        try:
            check_gradients(network, LossWithCtrlC(), np.ones((BATCH, FEATURES)), np.ones((BATCH, OUTPUTS)))
        except KeyboardInterrupt:
            assert stop
        for vector, copy in zip(vectors, before, strict=True):
            np.testing.assert_array_equal(vector, copy)
        assert network.rng.bit_generator.state == rng_state


def test_lists_will_do():
    network = _network(Tanh, "mean squared error")
    rng = np.random.default_rng(5)
    inputs, targets = rng.standard_normal((BATCH, FEATURES)), rng.random((BATCH, OUTPUTS))
    expected = check_gradients(network, MeanSquaredError(), inputs, targets, np.ones(BATCH))
    assert expected == check_gradients(
        network, MeanSquaredError(), inputs.tolist(), targets.tolist(), [1] * BATCH
    )
