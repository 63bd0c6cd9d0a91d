"""Files that PyTorch, scikit-learn and others write are read as networks; ONNX Runtime is the judge."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from digitnet.errors import ModelFileError
from digitnet.geometry import DIGITS_GEOMETRY
from digitnet.model_file import Model, load_model, save_model
from digitnet.onnx_file import export_network, import_network

RNG = np.random.default_rng(7)
W1, B1 = RNG.normal(size=(64, 12)).astype(np.float32), RNG.normal(size=12).astype(np.float32)
W2, B2 = RNG.normal(size=(12, 10)).astype(np.float32), RNG.normal(size=10).astype(np.float32)
NORM = [RNG.uniform(0.5, 2, 12).astype(np.float32) for _ in range(4)]


def node(kind, inputs, output, domain="", **attributes):
    return helper.make_node(
        kind, inputs.split(), output.split(), name=f"/{output}", domain=domain, **attributes
    )


def build(nodes, arrays, inputs=("batch", 64), outputs=(("out", TensorProto.FLOAT, [None, 10]),), opset=17):
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info(*output) for output in outputs],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, producer_name="pytorch", opset_imports=opsets, ir_version=8)


def torch_gemm():
    """nn.Sequential(Flatten, Linear, ReLU, Dropout, Linear) from torch.onnx.export."""
    nodes = [
        node("Flatten", "in", "flat", axis=1),
        node("Gemm", "flat 1.weight 1.bias", "a", alpha=1.0, beta=1.0, transB=1),
        node("Relu", "a", "b"),
        node("Gemm", "b 3.weight 3.bias", "out", alpha=1.0, beta=1.0, transB=1),
    ]
    arrays = {"1.weight": W1.T.copy(), "1.bias": B1, "3.weight": W2.T.copy(), "3.bias": B2}
    return build(nodes, arrays, inputs=("batch", 1, 8, 8))


def torch_view_and_norm():
    """A module with view(-1, 64), BatchNorm1d and a Linear without bias, constants as nodes."""
    nodes = [
        node("Constant", "", "shape", value=numpy_helper.from_array(np.array([-1, 64]))),
        node("Reshape", "in shape", "flat"),
        node("Transpose", "weight", "weight_t", perm=[1, 0]),
        node("MatMul", "flat weight_t", "a"),
        node("BatchNormalization", "a gain shift mean var", "b", epsilon=1e-5, momentum=0.9, training_mode=0),
        node("LeakyRelu", "b", "c", alpha=0.2),
        node("Gemm", "c w2 b2", "d", transB=0),
        node("Softmax", "d", "out", axis=-1),
    ]
    arrays = {"weight": W1.T.copy(), "w2": W2, "b2": B2}
    arrays |= dict(zip(("gain", "shift", "mean", "var"), NORM, strict=True))
    return build(nodes, arrays, inputs=("batch", 8, 8))


def sklearn_classifier():
    """MLPClassifier from skl2onnx: biases of shape (1, n), a label beside the probabilities, and ZipMap."""
    nodes = [
        node("MatMul", "in coefficient", "mul_result"),
        node("Add", "mul_result intercepts", "add_result"),
        node("Tanh", "add_result", "next_activations"),
        node("MatMul", "next_activations coefficient1", "mul_result1"),
        node("Add", "mul_result1 intercepts1", "add_result1"),
        node("Softmax", "add_result1", "out_activations_result", axis=1),
        node("Identity", "out_activations_result", "out"),
        node("ArgMax", "out", "argmax_output", axis=1),
        node("ArrayFeatureExtractor", "classes argmax_output", "extracted", domain="ai.onnx.ml"),
        node("Reshape", "extracted shape_tensor", "output_label"),
    ]
    arrays = {"coefficient": W1, "intercepts": B1[None], "coefficient1": W2, "intercepts1": B2[None]}
    arrays |= {"classes": np.arange(10), "shape_tensor": np.array([-1])}
    return build(
        nodes,
        arrays,
        outputs=(("output_label", TensorProto.INT64, [None]), ("out", TensorProto.FLOAT, [None, 10])),
    )


def keras_dense():
    """Dense layers as tf2onnx writes them: the bias may come first; opset 11; Identity at the end."""
    nodes = [
        node("MatMul", "in kernel", "a"),
        node("Add", "bias a", "b"),
        node("Sigmoid", "b", "c"),
        node("Dropout", "c", "d"),
        node("MatMul", "d kernel_1", "e"),
        node("Add", "e bias_1", "f"),
        node("Identity", "f", "out"),
    ]
    return build(nodes, {"kernel": W1, "bias": B1, "kernel_1": W2, "bias_1": B2}, opset=11)


def scaled_gemm():
    """Factors, a bias for all units alike, and no bias at all."""
    nodes = [
        node("Gemm", "in w1 one", "a", alpha=0.5, beta=3.0),
        node("Tanh", "a", "b"),
        node("Gemm", "b w2", "out", alpha=2.0),
    ]
    return build(nodes, {"w1": W1, "w2": W2, "one": np.array([0.25], np.float32)})


def in_float64():
    model = scaled_gemm()
    for tensor in model.graph.initializer:
        tensor.CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name)
        )
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return model


FILES = [torch_gemm, torch_view_and_norm, sklearn_classifier, keras_dense, scaled_gemm, in_float64]


def _saved(model, tmp_path):
    path = tmp_path / "foreign.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_layouts_of_other_programs(make, tmp_path):
    file = make()
    onnx.checker.check_model(file, full_check=True)
    session = onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    network = import_network(_saved(file, tmp_path))
    shape = [25, *session.get_inputs()[0].shape[1:]]
    inputs = np.random.default_rng(1).normal(size=shape).astype(network.dtype)
    (expected,) = session.run(["out"], {"in": inputs})
    np.testing.assert_allclose(network.predict(inputs.reshape(25, 64)), expected, rtol=1e-5, atol=1e-5)
    assert network.dtype == expected.dtype

    # What was read can leave again.
    export_network(network, tmp_path / "again.onnx")
    np.testing.assert_array_equal(import_network(tmp_path / "again.onnx").parameters, network.parameters)


def test_a_batch_norm_keeps_what_training_on_needs(tmp_path):
    layer = import_network(_saved(torch_view_and_norm(), tmp_path)).layers[1]
    assert (layer.epsilon, round(layer.momentum, 9)) == (1e-5, 0.1)
    np.testing.assert_array_equal(layer.running_variance, NORM[3])


def test_zip_map_only_packs_what_the_network_gives(tmp_path):
    file = sklearn_classifier()
    file.graph.node.append(
        node("ZipMap", "out", "output_probability", domain="ai.onnx.ml", classlabels_int64s=list(range(10)))
    )
    file.graph.output[1].CopyFrom(onnx.ValueInfoProto(name="output_probability"))
    assert import_network(_saved(file, tmp_path)).out_features == 10


def test_a_softmax_is_left_out_by_naming_what_stands_before_it(tmp_path):
    path = _saved(sklearn_classifier(), tmp_path)
    whole, logits = import_network(path), import_network(path, output="add_result1")
    assert [layer.kind for layer in whole.layers] == ["dense", "tanh", "dense", "softmax"]
    assert [layer.kind for layer in logits.layers] == ["dense", "tanh", "dense"]
    # Then it is a model that can be served.
    save_model(Model("foreign", logits, DIGITS_GEOMETRY), tmp_path / "m.safetensors")
    pixels = np.random.default_rng(0).integers(0, 17, (4, 8, 8)).astype(np.uint8)
    inputs = (pixels.reshape(4, 64) / 16).astype(np.float32)
    served = load_model(tmp_path / "m.safetensors").probabilities(pixels)
    np.testing.assert_allclose(served, whole.predict(inputs), atol=1e-6)


def test_several_outputs_are_a_question(tmp_path):
    file = torch_gemm()
    file.graph.output.add().CopyFrom(helper.make_tensor_value_info("b", TensorProto.FLOAT, None))
    with pytest.raises(ModelFileError, match=r"2 outputs of floats: out, b\. Name the one"):
        import_network(_saved(file, tmp_path))
    assert import_network(_saved(file, tmp_path), output="b").out_features == 12
    with pytest.raises(ModelFileError, match="'c' does not come from its input"):
        import_network(_saved(file, tmp_path), output="c")
