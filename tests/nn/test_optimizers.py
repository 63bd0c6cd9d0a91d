"""Optimisers against their formulas, written out again as plainly as the papers have them."""

import copy

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import SGD, Adam, AdamW, Optimizer, WeightAverage

SIZE, WEIGHTS, STEPS, RATE = 150_000, 110_000, 7, 0.01


def _run(optimizer, dtype=np.float64, seed=4):
    """Parameters after some steps with random gradients; more than one cache block of them."""
    rng = np.random.default_rng(seed)
    parameters = rng.standard_normal(SIZE).astype(dtype)
    gradients = np.empty_like(parameters)
    optimizer.bind(parameters, gradients, weight_count=WEIGHTS)
    for _ in range(STEPS):
        gradients[...] = rng.standard_normal(SIZE)
        optimizer.step(RATE)
    return parameters


def _reference(update, seed=4):
    rng = np.random.default_rng(seed)
    theta = rng.standard_normal(SIZE)
    is_weight = np.arange(SIZE) < WEIGHTS
    memory = {}
    for step in range(1, STEPS + 1):
        theta = update(theta, rng.standard_normal(SIZE), is_weight, memory, step)
    return theta


def _sgd(momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0):
    def update(theta, g, is_weight, memory, step):  # noqa: ARG001
        g = g + is_weight * (weight_decay * theta + l1 * np.sign(theta))
        if momentum:
            memory["v"] = momentum * memory.get("v", 0.0) + g
            g = g + momentum * memory["v"] if nesterov else memory["v"]
        return theta - RATE * g

    return update


def _adam(weight_decay=0.0, l1=0.0, decoupled=False, beta1=0.9, beta2=0.999, epsilon=1e-8):
    def update(theta, g, is_weight, memory, step):
        g = g + is_weight * l1 * np.sign(theta)
        if decoupled:
            theta = theta - RATE * weight_decay * is_weight * theta
        else:
            g = g + weight_decay * is_weight * theta
        memory["m"] = beta1 * memory.get("m", 0.0) + (1 - beta1) * g
        memory["v"] = beta2 * memory.get("v", 0.0) + (1 - beta2) * g * g
        m_hat, v_hat = memory["m"] / (1 - beta1**step), memory["v"] / (1 - beta2**step)
        return theta - RATE * m_hat / (np.sqrt(v_hat) + epsilon)

    return update


@pytest.mark.parametrize(
    ("optimizer", "update"),
    [
        (SGD(), _sgd()),
        (SGD(momentum=0.9), _sgd(0.9)),
        (SGD(momentum=0.9, nesterov=True), _sgd(0.9, nesterov=True)),
        (SGD(weight_decay=0.1, l1=0.05), _sgd(weight_decay=0.1, l1=0.05)),
        (Adam(), _adam()),
        (Adam(beta1=0.8, beta2=0.98, epsilon=1e-3), _adam(beta1=0.8, beta2=0.98, epsilon=1e-3)),
        (Adam(weight_decay=0.1), _adam(weight_decay=0.1)),
        (AdamW(weight_decay=0.1), _adam(weight_decay=0.1, decoupled=True)),
        (AdamW(weight_decay=0.1, l1=0.01), _adam(weight_decay=0.1, l1=0.01, decoupled=True)),
    ],
)
def test_steps_follow_the_formula(optimizer, update):
    # The optimiser stands in the list for all tests, and one optimiser serves one network.
    np.testing.assert_allclose(_run(copy.copy(optimizer)), _reference(update), rtol=1e-9, atol=1e-12)
    # float32 keeps to the same path within its precision
    single = _run(copy.copy(optimizer), np.float32)
    np.testing.assert_allclose(single, _reference(update), rtol=1e-3, atol=1e-4)


def test_binding_again_starts_afresh():
    parameters, gradients, optimizer = np.ones(4), np.ones(4), Adam()
    ends = []
    for _ in range(2):
        parameters[...] = 1.0
        optimizer.bind(parameters, gradients, weight_count=4)
        for _ in range(3):
            optimizer.step(0.1)
        ends.append((optimizer.steps, parameters.tolist(), optimizer.memory["gradient_sum"].tolist()))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("optimizer", [SGD(), Adam()])
def test_one_optimiser_serves_one_network(optimizer):
    first = np.ones(2)
    optimizer.bind(first, np.ones(2), weight_count=2)
    with pytest.raises(ConfigurationError, match="another network already; make a new one"):
        optimizer.bind(np.ones(2), np.ones(2), weight_count=2)
    optimizer.step(0.1)  # the first goes on
    np.testing.assert_allclose(first, 0.9)


def test_one_average_follows_one_network():
    average = WeightAverage(0.5)
    average.bind(np.ones(2))
    with pytest.raises(ConfigurationError, match="another network already; make a new one"):
        average.bind(np.ones(2))


