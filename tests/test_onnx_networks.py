"""Networks of every kind leave as ONNX, compute the same in ONNX Runtime, and come back."""

import numpy as np
import onnxruntime
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import (
    BatchNorm,
    Dense,
    Dropout,
    GradientClip,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from digitnet.onnx_file import export_network, import_network, network_to_onnx


def _outputs(path, inputs):
    """What ONNX Runtime computes."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {"inputs": inputs})
    return outputs


def _random_network(seed):
    """A network of one to four blocks, each layer kind in turn, with running statistics of its own."""
    rng = np.random.default_rng(seed)
    activations = [ReLU, LeakyReLU, lambda: LeakyReLU(0.3), Sigmoid, Tanh, Softmax]
    width = int(rng.integers(1, 40))
    layers = [BatchNorm(width)] if rng.random() < 0.2 else []
    for _ in range(rng.integers(1, 5)):
        following = int(rng.integers(1, 40))
        layers.append(Dense(width, following, use_bias=bool(rng.random() < 0.7)))
        width = following
        if rng.random() < 0.5:
            layers.append(BatchNorm(width, momentum=0.3, epsilon=1e-3))
        if rng.random() < 0.8:
            layers.append(activations[rng.integers(len(activations))]())
        if rng.random() < 0.3:
            layers.append(Dropout(0.4))
        if rng.random() < 0.2:
            layers.append(GradientClip(0.5))
    network = Network(layers, rng=rng, dtype=rng.choice(["float32", "float64"]))
    network.parameters += 0.1 * rng.normal(size=network.parameters.shape).astype(network.dtype)
    network.state[...] = rng.uniform(0.5, 2, network.state.shape)
    return network


@pytest.mark.parametrize("seed", range(60))
def test_networks_of_all_kinds_compute_the_same_and_come_back(seed, tmp_path):
    network, path = _random_network(seed), tmp_path / "network.onnx"
    export_network(network, path)
    inputs = np.random.default_rng(seed).normal(size=(17, network.in_features)).astype(network.dtype)
    outputs = _outputs(path, inputs)
    assert outputs.dtype == network.dtype
    np.testing.assert_allclose(outputs, network.predict(inputs), rtol=1e-5, atol=1e-5)

    again = import_network(path)
    assert again.dtype == network.dtype
    assert again.architecture() == network.architecture()
    np.testing.assert_array_equal(again.parameters, network.parameters)
    np.testing.assert_array_equal(again.state, network.state)


@pytest.mark.parametrize("seed", range(60))
def test_a_network_is_read_from_its_graph_alone(seed, tmp_path):
    network, path = _random_network(seed), tmp_path / "network.onnx"
    bare = network_to_onnx(network)
    bare.ClearField("metadata_props")
    path.write_bytes(bare.SerializeToString())
    inputs = np.random.default_rng(seed).normal(size=(9, network.in_features)).astype(network.dtype)
    again = import_network(path)
    assert again.dtype == network.dtype
    np.testing.assert_allclose(again.predict(inputs), network.predict(inputs), rtol=1e-7, atol=1e-7)


def test_float64_stays_float64(tmp_path):
    network = Network([Dense(8, 5), Tanh(), Dense(5, 2)], rng=np.random.default_rng(0), dtype=np.float64)
    export_network(network, tmp_path / "n.onnx")
    inputs = np.random.default_rng(1).normal(size=(50, 8))
    outputs = _outputs(tmp_path / "n.onnx", inputs)
    np.testing.assert_allclose(outputs, network.predict(inputs), rtol=0, atol=1e-14)


class Swish(ReLU):
    kind = "swish"


def test_a_layer_without_a_counterpart_is_a_sentence():
    network = Network([Dense(2, 2), Swish()], rng=np.random.default_rng(0))
    with pytest.raises(
        ConfigurationError, match=r"Layer 1, Swish\(\), has no counterpart.*batch_norm, dense"
    ):
        network_to_onnx(network)
