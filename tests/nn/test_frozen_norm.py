"""Batch normalisation that trains as it predicts."""

import numpy as np
import pytest

from digitnet.data.batches import Batches
from digitnet.nn import (
    SGD,
    BatchNorm,
    Constant,
    Dense,
    FrozenBatchNorm,
    MeanSquaredError,
    Network,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
    build_layers,
    check_gradients,
)
from digitnet.training import Trainer


def _network(dtype=np.float64, first=False):
    layers = [Dense(5, 6), FrozenBatchNorm(6), Tanh(), Dense(6, 3)]
    network = Network([FrozenBatchNorm(5), *layers] if first else layers, rng=3, dtype=dtype)
    rng = np.random.default_rng(4)
    network.state[...] = rng.uniform(0.3, 2.0, network.state.size)
    network.parameters[network.weight_count :] = rng.uniform(
        0.5, 1.5, network.parameters.size - network.weight_count
    )
    return network


@pytest.mark.parametrize("first", [False, True])
def test_analytic_gradients_equal_numeric_ones(first):
    rng = np.random.default_rng(0)
    check = check_gradients(
        _network(first=first), SoftmaxCrossEntropy(), rng.standard_normal((7, 5)), rng.integers(0, 3, 7)
    )
    assert check.worst < 1e-6


def test_training_passes_are_predictions_and_move_no_statistics():
    network = _network(np.float32)
    before = network.state.copy()
    inputs = np.random.default_rng(1).standard_normal((9, 5)).astype(np.float32)
    np.testing.assert_array_equal(network.forward(inputs, training=True), network.predict(inputs))
    np.testing.assert_array_equal(network.forward(inputs[:1], training=True), network.predict(inputs[:1]))
    np.testing.assert_array_equal(network.state, before)


def test_gain_and_shift_are_learnt_and_the_statistics_are_not():
    network = _network(np.float32)
    before = network.parameters.copy(), network.state.copy()
    inputs = np.random.default_rng(1).standard_normal((40, 5)).astype(np.float32)
    batches = Batches(inputs, inputs[:, :3] * 2, batch_size=8)
    reports = list(Trainer(network, MeanSquaredError(), SGD(), Constant(0.05), batches).epochs(20))
    assert reports[-1].training_loss < 0.5 * reports[0].training_loss
    frozen = network.layers[1]
    for array, old in ((frozen.gain, before[0]), (frozen.shift, before[0])):
        assert not np.isin(array, old).any()
    np.testing.assert_array_equal(network.state, before[1])


def test_a_saved_network_does_not_tell_that_it_was_frozen():
    frozen = _network()
    plain = Network([Dense(5, 6), BatchNorm(6), Tanh(), Dense(6, 3)], rng=None, dtype=np.float64)
    assert frozen.architecture() == plain.architecture()
    assert type(build_layers(frozen.architecture())[1]) is BatchNorm
    for name, array in plain.named_arrays().items():
        array[...] = frozen.named_arrays()[name]
    inputs = np.random.default_rng(2).standard_normal((4, 5))
    np.testing.assert_array_equal(plain.predict(inputs), frozen.predict(inputs))
    direction = np.ones((4, 3))
    np.testing.assert_array_equal(
        plain.input_gradient(inputs, direction), frozen.input_gradient(inputs, direction)
    )


def test_a_step_costs_no_memory_of_a_batchs_size():
    import tracemalloc

    network = Network([Dense(64, 64), FrozenBatchNorm(64), ReLU(), Dense(64, 3)], rng=0)
    inputs, loss = np.ones((4096, 64), np.float32), SoftmaxCrossEntropy()
    labels = np.zeros(4096, np.int64)

    def step():
        loss.forward(network.forward(inputs, training=True), labels)
        network.backward(loss.backward())

    step()
    tracemalloc.start()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < inputs.nbytes / 4
