"""An ONNX file's bytes are looked at before they are parsed: large it may be by its weights alone."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from digitnet.errors import ModelFileError
from digitnet.onnx_file import import_network


def _field(number, content):
    """A field of a protocol buffer, by its number."""
    key, length = number << 3 | 2, len(content)
    assert key < 128
    digits = []
    while length > 127:
        digits.append(length & 127 | 128)
        length >>= 7
    return bytes([key, *digits, length]) + content


MEGABYTE = 2**20
FLOODS = {
    "empty nodes": _field(7, _field(1, b"") * MEGABYTE),
    "empty inputs": _field(7, _field(11, b"") * MEGABYTE),
    "empty arrays": _field(7, _field(5, b"") * MEGABYTE),
    "attributes of a node": _field(7, _field(1, _field(5, b"") * MEGABYTE)),
    "strings in an array": _field(7, _field(5, _field(6, b"") * MEGABYTE)),
    "whole numbers in an array": _field(7, _field(5, b"\x08\x01" * MEGABYTE)),
    "metadata": _field(14, b"") * MEGABYTE,
    "a name": _field(2, bytes(2 * MEGABYTE)),
    "many graphs": _field(7, b"") * MEGABYTE,
}


@pytest.mark.parametrize("kind", FLOODS)
def test_what_would_grow_in_memory_is_refused_unparsed(tmp_path, monkeypatch, kind):
    """Two bytes of such a file become up to a hundred and fifty when they are parsed."""
    (tmp_path / "m.onnx").write_bytes(FLOODS[kind])
    monkeypatch.setattr(onnx, "load_model_from_string", None)
    with pytest.raises(ModelFileError, match="more than 1 MiB beside its arrays"):
        import_network(tmp_path / "m.onnx")


@pytest.mark.parametrize("where", ["raw_data", "float_data", "a Constant"])
def test_numbers_may_take_as_much_as_they_take(tmp_path, where):
    weight = np.zeros((4, 2**17), np.float32)
    tensor = numpy_helper.from_array(weight, "w")
    if where == "float_data":
        tensor = helper.make_tensor("w", TensorProto.FLOAT, weight.shape, weight.ravel())
    product = helper.make_node("MatMul", ["in", "w"], ["out"])
    constant = helper.make_node("Constant", [], ["w"], value=tensor)
    nodes, tensors = ([constant, product], []) if where == "a Constant" else ([product], [tensor])
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
        for name, width in (("in", 4), ("out", 2**17))
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    assert import_network(tmp_path / "m.onnx").out_features == 2**17
