"""Prediction computes what the layers themselves do, whatever the batch, and always by the live weights."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from digitnet.nn import BatchNorm, Dense, Dropout, LeakyReLU, Network, ReLU, Sigmoid, Softmax, Tanh

BATCHES = (0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 64, 96, 97, 300)


def network(dtype=np.float32):
    layers = [
        *(Dense(784, 512), BatchNorm(512), ReLU(), Dropout(0.2)),
        *(Dense(512, 300, use_bias=False), BatchNorm(300), LeakyReLU(0.1)),
        *(Dense(300, 257), ReLU(), BatchNorm(257), Dense(257, 64), Tanh(), Dense(64, 32), Sigmoid()),
        *(Dense(32, 11), Softmax()),
    ]
    network = Network(layers, rng=3, dtype=dtype)
    rng = np.random.default_rng(4)
    for layer in network.layers:
        if isinstance(layer, BatchNorm):
            layer.gain[...], layer.shift[...] = rng.uniform(0.5, 2, (2, layer.features))
            layer.running_mean[...] = rng.standard_normal(layer.features)
            layer.running_variance[...] = rng.uniform(0.1, 3, layer.features)
    return network


def inputs(rows, dtype=np.float32, lit=0.2):
    rng = np.random.default_rng(rows)
    return (rng.random((rows, 784)) * (rng.random((rows, 784)) < lit)).astype(dtype)


@pytest.mark.parametrize("lit", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("rows", BATCHES)
def test_predictions_are_those_of_the_layers(rows, lit):
    for dtype, within in ((np.float32, 1e-5), (np.float64, 1e-12)):
        chain, given = network(dtype), inputs(rows, dtype, lit)
        before = given.copy()
        predicted = chain.predict(given)
        np.testing.assert_allclose(predicted, chain.forward(given), atol=within)
        np.testing.assert_array_equal(given, before)
        assert predicted.dtype == dtype
        assert predicted.flags.c_contiguous


@pytest.mark.parametrize("layers", [[ReLU(), Dense(784, 5)], [Dropout(0.5), Dense(784, 5), ReLU(), ReLU()]])
def test_inputs_are_never_written_to(layers):
    chain, given = Network(layers, rng=0), inputs(6) - 0.1
    before = given.copy()
    np.testing.assert_allclose(chain.predict(given), chain.forward(given), atol=1e-6)
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize("rows", [1, 3, 40, 200])
def test_weights_that_are_changed_in_place_count_at_once(rows):
    chain, given = network(), inputs(rows)
    chain.predict(given)
    chain.parameters *= 1.1
    chain.state += 0.1
    np.testing.assert_allclose(chain.predict(given), chain.forward(given), atol=1e-5)


def test_threads_do_not_disturb_each_other():
    chain = network()
    batches = [inputs(rows) for rows in (1, 2, 7, 64, 130)] * 8
    expected = [chain.predict(given) for given in batches]
    with ThreadPoolExecutor(8) as pool:
        for found, wanted in zip(pool.map(chain.predict, batches), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
