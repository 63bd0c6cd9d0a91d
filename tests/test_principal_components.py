from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_info, threadpool_limits

from digitnet.data import Deformation, load_digits
from digitnet.errors import ConfigurationError
from digitnet.fitting import fit
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import to_inputs
from digitnet.model_file import load_model, save_model
from digitnet.nn import BatchNorm, Dense, Dropout, Network, ReLU, Tanh
from digitnet.preparation import build_trainer, split
from digitnet.principal_components import PrincipalComponents
from digitnet.recipes import RECIPES, Recipe
from digitnet.recognizer import Recognizer

RECIPE = Recipe(
    hidden=(32,), epochs=8, batch_size=64, learning_rate=1e-2, average=None, deformation=None, components=20
)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module")
def inputs(digits):
    return to_inputs(digits.train.images, digits.geometry).astype(np.float64)


def _components(inputs, count, seed=0):
    return PrincipalComponents.of(inputs, count, rng=np.random.default_rng(seed))


def test_components_are_those_of_scikit_learn(inputs):
    ours, theirs = _components(inputs, 8), PCA(8, svd_solver="full").fit(inputs)
    np.testing.assert_allclose(ours.mean, theirs.mean_)
    np.testing.assert_allclose(ours.variances, theirs.explained_variance_, rtol=1e-2)
    # An eigenvector may point either way. The last ones have neighbours of nearly the same variance.
    along = np.abs((ours.directions.T * theirs.components_).sum(axis=1))
    assert along[:5].min() > 0.999
    shared = np.linalg.svd(ours.directions.T @ theirs.components_.T, compute_uv=False)
    assert shared.min() > 0.98


@pytest.mark.parametrize("count", [1, 20, 64])
def test_directions_are_at_right_angles_and_components_do_not_correlate(inputs, count):
    found = _components(inputs, count)
    np.testing.assert_allclose(found.directions.T @ found.directions, np.eye(count), atol=1e-12)
    covariance = np.cov(found.transform(inputs).T).reshape(count, count)
    np.testing.assert_allclose(covariance, np.diag(found.variances), atol=1e-12)
    assert (np.diff(found.variances) <= 0).all()


def test_nearly_all_of_the_variance_is_held_that_so_many_directions_can_hold(inputs):
    best = np.linalg.eigvalsh(np.cov(inputs.T))[::-1]
    for count in (5, 20, 40):
        held = _components(inputs, count, seed=count).transform(inputs).var(axis=0, ddof=1).sum()
        assert 0.995 < held / best[:count].sum() <= 1 + 1e-12


def test_all_directions_lose_nothing(inputs):
    found = _components(inputs, 1000)
    assert found.directions.shape == (64, 64)
    back = found.transform(inputs) @ found.directions.T + found.mean
    np.testing.assert_allclose(back, inputs, atol=1e-12)


def test_inputs_without_variance_have_components_of_zero():
    found = _components(np.full((5, 6), 0.25, np.float32), 3)
    assert not found.variances.any()
    assert not found.transform(np.full((2, 6), 0.25, np.float32)).any()
    assert np.isfinite(found.directions).all()


def test_pictures_go_the_way_of_inputs_whatever_their_number(digits):
    images = np.concatenate([digits.train.images] * 3)
    found = PrincipalComponents.of_pictures(images, digits.geometry, 10, rng=np.random.default_rng(0))
    assert found.directions.dtype == np.float32
    at_once = found.transform(to_inputs(images, digits.geometry))
    np.testing.assert_allclose(found.transform_pictures(images, digits.geometry), at_once, atol=1e-5)


