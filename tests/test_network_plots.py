import numpy as np
import pytest
from matplotlib.figure import Figure

from digitnet import network_plots
from digitnet.errors import ConfigurationError
from digitnet.nn import BatchNorm, Dense, Network, ReLU, softmax


@pytest.fixture
def network():
    return Network(
        [Dense(16, 9), BatchNorm(9), ReLU(), Dense(9, 5), ReLU(), Dense(5, 3)], rng=np.random.default_rng(0)
    )


@pytest.fixture
def inputs():
    return np.random.default_rng(1).random((20, 16)).astype(np.float32)


def test_stages_are_what_the_dense_layers_get_and_the_outputs(network, inputs):
    first, second, logits = network_plots.stages(network, inputs)
    assert [stage.shape for stage in (first, second, logits)] == [(20, 9), (20, 5), (20, 3)]
    assert first.min() == 0
    assert second == pytest.approx(np.maximum(first @ network.layers[3].weight + network.layers[3].bias, 0))
    assert (logits == network.predict(inputs)).all()


def test_a_unit_that_nobody_listens_to_or_that_is_silent_comes_last(network, inputs):
    network.layers[3].weight[4] = 0
    assert network_plots.most_used(network, inputs)[-1] == 4
    network.layers[3].weight[4] = 100
    assert network_plots.most_used(network, inputs)[0] == 4
    network.layers[1].gain[4] = 0
    assert network_plots.most_used(network, inputs)[-1] == 4


def test_a_network_without_hidden_units_has_none_to_show(inputs):
    with pytest.raises(ConfigurationError, match="no hidden units"):
        network_plots.most_used(Network([Dense(16, 3)], rng=None), inputs)


def test_a_mosaic_keeps_each_picture_whole():
    pictures = np.arange(1, 13, dtype=float).reshape(3, 2, 2)
    values = network_plots.mosaic(pictures, columns=2, gap=2)
    assert values.shape == (6, 6)
    assert values[:2, :2] == pytest.approx(pictures[0] / 4)
    assert values[:2, 4:] == pytest.approx(pictures[1] / 8)
    assert values[4:, :2] == pytest.approx(pictures[2] / 12)
    assert np.isnan(values[2:4]).all()
    assert np.isnan(values[4:, 2:]).all()


def test_zero_is_white_however_lopsided_the_numbers_are():
    axes = Figure().subplots()
    network_plots.show_signed(axes, np.array([[0.0, 3.0], [1.0, 2.0]]))
    image = axes.images[0]
    assert image.cmap(image.norm(0.0))[:3] == pytest.approx((1, 1, 1), abs=0.01)


def test_first_layer_shows_the_most_used_units_first(network, inputs):
    unit = network_plots.most_used(network, inputs)[0]
    figure = network_plots.first_layer(network, (4, 4), inputs, most=9)
    shown = figure.axes[0].images[0].get_array().data[:4, :4]
    weights = network.layers[0].weight[:, unit].reshape(4, 4)
    assert shown == pytest.approx(weights / np.abs(weights).max())


def test_the_way_of_a_picture_ends_in_its_probabilities(network, inputs):
    figure = network_plots.way_through(network, (4, 4), inputs[0], ["a", "b", "c"])
    pixels, first, second, logits, probabilities = figure.axes
    assert pixels.images[0].get_array().data == pytest.approx(inputs[0].reshape(4, 4))
    stages = network_plots.stages(network, inputs[:1])
    assert first.images[0].get_array().data == pytest.approx(stages[0].reshape(3, 3))
    # Five units leave one of the six places empty.
    square = second.images[0].get_array()
    assert square.shape == (2, 3)
    assert np.ma.getmaskarray(square)[1].tolist() == [False, False, True]
    assert [bar.get_width() for bar in logits.patches] == pytest.approx(stages[2][0])
    assert [bar.get_width() for bar in probabilities.patches] == pytest.approx(softmax(stages[2])[0])
    assert [label.get_text() for label in probabilities.get_yticklabels()] == ["a", "b", "c"]
