"""What leaves as ONNX computes the same in ONNX Runtime, tells how it is used, and comes back as it was."""

import importlib.util
import json
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from digitnet.confidence import ConfidenceScale
from digitnet.data import load_digits, load_mnist
from digitnet.errors import ConfigurationError, DigitnetError
from digitnet.geometry import DIGITS_GEOMETRY, Geometry
from digitnet.imaging import to_inputs
from digitnet.model_file import Model, load_model, save_model
from digitnet.nn import (
    BatchNorm,
    Dense,
    Dropout,
    GradientClip,
    LeakyReLU,
    Network,
)
from digitnet.onnx_file import (
    export_model,
    import_model,
    import_network,
    model_to_onnx,
    network_to_onnx,
)


def _run(path, inputs):
    """All outputs by name; a warning of the runtime counts as a failure of the file."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"inputs": inputs}), strict=True))


@pytest.fixture
def model():
    """A small model that has everything: statistics, an output for no digit, a scale, a threshold."""
    rng = np.random.default_rng(3)
    layers = [Dense(64, 20), BatchNorm(20), LeakyReLU(0.01), Dropout(0.1), GradientClip(1.0), Dense(20, 11)]
    network = Network(layers, rng=rng)
    network.state[...] = rng.uniform(0.5, 2, network.state.size)
    return Model(
        name="täglich",
        network=network,
        geometry=DIGITS_GEOMETRY,
        temperature=0.7,
        confidence_scale=ConfidenceScale(0.8, 0.9),
        rejection_threshold=0.6,
        provenance={"dataset": "digits", "seed": 3},
        metrics={"test_accuracy": 0.97},
    )


@pytest.fixture
def pictures():
    return np.random.default_rng(4).integers(0, 17, (200, 8, 8)).astype(np.uint8)


def _compare(model, pixels, path):
    """The largest differences of probabilities and logits; digits and decisions must be the same."""
    export_model(model, path)
    inputs = to_inputs(pixels, model.geometry)
    given = _run(path, inputs)
    ours, logits = model.probabilities(pixels), model.network.predict(inputs)
    np.testing.assert_array_equal(given["digit"], ours.argmax(axis=1))
    np.testing.assert_array_equal(given["accepted"], ours.max(axis=1) >= model.rejection_threshold)
    np.testing.assert_allclose(given["confidence"], ours.max(axis=1), rtol=0, atol=1e-5)
    np.testing.assert_allclose(given["scores"], model.scores(pixels), rtol=0, atol=1e-5)
    np.testing.assert_allclose(given["probabilities"], ours, rtol=0, atol=1e-5)
    # Logits are no probabilities: of their own size, float32 tells apart the seventh digit.
    np.testing.assert_allclose(given["logits"], logits, rtol=0, atol=1e-6 * np.abs(logits).max())
    return given


def test_the_shipped_digits_model_answers_the_same_on_its_whole_test_split(root, tmp_path):
    model = load_model(root / "models" / "digits.safetensors")
    given = _compare(model, load_digits().test.images, tmp_path / "digits.onnx")
    assert len(given["digit"]) == 899
    assert np.mean(given["digit"] == load_digits().test.labels) == model.metrics["test_accuracy"]


@pytest.mark.mnist
def test_the_shipped_mnist_model_answers_the_same_on_all_test_pictures(root, tmp_path, mnist_dir):
    model = load_model(root / "models" / "mnist.safetensors")
    test = load_mnist(data_dir=mnist_dir, progress=False).test
    given = _compare(model, test.images, tmp_path / "mnist.onnx")
    assert len(given["digit"]) == 10_000
    assert np.mean(given["digit"] == test.labels) == model.metrics["test_accuracy"]


@pytest.mark.parametrize(
    "scale", [ConfidenceScale(), ConfidenceScale(0.2, 3.0), ConfidenceScale(4.0, -3.0)], ids=str
)
@pytest.mark.parametrize("temperature", [0.02, 1.0, 50.0])
def test_every_calibration_is_in_the_graph(model, pictures, tmp_path, scale, temperature):
    # At 0.02 many answers are certain to the last bit, at 50 none is far from chance.
    model = replace(model, confidence_scale=scale, temperature=temperature)
    given = _compare(model, pictures, tmp_path / "m.onnx")
    np.testing.assert_allclose(given["probabilities"].sum(axis=1), 1, atol=1e-6)


def test_a_model_without_an_output_for_no_digit(pictures, tmp_path):
    model = Model("ten", Network([Dense(64, 10)], rng=np.random.default_rng(0)), DIGITS_GEOMETRY)
    assert _compare(model, pictures, tmp_path / "m.onnx")["logits"].shape == (200, 10)


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_any_batch_size_will_do(model, pictures, tmp_path, batch):
    export_model(model, tmp_path / "m.onnx")
    given = _run(tmp_path / "m.onnx", to_inputs(pictures[:batch], model.geometry))
    assert {name: len(array) for name, array in given.items()} == dict.fromkeys(given, batch)


def test_the_runtime_has_nothing_to_complain_of(model, tmp_path, capfd):
    export_model(replace(model, confidence_scale=ConfidenceScale()), tmp_path / "m.onnx")
    _run(tmp_path / "m.onnx", np.zeros((1, 64), np.float32))
    assert capfd.readouterr() == ("", "")


def test_shapes_and_types_follow_from_the_inputs(model):
    """Shape inference comes to what the file declares, with the batch free all the way."""
    declared = model_to_onnx(model)
    onnx.checker.check_model(declared, full_check=True)
    found = onnx.ModelProto()
    found.CopyFrom(declared)
    for output in found.graph.output:
        output.type.tensor_type.ClearField("shape")
    found = onnx.shape_inference.infer_shapes(found, strict_mode=True, data_prop=True)
    for inferred, said in zip(found.graph.output, declared.graph.output, strict=True):
        dimensions = [entry.type.tensor_type.shape.dim for entry in (inferred, said)]
        assert [d.dim_value for d in dimensions[0]] == [d.dim_value for d in dimensions[1]], said.name
        assert dimensions[0][0].dim_param == dimensions[1][0].dim_param == "batch"


def test_the_file_is_for_programs_of_2022_as_well(model):
    file = model_to_onnx(model)
    assert [(entry.domain, entry.version) for entry in file.opset_import] == [("", 17)]
    assert file.ir_version == 8


def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    for name in ("a.onnx", "b.onnx"):
        export_model(model, tmp_path / name)
    save_model(model, tmp_path / "m.safetensors")
    export_model(load_model(tmp_path / "m.safetensors"), tmp_path / "c.onnx")
    first, *others = (path.read_bytes() for path in sorted(tmp_path.glob("*.onnx")))
    assert others == [first, first]


def test_the_metadata_tell_all_that_is_needed(model, tmp_path):
    export_model(model, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    meta = session.get_modelmeta()
    told = meta.custom_metadata_map
    assert meta.producer_name == "digitnet"
    assert "8 levels" not in meta.description
    assert told["how_to_make_inputs"] in meta.description
    assert told["name"] == "täglich"
    assert Geometry.from_dict(json.loads(told["geometry"])) == model.geometry
    assert json.loads(told["preprocessing"]) == 2
    assert json.loads(told["temperature"]) == model.temperature
    assert json.loads(told["confidence_scale"]) == [0.8, 0.9]
    assert json.loads(told["rejection_threshold"]) == model.rejection_threshold
    assert json.loads(told["labels"]) == list(range(10))
    assert json.loads(told["class_names_of_logits"]) == [*map(str, range(10)), "no digit"]
    assert json.loads(told["provenance"]) == model.provenance
    assert (told["image_size"], told["value_range"]) == ("8", "[0, 1]")
    assert "bright" in told["polarity"]
    assert "divide by 16: float32 [n, 64]" in told["how_to_make_inputs"]


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_a_shipped_model_comes_back_byte_for_byte(root, tmp_path, name):
    source = root / "models" / f"{name}.safetensors"
    export_model(load_model(source), tmp_path / "m.onnx")
    model = import_model(tmp_path / "m.onnx")
    assert model.version == load_model(source).version
    save_model(model, tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == source.read_bytes()


def test_a_model_that_was_never_saved_comes_back(model, pictures, tmp_path):
    export_model(model, tmp_path / "m.onnx")
    again = import_model(tmp_path / "m.onnx")
    np.testing.assert_array_equal(again.network.parameters, model.network.parameters)
    np.testing.assert_array_equal(again.network.state, model.network.state)
    np.testing.assert_array_equal(again.probabilities(pictures), model.probabilities(pictures))
    assert replace(again, network=model.network, checksum="") == model
    assert again.network.architecture() == model.network.architecture()
    assert import_network(tmp_path / "m.onnx").architecture() == model.network.architecture()
    save_model(model, tmp_path / "m.safetensors")
    assert again.version == load_model(tmp_path / "m.safetensors").version


def test_a_float64_model_leaves_as_its_file_would_hold_it(model):
    network = Network.from_architecture(model.network.architecture(), dtype=np.float64)
    network.parameters[...], network.state[...] = model.network.parameters, model.network.state
    assert model_to_onnx(replace(model, network=network)) == model_to_onnx(model)


def test_arrays_of_another_library_are_fetched(root, model):
    spec = importlib.util.spec_from_file_location("strict_arrays", root / "tests" / "nn" / "strict_arrays.py")
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    for dtype in (np.float32, np.float64):
        network = Network.from_architecture(model.network.architecture(), dtype=dtype, xp=other.xp)
        network.parameters[...] = other.xp.asarray(model.network.parameters)
        network.state[...] = other.xp.asarray(model.network.state)
        assert model_to_onnx(replace(model, network=network)) == model_to_onnx(model)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_do_not_leave(model, value):
    model.network.parameters[-1] = value
    with pytest.raises(ConfigurationError, match="not exported"):
        network_to_onnx(model.network)
    with pytest.raises(ConfigurationError, match="not exported"):
        model_to_onnx(model)


def test_a_file_that_cannot_be_written_is_a_sentence_and_leaves_nothing(model, tmp_path):
    (tmp_path / "in-the-way").write_text("")
    with pytest.raises(DigitnetError, match="cannot be written"):
        export_model(model, tmp_path / "in-the-way" / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["in-the-way"]
