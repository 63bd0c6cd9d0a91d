"""A file that was damaged, tampered with or made to do harm is refused with a sentence, at once."""

from itertools import pairwise

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from digitnet.errors import ModelFileError
from digitnet.geometry import DIGITS_GEOMETRY
from digitnet.model_file import Model
from digitnet.nn import BatchNorm, Dense, Network, ReLU
from digitnet.onnx_file import export_model, export_network, import_model, import_network


@pytest.fixture
def path(tmp_path):
    network = Network([Dense(64, 6), BatchNorm(6), ReLU(), Dense(6, 10)], rng=np.random.default_rng(3))
    export_model(Model("tiny", network, DIGITS_GEOMETRY, temperature=1.5), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def _change(path, change):
    file = onnx.load_model_from_string(path.read_bytes())
    change(file, {entry.key: entry for entry in file.metadata_props})
    path.write_bytes(file.SerializeToString())


def _set(key, value):
    def change(_, entries):
        entries[key].value = value

    return change


def _weight(file, _):
    array = numpy_helper.to_array(file.graph.initializer[0]).copy()
    array[0, 0] += 1e-3
    file.graph.initializer[0].CopyFrom(numpy_helper.from_array(array, file.graph.initializer[0].name))


def _temperature_in_the_graph(file, _):
    (tensor,) = (entry for entry in file.graph.initializer if entry.name == "temperature")
    tensor.CopyFrom(numpy_helper.from_array(np.float64(9), "temperature"))


def _other_operator(file, _):
    file.graph.node[2].op_type = "Tanh"


def _no_metadata(file, _):
    file.ClearField("metadata_props")


def _dropped_weight(file, _):
    del file.graph.initializer[0]


TAMPERED = {
    "a weight": (_weight, "changed since it was exported"),
    "a weight that is gone": (_dropped_weight, r"layers\.0\.weight is missing"),
    "the temperature of the graph": (_temperature_in_the_graph, "changed since"),
    "the temperature of the metadata": (_set("temperature", "1.25"), "changed since"),
    "the threshold": (_set("rejection_threshold", "0.5"), "changed since"),
    "an operator": (_other_operator, "changed since"),
    "the version": (_set("version", "0" * 12), "changed since"),
    "the name": (_set("name", "another"), "changed since"),
    "the provenance": (_set("provenance", '{"dataset": "mnist"}'), "changed since"),
    "the preprocessing": (_set("preprocessing", "99"), "preprocessing version 99"),
    "the format": (_set("format", "7"), "format version 7"),
    "the geometry": (_set("geometry", '{"size": 8}'), "Not a geometry"),
    "no JSON": (_set("architecture", "dense"), "'architecture' is no JSON"),
    "deep JSON": (_set("architecture", "[" * 100_000), "'architecture' is no JSON"),
    "no list": (_set("architecture", "3"), "no list"),
    "too many layers": (
        _set("architecture", "[" + '{"kind": "relu"},' * 2000 + "{}]"),
        "at most 1000 layers",
    ),
    "huge layers": (
        _set("architecture", '[{"kind": "dense", "in_features": 1000000000, "out_features": 1000000000}]'),
        "refused",
    ),
    "no metadata": (_no_metadata, "does not say how a digit lies in its inputs"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_model_that_was_changed_is_refused(path, case):
    change, words = TAMPERED[case]
    _change(path, change)
    with pytest.raises(ModelFileError, match=words):
        import_model(path)


def test_a_network_that_was_changed_is_refused(tmp_path):
    path = tmp_path / "n.onnx"
    export_network(Network([Dense(3, 3), ReLU()], rng=np.random.default_rng(0)), path)
    with pytest.raises(ModelFileError, match="does not say how a digit lies"):
        import_model(path)
    _change(path, _set("architecture", '[{"kind": "dense", "in_features": 3, "out_features": 3}]'))
    with pytest.raises(ModelFileError, match="changed since"):
        import_network(path)


@pytest.mark.parametrize("read", [import_model, import_network])
@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x04pickle", b"\xff" * 64, bytes(100)])
def test_something_else_is_refused(tmp_path, read, content):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"m\.onnx is refused: it.*(damaged|Is it an ONNX file)"):
        read(tmp_path / "m.onnx")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read: No such file"):
        import_model(tmp_path / "absent.onnx")
    with pytest.raises(ModelFileError, match="it is a folder"):
        import_network(tmp_path)


def test_every_damage_is_a_sentence_or_harmless(path):
    """Cut anywhere, and with bytes changed at random: never anything but a ModelFileError."""
    content, rng = path.read_bytes(), np.random.default_rng(5)
    damaged = [content[:length] for length in range(0, len(content), 97)]
    for _ in range(400):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            changed[place] = rng.integers(256)
        damaged.append(bytes(changed))
    refused = 0
    for case in damaged:
        path.write_bytes(case)
        for read in (import_model, lambda path: import_network(path, output="logits")):
            try:
                read(path)
            except ModelFileError:
                refused += 1
    assert refused > len(damaged)


def test_large_files_are_not_read(tmp_path):
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(ModelFileError, match="larger than 64 MiB"):
        import_network(tmp_path / "large.onnx")


def _foreign(nodes, tensors):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        tensors,
    )
    return helper.make_model(graph).SerializeToString()


def _one_product(tensor):
    return _foreign([helper.make_node("MatMul", ["in", tensor.name], ["out"])], [tensor])


def test_weights_in_other_files_are_not_fetched(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(64))
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 4])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    (tmp_path / "m.onnx").write_bytes(_one_product(tensor))
    with pytest.raises(ModelFileError, match="'w' is kept in another file"):
        import_network(tmp_path / "m.onnx")


