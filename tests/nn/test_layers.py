import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import BatchNorm, Dense, Dropout, LeakyReLU, Network, ReLU, Sigmoid, Softmax, Tanh

RNG_SEED = 11


def _single(layer, width, dtype=np.float64):
    return Network([Dense(width, width), layer], rng=np.random.default_rng(RNG_SEED), dtype=dtype)


def test_dense_is_the_affine_map():
    network = Network([Dense(3, 2)], rng=np.random.default_rng(0), dtype=np.float64)
    layer = network.layers[0]
    layer.bias[...] = [1.0, -1.0]
    inputs = np.array([[1.0, 2.0, 3.0]])
    by_hand = [[sum(inputs[0, i] * layer.weight[i, j] for i in range(3)) + layer.bias[j] for j in range(2)]]
    np.testing.assert_allclose(network.predict(inputs), by_hand)


@pytest.mark.parametrize("layer", [ReLU(), LeakyReLU(0.1), Sigmoid(), Tanh(), Softmax()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_and_prediction_agree_and_keep_the_dtype(layer, dtype):
    inputs = np.random.default_rng(RNG_SEED).standard_normal((9, 4)).astype(dtype) * 5
    predicted = layer.forward(inputs)
    trained = layer.forward(inputs, training=True)
    assert predicted.dtype == trained.dtype == dtype
    np.testing.assert_array_equal(predicted, trained)


def test_activations_survive_extreme_inputs():
    extreme = np.array([[-1e4, -1.0, 0.0, 1.0, 1e4]], np.float32)
    for layer in (ReLU(), LeakyReLU(), Sigmoid(), Tanh(), Softmax()):
        assert np.isfinite(layer.forward(extreme)).all()
        layer.forward(extreme, training=True)
        assert np.isfinite(layer.backward(np.ones_like(extreme))).all()
    np.testing.assert_allclose(Sigmoid().forward(extreme)[0, [0, 2, 4]], [0, 0.5, 1])


def test_dropout_keeps_the_expected_value_and_does_nothing_in_prediction():
    layer = Dropout(0.3)
    layer.rng = np.random.default_rng(RNG_SEED)
    ones = np.ones((500, 400), np.float32)
    dropped = layer.forward(ones, training=True)
    np.testing.assert_allclose(np.unique(dropped), [0.0, 1 / 0.7], rtol=1e-6)
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean() == pytest.approx(1.0, abs=0.01)
    np.testing.assert_array_equal(layer.backward(ones), dropped)
    assert layer.forward(ones) is ones


def test_no_dropout_is_the_identity_in_training_too():
    layer = Dropout(0.0)
    ones = np.ones((2000, 2000), np.float32)
    # No mask is filled or multiplied with: the very arrays pass.
    assert layer.forward(ones, training=True) is ones
    assert layer.backward(ones) is ones


def test_batch_norm_normalises_each_feature_and_learns_the_statistics():
    rng = np.random.default_rng(RNG_SEED)
    network = Network([BatchNorm(3, momentum=0.2), Dense(3, 1)], rng=rng, dtype=np.float64)
    layer = network.layers[0]
    data = rng.normal([5, -2, 0], [3, 0.5, 1], (4000, 3))
    for start in range(0, 4000, 100):
        outputs = layer.forward(data[start : start + 100], training=True)
        np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(outputs.std(axis=0), 1, atol=1e-3)
    np.testing.assert_allclose(layer.running_mean, [5, -2, 0], atol=0.5)
    np.testing.assert_allclose(np.sqrt(layer.running_variance), [3, 0.5, 1], rtol=0.15)
    predicted = layer.forward(data)
    np.testing.assert_allclose(predicted.mean(axis=0), 0, atol=0.2)


def test_batch_norm_running_variance_has_bessels_correction():
    network = Network([BatchNorm(1, momentum=1.0), Dense(1, 1)], rng=np.random.default_rng(0))
    layer = network.layers[0]
    layer.forward(np.array([[0.0], [2.0]], np.float32), training=True)
    assert layer.running_variance.tolist() == [2.0]


def test_a_batch_of_one_row_leaves_the_running_statistics_alone():
    rng = np.random.default_rng(RNG_SEED)
    network = Network([BatchNorm(3), Dense(3, 1)], rng=rng, dtype=np.float64)
    for _ in range(50):
        network.forward(rng.normal(5.0, 2.0, (20, 3)), training=True)
    before = network.state.copy()
    for _ in range(50):
        network.forward(rng.normal(5.0, 2.0, (1, 3)), training=True)
    np.testing.assert_array_equal(network.state, before)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense(0, 3), "in_features.* at least 1; got 0"),
        (lambda: Dense(2.7, 1), "in_features.* whole number.*got 2.7"),
        (lambda: Dense(1, float("nan")), "out_features.* whole number.*got nan"),
        (lambda: Dense("3", 1), "got '3'"),
        (lambda: Dense(3, 1, initializer=5), "initializer is a function.*got 5"),
        (lambda: BatchNorm(0), "features.* at least 1"),
        (lambda: Dropout(1.0), "dropout rate"),
        (lambda: Dropout(-0.1), "dropout rate"),
        (lambda: LeakyReLU(1.5), "slope"),
        (lambda: BatchNorm(3, momentum=0.0), "momentum"),
        (lambda: BatchNorm(3, epsilon=float("nan")), "epsilon"),
    ],
)
def test_impossible_hyperparameters_are_refused_in_a_sentence(make, words):
    with pytest.raises(ConfigurationError, match=words):
        make()


def test_a_smaller_last_batch_reuses_the_buffers():
    network = _single(Tanh(), 4)
    large = network.forward(np.ones((8, 4)), training=True)
    small = network.forward(np.ones((3, 4)), training=True)
    assert small.shape == (3, 4)
    assert np.shares_memory(large, small)
