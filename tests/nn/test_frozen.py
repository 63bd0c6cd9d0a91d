"""A frozen network answers what the network did when it was frozen, whatever the batch and the layers."""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitnet.errors import ConfigurationError
from digitnet.nn import (
    BatchNorm,
    Dense,
    Dropout,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)

WITHIN = {np.float32: 2e-5, np.float64: 1e-12}


def filled(layers, dtype=np.float32, seed=0):
    """A network with biases and statistics that are not those it starts with."""
    network = Network(layers, rng=seed, dtype=dtype)
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, Dense) and layer.use_bias:
            layer.bias[...] = 0.3 * rng.standard_normal(layer.out_features)
        if isinstance(layer, BatchNorm):
            layer.gain[...], layer.shift[...] = rng.uniform(0.5, 2, (2, layer.features))
            layer.running_mean[...] = rng.standard_normal(layer.features)
            layer.running_variance[...] = rng.uniform(0.5, 3, layer.features)
    return network


def pictures(rows, width, dtype=np.float32, lit=0.2):
    rng = np.random.default_rng(rows)
    return (rng.random((rows, width)) * (rng.random((rows, width)) < lit)).astype(dtype)


def same(frozen, network, inputs):
    expected = network.forward(np.ascontiguousarray(inputs, network.dtype))
    within = WITHIN[network.dtype.type] * max(1.0, float(np.abs(expected).max(initial=0)))
    found = frozen.predict(inputs)
    np.testing.assert_allclose(found, expected, rtol=0, atol=within)
    assert found.dtype == network.dtype
    assert found.flags.c_contiguous


@st.composite
def chains(draw):
    widths = draw(st.lists(st.integers(1, 150), min_size=2, max_size=4))
    layers = [ReLU()] if draw(st.booleans()) else []
    for before, after in pairwise(widths):
        layers.append(Dense(before, after, use_bias=draw(st.booleans())))
        kinds = draw(
            st.lists(st.sampled_from([BatchNorm, ReLU, Dropout, Sigmoid, Tanh, LeakyReLU]), max_size=3)
        )
        arguments = {BatchNorm: [after], Dropout: [0.3]}
        layers += [kind(*arguments.get(kind, [])) for kind in kinds]
    return widths[0], layers


@settings(max_examples=60, deadline=None)
@given(
    chain=chains(),
    rows=st.integers(0, 130),
    dtype=st.sampled_from([np.float32, np.float64]),
    lit=st.sampled_from([0.0, 0.1, 1.0]),
    seed=st.integers(0, 99),
)
def test_any_network_and_batch(chain, rows, dtype, lit, seed):
    width, layers = chain
    network = filled(layers, dtype, seed)
    same(network.frozen(), network, pictures(rows, width, dtype, lit))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batches_of_all_sizes_and_pixels_that_nobody_lights(dtype):
    layers = [Dense(784, 300), BatchNorm(300), ReLU(), Dropout(0.1), Dense(300, 90), ReLU(), Dense(90, 11)]
    network = filled(layers, dtype)
    frozen = network.frozen()
    for rows in (1, 2, 3, 17, 64, 129, 300, 700):
        inputs = pictures(rows, 784, dtype)
        inputs[:, :200] = 0
        same(frozen, network, inputs)
        same(frozen, network, pictures(rows, 784, dtype, lit=1.0))


@pytest.mark.parametrize("lit", [0.0, 0.05, 0.35, 0.45, 1.0])
def test_a_lone_picture_of_a_large_network(lit):
    """Large enough that zeros are looked for in every layer, and that rows are gathered in several parts."""
    network = filled([Dense(784, 900), BatchNorm(900), ReLU(), Dense(900, 700), ReLU(), Dense(700, 11)])
    network.layers[1].shift[...] -= 2  # most of the hidden units are off
    frozen = network.frozen()
    for seed in range(3):
        same(frozen, network, pictures(seed + 1, 784, lit=lit)[:1])


def test_inputs_of_any_layout_are_read_and_none_is_written():
    network = filled([Dense(40, 33), ReLU(), Dense(33, 4), Softmax()])
    frozen = network.frozen()
    for rows in (1, 5, 140):
        wide = pictures(rows, 80)
        for inputs in (wide[:, ::2], wide[::-1, :40], np.asfortranarray(wide[:, 40:]), wide[:, :40] > 0.5):
            before = inputs.copy()
            same(frozen, network, inputs)
            np.testing.assert_array_equal(inputs, before)
    assert frozen.predict([[0.5] * 40]).shape == (1, 4)


def test_a_bias_beyond_all_inputs_costs_no_precision():
    network = filled([Dense(20, 30), ReLU(), Dense(30, 5)])
    network.layers[0].bias[::2] = -1e8  # units that are switched off
    for rows in (1, 40):
        same(network.frozen(), network, pictures(rows, 20))


def test_training_goes_on_without_it():
    network = filled([Dense(30, 20), BatchNorm(20), ReLU(), Dense(20, 3)])
    inputs = pictures(40, 30)
    frozen, expected = network.frozen(), network.predict(inputs)
    network.parameters *= 2
    network.state += 1
    np.testing.assert_allclose(frozen.predict(inputs), expected, atol=1e-5)
    same(network.frozen(), network, inputs)


def test_threads_do_not_disturb_each_other():
    network = filled([Dense(784, 256), ReLU(), Dense(256, 64), ReLU(), Dense(64, 10)])
    frozen = network.frozen()
    batches = [pictures(rows, 784) for rows in (1, 2, 7, 64, 130, 400)] * 8
    expected = [network.forward(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        for found, wanted in zip(pool.map(frozen.predict, batches), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_predicts_too():
    network = filled([Dense(784, 256), ReLU(), Dense(256, 10)])
    frozen, inputs = network.frozen(), pictures(400, 784)
    expected = frozen.predict(inputs)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(frozen.predict(inputs), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_it_refuses():
    network = filled([Dense(30, 20), ReLU(), Dense(20, 3)])
    for inputs in (np.zeros((3, 31)), np.zeros(30), np.float32(1)):
        with pytest.raises(ConfigurationError) as theirs:
            network.predict(inputs)
        with pytest.raises(ConfigurationError) as ours:
            network.frozen().predict(inputs)
        assert str(ours.value) == str(theirs.value)