@pytest.mark.parametrize("dims", [[4, 5], [-1, 4], [-2, -8], [2**40, 2**40], [2**62, 4], [4, 0]])
def test_shapes_must_be_those_of_the_numbers(tmp_path, dims):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=bytes(64))
    (tmp_path / "m.onnx").write_bytes(_one_product(tensor))
    with pytest.raises(ModelFileError, match=r"'w' has the shape .* but holds 16 numbers"):
        import_network(tmp_path / "m.onnx")


def test_types_that_do_not_exist_are_refused(tmp_path):
    tensor = TensorProto(name="w", data_type=999, dims=[4, 4], raw_data=bytes(64))
    (tmp_path / "m.onnx").write_bytes(_one_product(tensor))
    with pytest.raises(ModelFileError, match="'w' is of an unknown type"):
        import_network(tmp_path / "m.onnx")


def test_a_weight_used_again_and_again_takes_no_memory(tmp_path):
    """Forty copies of two million numbers would be 320 MB out of a file of 8."""
    tensor = numpy_helper.from_array(np.zeros((1448, 1448), np.float32), "w")
    names = ["in", *(f"t{i}" for i in range(39)), "out"]
    nodes = [helper.make_node("MatMul", [a, "w"], [b]) for a, b in pairwise(names)]
    (tmp_path / "m.onnx").write_bytes(_foreign(nodes, [tensor]))
    with pytest.raises(ModelFileError, match="more than 16777216 weights"):
        import_network(tmp_path / "m.onnx")


def test_endless_chains_end(tmp_path):
    for length, words in ((3_000, "more than 2000 nodes"), (15_000, "has 15001 nodes; 1 to 10000")):
        names = ["in", *(f"t{i}" for i in range(length)), "out"]
        nodes = [helper.make_node("Relu", [a], [b]) for a, b in pairwise(names)]
        (tmp_path / "m.onnx").write_bytes(_foreign(nodes, []))
        with pytest.raises(ModelFileError, match=words):
            import_network(tmp_path / "m.onnx")
    nodes = [helper.make_node("Identity", ["w"], ["w"]), helper.make_node("MatMul", ["in", "w"], ["out"])]
    (tmp_path / "m.onnx").write_bytes(_foreign(nodes, []))
    with pytest.raises(ModelFileError, match="'w' is passed on too often"):
        import_network(tmp_path / "m.onnx")


def test_names_that_are_no_text_are_refused(path):
    content = path.read_bytes().replace(b"layers.0.outputs", b"layers.0.\xff\xfetputs")
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="refused"):
        import_model(path)
    with pytest.raises(ModelFileError, match="refused"):
        import_network(path, output="logits")
