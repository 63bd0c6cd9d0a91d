"""A model file is read whole and right, or refused with a sentence."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from digitnet.card_file import card_path
from digitnet.confidence import ConfidenceScale
from digitnet.errors import ConfigurationError, DigitnetError, ModelFileError
from digitnet.geometry import DIGITS_GEOMETRY, MNIST_GEOMETRY
from digitnet.model_file import Model, load_model, save_model
from digitnet.nn import BatchNorm, Dense, Dropout, Network, ReLU

HEADER = "digitnet"


@pytest.fixture
def model():
    rng = np.random.default_rng(3)
    network = Network([Dense(64, 20), BatchNorm(20), ReLU(), Dropout(0.1), Dense(20, 10)], rng=rng)
    network.state[...] = rng.random(network.state.size)
    return Model(
        name="tiny",
        network=network,
        geometry=DIGITS_GEOMETRY,
        temperature=1.5,
        rejection_threshold=0.6,
        provenance={"dataset": "digits", "seed": 3},
        metrics={"test_accuracy": 0.97},
    )


@pytest.fixture
def path(model, tmp_path):
    save_model(model, tmp_path / "tiny.safetensors")
    return tmp_path / "tiny.safetensors"


def _rewrite(path, *, header=None, tensors=None):
    """Change a model file's metadata or tensors, as a forger or a later version would."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    metadata = json.loads(json.loads(content[8 : 8 + size])["__metadata__"][HEADER])
    arrays = dict(safetensors.numpy.load(content))
    metadata.update(header or {})
    arrays.update(tensors or {})
    path.write_bytes(safetensors.numpy.save(arrays, metadata={HEADER: json.dumps(metadata)}))


def test_what_is_saved_is_what_is_loaded(model, path):
    loaded = load_model(path)
    np.testing.assert_array_equal(loaded.network.parameters, model.network.parameters)
    np.testing.assert_array_equal(loaded.network.state, model.network.state)
    inputs = np.random.default_rng(0).random((5, 64), np.float32)
    np.testing.assert_array_equal(loaded.network.predict(inputs), model.network.predict(inputs))
    for name in ("name", "geometry", "temperature", "rejection_threshold", "provenance", "metrics"):
        assert getattr(loaded, name) == getattr(model, name)
    assert len(loaded.version) == 12


def test_the_same_model_gives_the_same_bytes(model, tmp_path, path):
    save_model(model, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.safetensors", "tiny.safetensors"]


def test_every_truncation_is_refused(path):
    content = path.read_bytes()
    for length in [0, 1, 7, 8, 9, 100, len(content) // 2, len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match="damaged, truncated or no digitnet model"):
            load_model(path)


def test_a_confidence_scale_comes_back_and_maps_the_confidences(model, tmp_path):
    scale = ConfidenceScale(0.7, 1.5)
    save_model(replace(model, confidence_scale=scale), tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert loaded.confidence_scale == scale
    pixels = np.random.default_rng(4).integers(0, 17, (20, 8, 8)).astype(np.uint8)
    np.testing.assert_allclose(
        loaded.probabilities(pixels).max(axis=1), scale.confidence(model.probabilities(pixels).max(axis=1))
    )


@pytest.mark.parametrize("content", [b"not a model", b"\x80\x04pickle", b"\xff" * 64, bytes(100)])
def test_something_else_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="refused"):
        load_model(path)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(ModelFileError, match=r"cannot be read.*train one"):
        load_model(tmp_path / "absent.safetensors")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["layers.0.weight", "layers.4.bias", "layers.1.running_variance"])
def test_weights_that_are_no_numbers_are_refused(path, name, value):
    array = safetensors.numpy.load(path.read_bytes())[name].copy()
    array.flat[-1] = value
    _rewrite(path, tensors={name: array})
    with pytest.raises(ModelFileError, match=f"{name} holds numbers that are NaN or infinite"):
        load_model(path)


def test_wrong_shapes_are_refused(path):
    _rewrite(path, tensors={"layers.0.weight": np.zeros((65, 20), np.float32)})
    with pytest.raises(ModelFileError, match=r"shape \(65, 20\)"):
        load_model(path)


def test_wrong_types_are_refused(path):
    _rewrite(path, tensors={"layers.0.weight": np.zeros((64, 20), np.float64)})
    with pytest.raises(ModelFileError, match="float32 was expected"):
        load_model(path)


def test_missing_and_extra_tensors_are_refused(path):
    _rewrite(path, tensors={"layers.9.weight": np.zeros((2, 2), np.float32)})
    with pytest.raises(ModelFileError, match=r"layers\.9\.weight"):
        load_model(path)


def test_a_forged_architecture_takes_no_memory(path):
    huge = [{"kind": "dense", "in_features": 10**9, "out_features": 10**9}]
    _rewrite(path, header={"architecture": huge})
    with pytest.raises(ModelFileError):
        load_model(path)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"format": 2}, "format version 2"),
        ({"preprocessing": 99}, "preprocessing version 99"),
        ({"architecture": [{"kind": "attention"}]}, "Not a layer"),
        ({"architecture": "dense"}, "refused"),
        ({"geometry": MNIST_GEOMETRY.to_dict()}, "28×28"),
        ({"geometry": {"size": 8}}, "Not a geometry"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": None}, "metadata"),
        ({"rejection_threshold": 2.0}, "threshold"),
        ({"confidence_scale": [0.0, 1.0]}, "positive slope"),
        ({"confidence_scale": [1.0]}, "metadata"),
        ({"confidence_scale": [1.0, 2.0, 3.0]}, "metadata"),
        ({"confidence_scale": "1, 0"}, "metadata"),
    ],
)
def test_metadata_that_make_no_sense_are_refused(path, header, words):
    _rewrite(path, header=header)
    with pytest.raises(ModelFileError, match=words):
        load_model(path)


