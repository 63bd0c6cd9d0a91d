"""Gradients of predictions and of training passes with respect to the inputs."""

import sys
import threading

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import (
    BatchNorm,
    Dense,
    Dropout,
    GradientClip,
    Layer,
    LeakyReLU,
    MeanSquaredError,
    Network,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from digitnet.nn.architecture import LAYER_KINDS

WIDTH, OUTPUTS = 5, 3
LAYERS = {
    "dense": lambda: Dense(WIDTH, WIDTH),
    "dropout": lambda: Dropout(0.5),
    "batch_norm": lambda: BatchNorm(WIDTH),
    "gradient_clip": lambda: GradientClip(1e-6),
    "relu": ReLU,
    "leaky_relu": lambda: LeakyReLU(0.3),
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "softmax": Softmax,
}


def _network(kind, dtype=np.float64, xp=np, first=False):
    """The layer between two of Dense, or before them, with running statistics that are none of a batch."""
    dense = [Dense(WIDTH, WIDTH), Dense(WIDTH, OUTPUTS)]
    layers = [LAYERS[kind](), *dense] if first else [dense[0], LAYERS[kind](), dense[1]]
    network = Network(layers, rng=4, dtype=dtype, xp=xp)
    if network.state.size:
        statistics = np.concatenate([np.linspace(-1.0, 1.0, WIDTH), np.linspace(0.2, 3.0, WIDTH)])
        network.state[...] = xp.asarray(statistics, dtype)
    return network


def _data(rows):
    rng = np.random.default_rng(6)
    return rng.standard_normal((rows, WIDTH)), rng.standard_normal((rows, OUTPUTS))


def _differences(network, inputs, direction, step=1e-6):
    """Central differences of ``Σ direction · predict(inputs)`` in every input."""
    found = np.empty_like(inputs)
    for column in range(inputs.shape[1]):
        shift = step * np.eye(inputs.shape[1])[column]
        change = network.predict(inputs + shift) - network.predict(inputs - shift)
        found[:, column] = (direction * change).sum(axis=1) / (2 * step)
    return found


@pytest.mark.parametrize("first", [False, True], ids=["between", "first"])
@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("kind", LAYER_KINDS)
def test_it_is_the_gradient_of_what_predict_computes(kind, rows, first):
    inputs, direction = _data(rows)
    network = _network(kind, first=first)
    gradient = network.input_gradient(inputs, direction)
    expected = _differences(network, inputs, direction)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())
    single = _network(kind, np.float32, first=first).input_gradient(inputs, direction)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, gradient, rtol=1e-3, atol=1e-5 * np.abs(gradient).max())


@pytest.mark.parametrize("kind", LAYER_KINDS)
def test_it_is_the_same_on_another_array_library(strict, kind):
    inputs, direction = _data(7)
    expected = _network(kind).input_gradient(inputs, direction)
    gradient = _network(kind, xp=strict.xp).input_gradient(inputs, direction)
    assert type(gradient) is strict.StrictArray
    np.testing.assert_array_equal(gradient.get(), expected)


@pytest.mark.parametrize("kind", LAYER_KINDS)
def test_it_changes_nothing(kind):
    inputs, direction = _data(7)
    network, loss = _network(kind), MeanSquaredError()
    loss.forward(network.forward(inputs, training=True), direction)
    network.backward(loss.backward())
    vectors = [network.parameters, network.gradients, network.state]
    before, rng_state = [vector.copy() for vector in vectors], network.rng.bit_generator.state
    for array in (inputs, direction):
        array.flags.writeable = False
    network.input_gradient(inputs[:3], direction[:3])
    for vector, copy in zip(vectors, before, strict=True):
        np.testing.assert_array_equal(vector, copy)
    assert network.rng.bit_generator.state == rng_state
    network.gradients[...] = 0.0
    network.backward(loss.backward())  # what the training pass left in the layers is still there
    np.testing.assert_array_equal(network.gradients, before[1])


def test_eight_threads_take_gradients_beside_predictions():
    layers = [
        Dense(WIDTH, 32),
        BatchNorm(32),
        ReLU(),
        Dropout(0.3),
        Dense(32, 16),
        Tanh(),
        Dense(16, OUTPUTS),
    ]
    network = Network(layers, rng=0, dtype=np.float32)
    batches = [_data(rows) for rows in (1, 2, 5, 16, 33, 64, 100, 128)]
    expected = [(network.predict(x), network.input_gradient(x, direction)) for x, direction in batches]
    wrong, start = [], threading.Barrier(8)

    def work(index):
        inputs, direction = batches[index]
        outputs, gradient = expected[index]
        start.wait()
        for _ in range(150):
            if not np.array_equal(network.input_gradient(inputs, direction), gradient):
                wrong.append("gradient")
            if not np.array_equal(network.predict(inputs), outputs):
                wrong.append("prediction")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_shapes_that_do_not_fit_are_refused():
    network = _network("tanh")
    with pytest.raises(ConfigurationError, match=r"\(n, 5\)"):
        network.input_gradient(np.ones(5), np.ones(3))
    with pytest.raises(ConfigurationError, match=r"here \(2, 3\); got \(1, 3\)"):
        network.input_gradient(np.ones((2, 5)), np.ones((1, 3)))


class _Double(Layer):
    def forward(self, inputs, training=False):  # noqa: ARG002
        return 2.0 * inputs

    def backward(self, grad_output):
        return 2.0 * grad_output


def test_a_layer_of_ones_own_needs_a_gradient_of_its_own():
    network = Network([Dense(WIDTH, WIDTH), _Double(), Dense(WIDTH, OUTPUTS)], rng=0)
    inputs, direction = _data(2)
    with pytest.raises(ConfigurationError, match=r"_Double .*input_gradient\(inputs, outputs, grad_output\)"):
        network.input_gradient(inputs, direction)


def test_a_training_pass_has_an_input_gradient_of_its_own():
    inputs, direction = _data(7)
    network = Network([Dropout(0.0), Dense(WIDTH, WIDTH), Tanh(), Dense(WIDTH, OUTPUTS)], rng=0, dtype=float)
    network.forward(inputs, training=True)
    gradient = network.backward_to_inputs(direction)
    np.testing.assert_allclose(gradient, network.input_gradient(inputs, direction), rtol=1e-12)
    filled = network.gradients.copy()
    network.backward(direction)
    np.testing.assert_array_equal(network.gradients, filled)


def test_a_loop_over_the_layers_shows_that_the_first_gives_no_input_gradient():
    network = Network([Dense(WIDTH, WIDTH), Tanh(), Dense(WIDTH, OUTPUTS)], rng=0, dtype=np.float64)
    inputs, grad = _data(7)
    network.forward(inputs, training=True)
    for layer in reversed(network.layers):
        grad = layer.backward(grad)
    assert grad.shape == (0, WIDTH)  # and not seven rows of whatever was in memory


@pytest.mark.parametrize("call", ["backward", "backward_to_inputs"])
def test_a_backward_pass_needs_a_training_pass(call):
    network = _network("tanh")
    inputs, direction = _data(2)
    network.forward(inputs)
    with pytest.raises(ConfigurationError, match="training=True"):
        getattr(network, call)(direction)
