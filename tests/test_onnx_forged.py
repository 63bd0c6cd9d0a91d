"""ONNX files that are no plain chain of layers are refused, with a sentence that names what is in the way."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from digitnet.errors import ModelFileError
from digitnet.onnx_file import import_network


def node(kind, inputs, output, domain="", **attributes):
    return helper.make_node(
        kind, inputs.split(), output.split(), name=f"/{output}", domain=domain, **attributes
    )


def _plain():
    """Flatten, Gemm, Relu and Gemm, as torch.onnx.export writes them: what each case changes."""
    rng = np.random.default_rng(7)
    shapes = {"1.weight": (12, 64), "1.bias": (12,), "3.weight": (10, 12), "3.bias": (10,)}
    nodes = [
        node("Flatten", "in", "flat", axis=1),
        node("Gemm", "flat 1.weight 1.bias", "a", transB=1),
        node("Relu", "a", "b"),
        node("Gemm", "b 3.weight 3.bias", "out", transB=1),
    ]
    ends = [
        helper.make_tensor_value_info("in", TensorProto.FLOAT, ("batch", 1, 8, 8)),
        helper.make_tensor_value_info("out", TensorProto.FLOAT, ("batch", 10)),
    ]
    arrays = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    return helper.make_model(helper.make_graph(nodes, "main_graph", ends[:1], ends[1:], arrays))


def test_what_the_cases_change_is_read(tmp_path):
    (tmp_path / "plain.onnx").write_bytes(_plain().SerializeToString())
    network = import_network(tmp_path / "plain.onnx")
    assert (network.in_features, network.out_features) == (64, 10)


def _replace(index, new, *more):
    def change(graph):
        graph.node[index].CopyFrom(new)
        graph.node.extend(more)

    return change


def _array(name, value):
    def change(graph):
        (tensor,) = (tensor for tensor in graph.initializer if tensor.name == name)
        tensor.CopyFrom(numpy_helper.from_array(value, name))

    return change


FORGED = {
    "an unknown operator": (
        _replace(2, node("Erf", "a", "b")),
        r"'/b' \(Erf\) is not known here.*output='a'",
    ),
    "another domain": (_replace(2, node("Relu", "a", "b", domain="com.example")), r"\(Relu\) is not known"),
    "a skip connection": (_replace(2, node("Add", "a a", "b")), r"'/b' \(Add\) takes 2 values"),
    "a sum of nothing": (
        _replace(2, node("Add", "a 1.bias", "b")),
        r"does not follow a product without a bias",
    ),
    "a product from the left": (_replace(2, node("MatMul", "1.weight a", "b")), r"takes 1 values.*the first"),
    "a transposed input": (
        _replace(1, node("Gemm", "flat 1.weight 1.bias", "a", transA=1, transB=1)),
        "transposes its input",
    ),
    "a softmax of columns": (_replace(2, node("Softmax", "a", "b", axis=0)), "along axis 0"),
    "flattened to one row": (_replace(0, node("Flatten", "in", "flat", axis=0)), "along axis 0; axis 1"),
    "reshaped to three": (
        _replace(
            0,
            node("Reshape", "in s", "flat"),
            node("Constant", "", "s", value=numpy_helper.from_array(np.array([-1, 8, 8]))),
        ),
        r"\[-1, 8, 8\], not one row a sample",
    ),
    "a shape that is computed": (
        _replace(0, node("Reshape", "in s", "flat"), node("Shape", "in", "s")),
        r"'/flat' \(Reshape\) takes 2 values",
    ),
    "dropout in training": (
        _replace(
            2,
            node("Dropout", "a r t", "b"),
            node("Constant", "", "r", value_float=0.5),
            node("Constant", "", "t", value=numpy_helper.from_array(np.array(True))),
        ),
        "training mode",
    ),
    "batch norm in training": (
        _replace(2, node("BatchNormalization", "a 1.bias 1.bias 1.bias 1.bias", "b", training_mode=1)),
        "training mode",
    ),
    "negative variances": (
        _replace(2, node("BatchNormalization", "a 1.bias 1.bias 1.bias 1.bias", "b")),
        "negative variances",
    ),
    "a slope that is too steep": (_replace(2, node("LeakyRelu", "a", "b", alpha=1.5)), r"\[0, 1\); got 1.5"),
    "a mask for a value": (_replace(2, node("Dropout", "a", "c b")), "more than its first output"),
    "a weight with three axes": (
        _array("1.weight", np.ones((12, 64, 1), np.float32)),
        r"\(12, 64, 1\).*2 dim",
    ),
    "whole numbers for weights": (_array("1.weight", np.ones((12, 64), np.int64)), "takes int64"),
    "half precision": (_array("3.weight", np.ones((10, 12), np.float16)), "'3.weight' is FLOAT16"),
    "a bias that does not fit": (_array("3.bias", np.ones(9, np.float32)), r"shape \(9,\).*\(10,\)"),
    "a bias for each sample": (_array("3.bias", np.ones((10, 1), np.float32)), r"shape \(10, 1\)"),
    "widths that do not fit": (_array("3.weight", np.ones((10, 13), np.float32)), "expects 13 inputs"),
    "no numbers": (_array("3.bias", np.full(10, np.nan, np.float32)), "NaN or infinite"),
    "no layer at all": (_replace(3, node("Identity", "in", "out")), "at least one layer"),
    "a constant": (_replace(3, node("Identity", "3.bias", "out")), "takes 0 values"),
    "a tensor from nowhere": (_replace(3, node("Relu", "nowhere", "out")), "'nowhere' does not come from"),
    "a circle": (_replace(3, node("Relu", "out", "out")), "a circle"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_no_plain_network_is_a_sentence(case, tmp_path):
    change, words = FORGED[case]
    file = _plain()
    change(file.graph)
    (tmp_path / "forged.onnx").write_bytes(file.SerializeToString())
    with pytest.raises(ModelFileError, match=words):
        import_network(tmp_path / "forged.onnx")
