"""Networks and models written as ONNX files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from digitnet.files import write_atomically
from digitnet.geometry import CLASSES
from digitnet.model_file import Model
from digitnet.nn import Network
from digitnet.nn.arrays import to_numpy
from digitnet.onnx_file.answer import add_answer
from digitnet.onnx_file.builder import GraphBuilder, value_info
from digitnet.onnx_file.describe import model_metadata, network_metadata
from digitnet.onnx_file.layers import add_network

_BATCH = "batch"


def network_to_onnx(network: Network) -> onnx.ModelProto:
    """A network as an ONNX model that computes what :meth:`~digitnet.nn.Network.predict` computes.

    The graph has one input, ``inputs (batch, in_features)``, and one output, ``outputs (batch,
    out_features)``, both in the network's dtype; any batch size will do. Dense becomes ``Gemm``, BatchNorm
    ``BatchNormalization`` with the running statistics; Dropout and GradientClip, which only training sees,
    vanish. Operator set 17, file version 8.

    A float64 network gives a float64 graph, save that ONNX keeps the slope of a LeakyReLU and the epsilon of
    a BatchNorm as float32, about seven digits of them. Programs on small devices often know float32 alone:
    make the network in float32 for them.

    Raises:
        ConfigurationError: a kind of layer without a counterpart, or weights that are not finite.

    >>> from digitnet.nn import Dense, ReLU
    >>> network = Network([Dense(2, 3), ReLU(), Dense(3, 1)], rng=np.random.default_rng(0))
    >>> [node.op_type for node in network_to_onnx(network).graph.node]
    ['Gemm', 'Relu', 'Gemm']
    """
    builder = GraphBuilder()
    add_network(builder, network, "inputs", "outputs")
    return builder.model(
        "network",
        [value_info("inputs", network.dtype, (_BATCH, network.in_features), "one sample a row")],
        [value_info("outputs", network.dtype, (_BATCH, network.out_features), "what the network gives")],
        f"A multi-layer perceptron with {network.in_features} inputs and {network.out_features} outputs.",
        network_metadata(network),
    )


def model_to_onnx(model: Model) -> onnx.ModelProto:
    """A model as an ONNX model that gives the same digits, confidences and decisions.

    Input: ``inputs (batch, features)``, float32 in [0, 1], made as the metadata entry
    ``how_to_make_inputs`` says (here: :func:`~digitnet.imaging.to_inputs`). Outputs:

    - ``probabilities (batch, 10)``, float32: :meth:`~digitnet.model_file.Model.probabilities`, calibrated,
    - ``digit (batch,)``, int64: the most probable one,
    - ``confidence (batch,)``, float32: its probability,
    - ``accepted (batch,)``, bool: whether that reaches the rejection threshold,
    - ``scores (batch, 10)``, float32: :meth:`~digitnet.model_file.Model.scores`, not yet calibrated,
    - ``logits (batch, 10 or 11)``, float32: what the network itself gives.

    The network computes in float32, as a model file keeps it; what follows the logits is in float64, as in
    the library.

    Raises:
        ConfigurationError: as :func:`network_to_onnx`.

    >>> from digitnet.model_file import load_model
    >>> exported = model_to_onnx(load_model("models/digits.safetensors"))
    >>> [output.name for output in exported.graph.output]
    ['probabilities', 'digit', 'confidence', 'accepted', 'scores', 'logits']
    """
    network, geometry = _in_float32(model.network), model.geometry
    builder = GraphBuilder()
    add_network(builder, network, "inputs", "logits")
    add_answer(builder, replace(model, network=network))
    metadata = model_metadata(model)
    return builder.model(
        "digits",
        [value_info("inputs", np.float32, (_BATCH, geometry.features), metadata["how_to_make_inputs"])],
        [
            value_info("probabilities", np.float32, (_BATCH, CLASSES), "calibrated, of the digits 0 to 9"),
            value_info("digit", np.int64, (_BATCH,), "the most probable digit"),
            value_info("confidence", np.float32, (_BATCH,), "its probability"),
            value_info("accepted", np.bool_, (_BATCH,), "whether the confidence reaches the threshold"),
            value_info("scores", np.float32, (_BATCH, CLASSES), "probabilities before they are calibrated"),
            value_info("logits", np.float32, (_BATCH, network.out_features), "what the network gives"),
        ],
        f"Handwritten digits: the model {model.name}, version {metadata['version']}. "
        f"{metadata['how_to_make_inputs']} {metadata['how_to_read_outputs']}",
        metadata,
    )


def export_network(network: Network, path: str | Path) -> None:
    """Write :func:`network_to_onnx` to a file, atomically; the same network always gives the same bytes.

    Raises:
        ConfigurationError: as :func:`network_to_onnx`.
        DigitnetError: the file cannot be written.

    >>> import tempfile
    >>> from digitnet.nn import Dense
    >>> path = Path(tempfile.mkdtemp()) / "line.onnx"
    >>> export_network(Network([Dense(1, 1)], rng=np.random.default_rng(0)), path)
    >>> onnx.load(path).graph.node[0].op_type
    'Gemm'
    """
    _write(network_to_onnx(network), path)


def export_model(model: Model, path: str | Path) -> None:
    """Write :func:`model_to_onnx` to a file, atomically; the same model always gives the same bytes.

    Raises:
        ConfigurationError: as :func:`network_to_onnx`.
        DigitnetError: the file cannot be written.

    >>> import tempfile
    >>> from digitnet.model_file import load_model
    >>> path = Path(tempfile.mkdtemp()) / "digits.onnx"
    >>> export_model(load_model("models/digits.safetensors"), path)
    >>> onnx.load(path).graph.input[0].name
    'inputs'
    """
    _write(model_to_onnx(model), path)


def _in_float32(network: Network) -> Network:
    """The network itself if it is in float32, else a copy that is."""
    if network.dtype == np.float32:
        return network
    copy = Network.from_architecture(network.architecture())
    copy.parameters[...], copy.state[...] = to_numpy(network.parameters), to_numpy(network.state)
    return copy


def _write(model: onnx.ModelProto, path: str | Path) -> None:
    write_atomically(Path(path), model.SerializeToString(deterministic=True))
