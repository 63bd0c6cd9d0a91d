"""What goes wrong when a network is put together is said in a sentence, and spoils nothing."""

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import (
    SGD,
    BinaryCrossEntropy,
    Dense,
    Layer,
    MeanSquaredError,
    Network,
    ParameterSpec,
    ReLU,
    build_layers,
    ones,
)


class Crop(Layer):
    """Leaves out the first and the last input."""

    def output_width(self, in_features):
        return in_features - 2

    def forward(self, inputs, training=False):  # noqa: ARG002
        return inputs[:, 1:-1]

    def backward(self, grad_output):
        return np.pad(grad_output, ((0, 0), (1, 1)))


class Scale(Layer):
    """``outputs = inputs · w``: a layer with weights that is not Dense."""

    def __init__(self, width):
        super().__init__()
        self.in_features = width

    def parameter_specs(self):
        return [ParameterSpec("w", (self.in_features,), ones, "weight")]

    def forward(self, inputs, training=False):  # noqa: ARG002
        self._inputs = inputs
        return inputs * self.w

    def backward(self, grad_output):
        self.grad_w[...] = (grad_output * self._inputs).sum(axis=0)
        return grad_output * self.w


class Forgetful(Layer):
    def __init__(self):
        self.factor = 2.0


def test_a_network_of_layers_of_ones_own_learns():
    network, loss, optimizer = Network([Scale(2)], rng=0, dtype=np.float64), MeanSquaredError(), SGD()
    assert (network.in_features, network.out_features) == (2, 2)
    optimizer.bind(network.parameters, network.gradients, weight_count=network.weight_count)
    inputs = np.array([[1.0, 2.0], [3.0, -1.0]])
    for _ in range(200):
        loss.forward(network.forward(inputs, training=True), inputs * [2.0, -3.0])
        network.backward(loss.backward())
        optimizer.step(0.1)
    np.testing.assert_allclose(network.parameters, [2.0, -3.0])


def test_the_layer_that_hides_the_width_is_the_one_that_is_blamed():
    with pytest.raises(ConfigurationError, match=r"Crop\(\) gives another width.*in_features"):
        Network([ReLU(), Crop(), Dense(3, 1)], rng=0)
    crop = Crop()
    crop.in_features = 5
    network = Network([ReLU(), crop, Dense(3, 1)], rng=0)
    assert network.predict(np.ones((2, 5))).shape == (2, 1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (list, "at least one layer"),
        (lambda: [ReLU()], "at least one layer with parameters"),
        (lambda: [Dense(3, 2), ReLU], "made of layers.*ReLU"),
        (lambda: [Dense(3, 2), Forgetful()], r"Forgetful does not call super\(\).__init__"),
    ],
)
def test_what_is_no_network_is_refused(make, words):
    with pytest.raises(ConfigurationError, match=words):
        Network(make(), rng=0)


@pytest.mark.parametrize("shape", [(2, 3), (2,), ()])
def test_an_initializer_gives_the_shape_it_is_asked_for(shape):
    dense = Dense(3, 2, initializer=lambda rng, wanted: np.ones(shape))  # noqa: ARG005
    with pytest.raises(ConfigurationError, match=r"weight in Dense.*\(3, 2\) and gave one of shape"):
        Network([dense], rng=0)
    dense.initializer = ones  # the layer was not used up
    assert (Network([dense], rng=0).layers[0].weight == 1.0).all()


@pytest.mark.parametrize(
    "changes",
    [{"initializer": 5}, {"in_features": float("nan")}, {"in_features": 2.5}, {"use_bias": 1, "colour": 2}],
)
def test_an_architecture_holds_plain_values_that_make_sense(changes):
    with pytest.raises(ConfigurationError):
        build_layers([{"kind": "dense", "in_features": 3, "out_features": 1, **changes}])


@pytest.mark.parametrize("batch_size", [0, 2.9, None])
def test_a_batch_size_is_a_whole_number(batch_size):
    with pytest.raises(ConfigurationError, match="batch size is a whole number"):
        Network([Dense(3, 1)], rng=0).predict(np.ones((2, 3)), batch_size=batch_size)


@pytest.mark.parametrize("low_and_high", [(-1.0, 1.0), (0.0, 1.5), (np.nan, 1.0)])
def test_binary_targets_lie_between_no_and_yes(low_and_high):
    targets = np.array(low_and_high)[:, None]
    for from_logits in (False, True):
        with pytest.raises(ConfigurationError, match="between 0 for no and 1 for yes"):
            BinaryCrossEntropy(from_logits=from_logits).check_targets(targets, 1)
    for fine in (np.array([0.1, 1.0]), np.array([True, False]), np.array([0, 1])):
        BinaryCrossEntropy().check_targets(fine, 1)