def test_the_number_of_threads_does_not_change_a_bit():
    """Large enough for OpenBLAS to share the products, which then add up in another order."""
    images = np.random.default_rng(0).integers(0, 256, (5000, 28, 28), np.uint8)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            components = PrincipalComponents.of_pictures(
                images, MNIST_GEOMETRY, 64, rng=np.random.default_rng(0)
            )
            found.append((components.directions, components.transform_pictures(images, MNIST_GEOMETRY)))
            assert {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"} == {threads}
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_pictures_that_do_not_fit_are_refused_on_whatever_thread(digits):
    found = PrincipalComponents.of_pictures(
        digits.train.images, digits.geometry, 10, rng=np.random.default_rng(0)
    )
    with pytest.raises(ConfigurationError, match="do not fit the geometry"):
        found.transform_pictures(np.zeros((3, 9, 9), np.uint8), digits.geometry)


@settings(max_examples=60)
@given(
    features=st.integers(1, 12),
    count=st.integers(1, 12),
    width=st.integers(1, 6),
    use_bias=st.booleans(),
    double=st.booleans(),
    kind=st.sampled_from(["relu", "tanh", "batch_norm"]),
    seed=st.integers(0, 2**32),
)
def test_folding_changes_nothing_but_rounding(features, count, width, use_bias, double, kind, seed):
    rng = np.random.default_rng(seed)
    dtype = np.float64 if double else np.float32
    inputs = (rng.standard_normal((30, features)) + rng.standard_normal(features)).astype(dtype)
    components = PrincipalComponents.of(inputs, count, rng=rng)
    middle = {"relu": [ReLU()], "tanh": [Tanh()], "batch_norm": [BatchNorm(width), ReLU(), Dropout(0.5)]}
    layers = [Dense(min(count, features), width, use_bias=use_bias), *middle[kind], Dense(width, 3)]
    network = Network(layers, rng=rng, dtype=dtype)
    network.parameters[...] += 0.3 * rng.standard_normal(network.parameters.size).astype(dtype)
    before = network.parameters.copy()
    folded = components.folded_into(network)
    assert folded.in_features == features
    assert folded.dtype == dtype
    outputs = network.predict(components.transform(inputs))
    tolerance = 1e-10 if double else 2e-4
    np.testing.assert_allclose(folded.predict(inputs), outputs, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(network.parameters, before)
    assert not np.shares_memory(folded.parameters, network.parameters)


@pytest.mark.parametrize("layers", [[Dense(5, 2)], [ReLU(), Dense(4, 2)]])
def test_components_fold_into_a_first_dense_layer_of_their_number_only(layers):
    components = _components(np.eye(6), 4)
    with pytest.raises(
        ConfigurationError, match="4 principal components fold into a Dense layer of 4 inputs"
    ):
        components.folded_into(Network(layers, rng=0))


@pytest.mark.parametrize(
    ("shape", "count", "message"),
    [((1, 4), 2, "two at least"), ((4,), 2, "two at least"), ((5, 4), 0, "number of principal components")],
)
def test_what_has_no_components_is_refused(shape, count, message):
    with pytest.raises(ConfigurationError, match=message):
        _components(np.zeros(shape), count)


def test_a_recipe_with_components_makes_a_model_that_takes_pixels(digits, tmp_path):
    run = fit(digits, RECIPE, seed=1)
    save_model(run.model, tmp_path / "m")
    model = load_model(tmp_path / "m")
    shapes = [array.shape for array in model.network.named_arrays().values()]
    assert shapes == [(64, 32), (32,), (32, 10), (10,)]
    assert model.provenance["recipe"]["components"] == 20
    right = Recognizer(model).probabilities(digits.test.images).argmax(axis=1) == digits.test.labels
    assert right.mean() > 0.85


def test_the_reports_are_of_what_the_model_does(digits):
    """The network on components is looked at in training, and the one on pixels is kept."""
    run = fit(digits, RECIPE, seed=1)
    _, validation = split(digits, RECIPE, seed=1)
    outputs = run.model.network.predict(to_inputs(validation.images, digits.geometry))
    right = (outputs.argmax(axis=1) == validation.labels).mean()
    assert right == run.history[-1].validation_metric


def test_a_resumed_run_with_components_ends_as_an_uninterrupted_one(digits, tmp_path):
    def on_epoch(report):
        if report.epoch == 3:
            raise KeyboardInterrupt

    whole = fit(digits, RECIPE, seed=1)
    stopped = fit(digits, RECIPE, seed=1, checkpoint=tmp_path / "c", on_epoch=on_epoch)
    assert stopped.interrupted
    assert stopped.model.network.in_features == 64
    resumed = fit(digits, RECIPE, seed=1, checkpoint=tmp_path / "c")
    assert len(resumed.history) == 8
    np.testing.assert_array_equal(resumed.model.network.parameters, whole.model.network.parameters)


def test_a_checkpoint_of_other_components_is_refused(digits, tmp_path):
    fit(digits, replace(RECIPE, epochs=1), checkpoint=tmp_path / "c")
    with pytest.raises(Exception, match="belongs to another run"):
        fit(digits, replace(RECIPE, epochs=1, components=21), checkpoint=tmp_path / "c")


def test_the_fast_recipe_suits_pictures_of_fewer_pixels_than_it_has_components(digits):
    recipe = replace(RECIPES["fast"], components=100, epochs=1)
    trainer = build_trainer(*split(digits, recipe, seed=0), digits.geometry, recipe, seed=0)
    assert trainer.network.in_features == trainer.picture_network().in_features == 64


def test_without_components_the_network_is_the_trainers_own(digits):
    recipe = replace(RECIPE, components=None)
    trainer = build_trainer(*split(digits, recipe, seed=0), digits.geometry, recipe, seed=0)
    assert trainer.picture_network() is trainer.network


@pytest.mark.parametrize("changes", [{"components": 0}, {"deformation": Deformation()}])
def test_components_of_deformed_pictures_and_no_components_are_refused(changes):
    with pytest.raises(ConfigurationError, match="Principal components are one at least"):
        replace(RECIPE, **changes)
