import threading
import tracemalloc

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import (
    SGD,
    Adam,
    BatchNorm,
    BinaryCrossEntropy,
    Dense,
    Dropout,
    LeakyReLU,
    MeanSquaredError,
    Network,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
    WeightAverage,
)

KIB = 1024


def _network(dtype=np.float32, seed=0):
    return Network(
        [Dense(64, 96), BatchNorm(96), ReLU(), Dropout(0.1), Dense(96, 48), LeakyReLU(), Dense(48, 10)],
        rng=np.random.default_rng(seed),
        dtype=dtype,
    )


def test_layers_hold_views_of_one_flat_vector_weights_first():
    network = _network()
    weights = 64 * 96 + 96 * 48 + 48 * 10
    assert network.weight_count == weights
    assert network.parameters.size == network.gradients.size == weights + 96 + 2 * 96 + 48 + 10
    assert network.state.size == 2 * 96
    for array in network.named_arrays().values():
        assert np.shares_memory(array, network.parameters) or np.shares_memory(array, network.state)
    network.parameters[: 64 * 96] = 7.0
    assert (network.layers[0].weight == 7.0).all()


def test_one_seed_gives_one_network_in_both_precisions():
    single, double = _network(np.float32), _network(np.float64)
    np.testing.assert_array_equal(single.parameters, double.parameters.astype(np.float32))
    assert not np.array_equal(single.parameters, _network(seed=1).parameters)


def test_the_architecture_builds_the_same_network():
    network = _network()
    again = Network.from_architecture(network.architecture())
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in network.layers]
    assert not again.parameters[: again.weight_count].any()
    again.parameters[...] = network.parameters
    again.state[...] = network.state
    inputs = np.random.default_rng(0).random((5, 64))
    np.testing.assert_array_equal(again.predict(inputs), network.predict(inputs))


@pytest.mark.parametrize(
    "architecture", [[{"kind": "convolution"}], [{"kind": "dense", "in_features": 3}], [{"width": 3}]]
)
def test_unknown_architectures_are_refused(architecture):
    with pytest.raises(ConfigurationError, match="layer"):
        Network.from_architecture(architecture)


def test_a_seed_serves_as_a_generator():
    for seed in (0, 42):
        expected = Network([Dense(3, 2)], rng=np.random.default_rng(seed)).parameters
        architecture = Network([Dense(3, 2)], rng=None).architecture()
        for network in (
            Network([Dense(3, 2)], rng=seed),
            Network.from_architecture(architecture, rng=seed),
            Network([Dense(3, 2)], rng=np.int64(seed)),
        ):
            np.testing.assert_array_equal(network.parameters, expected)
    for rng in (-1, 0.5, "seed"):
        with pytest.raises(ConfigurationError, match="rng of a network"):
            Network([Dense(3, 2)], rng=rng)


def test_without_a_generator_only_the_weights_are_zero():
    network = Network([Dense(3, 2), BatchNorm(2)], rng=None)
    assert not network.layers[0].weight.any()
    assert network.layers[1].gain.tolist() == network.layers[1].running_variance.tolist() == [1.0, 1.0]


def test_layers_that_do_not_fit_are_refused():
    with pytest.raises(ConfigurationError, match="expects 5 inputs"):
        Network([Dense(3, 4), ReLU(), Dense(5, 2)], rng=np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match="expects 3 inputs"):
        Network([Dense(3, 4), BatchNorm(3)], rng=np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match="at least one"):
        Network([ReLU()], rng=np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match="float32 or float64"):
        Network([Dense(3, 4)], rng=np.random.default_rng(0), dtype=np.int32)


def test_a_layer_serves_one_place_in_one_network():
    shared, rng = Tanh(), np.random.default_rng(0)
    with pytest.raises(ConfigurationError, match="more than once"):
        Network([Dense(3, 3), shared, Dense(3, 3), shared], rng=rng)
    layers = [Dense(3, 2)]
    Network(layers, rng=rng)
    with pytest.raises(ConfigurationError, match="another network"):
        Network(layers, rng=rng)


def test_predict_checks_the_shape_and_batches_give_the_same():
    network = _network()
    with pytest.raises(ConfigurationError, match=r"\(n, 64\)"):
        network.predict(np.zeros((3, 65)))
    with pytest.raises(ConfigurationError, match=r"\(n, 64\)"):
        network.predict(np.zeros(64))
    with pytest.raises(ConfigurationError, match="batch size"):
        network.predict(np.zeros((3, 64)), batch_size=-1)
    inputs = np.random.default_rng(1).random((100, 64), np.float32)
    np.testing.assert_allclose(network.predict(inputs, batch_size=7), network.predict(inputs), atol=1e-5)
    assert network.predict(inputs[:0]).shape == (0, 10)


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize(
    "make_optimizer",
    [lambda: SGD(momentum=0.9, nesterov=True, l1=1e-5), lambda: Adam(weight_decay=1e-4)],
    ids=["sgd", "adam"],
)
@pytest.mark.parametrize(
    ("loss", "targets", "head"),
    [
        (SoftmaxCrossEntropy(label_smoothing=0.05), np.arange(256) % 10, None),
        (BinaryCrossEntropy(), np.eye(10, dtype=np.float32)[np.arange(256) % 10], Sigmoid),
        (MeanSquaredError(), np.eye(10, dtype=np.float32)[np.arange(256) % 10], Tanh),
    ],
    ids=["softmax", "sigmoid", "tanh"],
)
def test_a_warm_training_step_allocates_nothing_to_speak_of(loss, targets, head, make_optimizer, averaged):
    layers = [Dense(784, 256), BatchNorm(256), ReLU(), Dropout(0.1), Dense(256, 10)]
    if head:
        layers.append(head())
    network = Network(layers, rng=np.random.default_rng(0))
    optimizer, average = make_optimizer(), WeightAverage(0.99)
    optimizer.bind(network.parameters, network.gradients, weight_count=network.weight_count)
    average.bind(network.parameters)
    inputs = np.random.default_rng(1).random((256, 784), np.float32)

    def step(rows):
        loss.forward(network.forward(inputs[:rows], training=True), targets[:rows])
        network.backward(loss.backward())
        optimizer.step(1e-3)
        if averaged:
            average.update()

    step(256)
    tracemalloc.start()
    try:
        for rows in (256, 256, 100):  # the last batch of an epoch is smaller
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            step(rows)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < 64 * KIB
    finally:
        tracemalloc.stop()


def test_eight_threads_may_predict_at_once():
    network = _network()
    rng = np.random.default_rng(3)
    inputs = [rng.random((size, 64), np.float32) for size in (1, 2, 5, 16, 33, 64, 100, 128)]
    expected = [network.predict(batch) for batch in inputs]
    wrong: list[int] = []
    start = threading.Barrier(8)

    def work(index):
        start.wait()
        answers = (network.predict(inputs[index]) for _ in range(300))
        wrong.extend(index for answer in answers if not np.array_equal(answer, expected[index]))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