def test_a_header_that_nests_too_deep_is_refused(path):
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(1, np.float32)}, metadata={HEADER: "[" * 100_000}))
    with pytest.raises(ModelFileError, match="damaged"):
        load_model(path)


def test_a_card_that_was_written_for_another_file_is_a_refusal(path, model):
    card = card_path(path)
    card.write_text("# tiny\n\n| SHA-256 | `" + "0" * 64 + "` |\n")
    with pytest.raises(ModelFileError, match=r"card tiny\.md"):
        load_model(path)
    assert load_model(path, check_card=False).name == "tiny"
    import hashlib

    card.write_text(f"# tiny\n\n| SHA-256 | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |\n")
    assert load_model(path).name == "tiny"
    save_model(replace(model, temperature=1.6), path)
    with pytest.raises(ModelFileError, match="card"):
        load_model(path)


def test_a_model_that_nobody_could_read_is_not_written(model, tmp_path):
    model.network.parameters[3] = np.nan
    with pytest.raises(ModelFileError, match="not saved"):
        save_model(model, tmp_path / "bad.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_models_that_make_no_sense_cannot_be_made(model):
    with pytest.raises(ConfigurationError, match="784"):
        replace(model, geometry=MNIST_GEOMETRY)
    with pytest.raises(ConfigurationError, match="temperature"):
        replace(model, temperature=-1.0)


def test_a_folder_that_cannot_be_written_is_a_sentence(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DigitnetError, match="cannot be written"):
        save_model(model, tmp_path / "file" / "model.safetensors")


def test_a_frozen_model_answers_by_the_weights_it_was_frozen_with(model):
    quick, rows = model.frozen(), np.random.default_rng(0).random((5, 64))
    before = model.input_scores(rows)
    np.testing.assert_allclose(quick.input_scores(rows), before, atol=1e-5)
    assert quick == model
    model.network.parameters *= 3
    np.testing.assert_allclose(quick.input_scores(rows), before, atol=1e-5)
    assert np.abs(model.input_scores(rows) - before).max() > 1e-3
    np.testing.assert_allclose(quick.frozen().input_scores(rows), model.input_scores(rows), atol=1e-5)


def test_a_frozen_model_that_is_given_another_network_goes_by_that(model):
    other = Network.from_architecture(model.network.architecture(), rng=1)
    rows = np.random.default_rng(0).random((5, 64))
    changed = replace(model.frozen(), network=other)
    np.testing.assert_array_equal(
        changed.input_scores(rows), replace(model, network=other).input_scores(rows)
    )