def test_a_step_before_bind_says_what_to_do():
    with pytest.raises(ConfigurationError, match="bind"):
        SGD().step(0.1)
    with pytest.raises(ConfigurationError, match="bind"):
        WeightAverage(0.5).update()


def test_an_optimiser_of_ones_own_defines_update():
    class SignDescent(Optimizer):
        def update(self, block, learning_rate):
            self.xp.sign(block.gradients, out=block.scratch)
            block.scratch[...] *= learning_rate
            block.parameters[...] -= block.scratch

    parameters, optimizer = np.array([1.0, 1.0]), SignDescent(l1=0.5)
    optimizer.bind(parameters, np.array([-0.3, -7.0]), weight_count=1)
    optimizer.step(0.25)
    assert parameters.tolist() == [0.75, 1.25]  # the penalty outweighs the weight's gradient


@pytest.mark.parametrize("optimizer", [SGD(), SGD(momentum=0.9, nesterov=True), Adam(), AdamW()])
def test_a_bowl_is_descended(optimizer):
    parameters = np.array([3.0, -4.0])
    gradients = np.empty(2)
    optimizer.bind(parameters, gradients, weight_count=2)
    for _ in range(600):
        gradients[...] = parameters  # of ½‖θ‖²
        optimizer.step(0.05)
    assert np.abs(parameters).max() < 0.05


def test_l1_makes_sparse_and_l2_makes_small():
    def fit(**regularisation):
        rng = np.random.default_rng(0)
        inputs = rng.standard_normal((200, 20))
        targets = inputs[:, 0] * 2.0
        parameters, gradients = rng.standard_normal(20), np.empty(20)
        optimizer = SGD(**regularisation)
        optimizer.bind(parameters, gradients, weight_count=20)
        for _ in range(2000):
            gradients[...] = inputs.T @ (inputs @ parameters - targets) / 200
            optimizer.step(0.01)
        return parameters

    # Without a penalty the useless weights die out too, but their noise does not: compare on size.
    plain, l1, l2 = fit(), fit(l1=0.1), fit(weight_decay=0.5)
    assert abs(plain[0] - 2) < 1e-3
    assert np.abs(l1[1:]).max() < 2e-3
    assert l1[0] == pytest.approx(1.9, abs=0.05)
    assert 1.0 < l2[0] < 1.6


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(momentum=1.0),
        lambda: SGD(nesterov=True),
        lambda: SGD(weight_decay=-1),
        lambda: SGD(weight_decay=float("nan")),
        lambda: Adam(l1=float("inf")),
        lambda: Adam(beta2=1.0),
        lambda: Adam(epsilon=0.0),
        lambda: WeightAverage(1.0),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(ConfigurationError):
        make()


def test_weight_average_is_the_exponential_mean():
    values = np.random.default_rng(1).standard_normal((50, 3))
    parameters = values[0].copy()
    average = WeightAverage(0.9)
    average.bind(parameters)
    expected = values[0].copy()
    for t, value in enumerate(values, start=1):
        parameters[...] = value
        average.update()
        decay = min(0.9, t / (t + 9))
        expected = decay * expected + (1 - decay) * value
    np.testing.assert_allclose(average.value, expected)


def test_weight_average_of_many_numbers_is_that_of_each():
    parameters = np.random.default_rng(2).standard_normal(SIZE)
    average, one = WeightAverage(0.9), WeightAverage(0.9)
    few = parameters[-3:].copy()
    average.bind(parameters)
    one.bind(few)
    for _ in range(3):
        parameters += 1.0
        few += 1.0
        average.update()
        one.update()
    np.testing.assert_array_equal(average.value[-3:], one.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [Adam, lambda: Adam(beta1=0.5), lambda: SGD(momentum=0.8)])
def test_what_is_remembered_of_a_gradient_that_stays_zero_ends_as_zero(make, dtype):
    parameters, gradients, optimizer = np.zeros(4, dtype), np.zeros(4, dtype), make()
    optimizer.bind(parameters, gradients, weight_count=4)
    gradients[...] = [1.0, 1e-3, 1e-6, 0.0]
    tiny = np.finfo(dtype).tiny
    name = optimizer.memory_names[0]
    for step in range(8_000 if dtype is np.float64 else 1_000):
        optimizer.step(0.01)
        gradients[...] = 0.0
        if step % 64 == 0:
            sizes = np.abs(optimizer.memory[name])
            assert not ((sizes > 0) & (sizes < tiny)).any(), f"denormal numbers after {step} steps"
    assert not optimizer.memory[name].any()


def test_cleaning_does_not_touch_what_matters():
    values = np.float32([1e-22, 3e-12, 0.7, 1e4])
    optimizer = SGD(momentum=0.5)
    optimizer.bind(np.zeros(4, np.float32), np.zeros(4, np.float32), weight_count=4)
    optimizer.steps = 63
    optimizer.memory["velocity"][...] = values
    optimizer.step(0.1)
    np.testing.assert_array_equal(optimizer.memory["velocity"], values / 2)
