"""ONNX files read: those written here exactly, those of others if they are plain multi-layer perceptrons.

Reading runs nothing and follows no reference to another file. A file of ours is believed only when writing
what was read gives the same graph again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError, ModelFileError
from digitnet.model_file import Model, model_from
from digitnet.nn import Network
from digitnet.onnx_file.chain import MAX_LAYERS, chain_of
from digitnet.onnx_file.describe import checksum_of, header_from
from digitnet.onnx_file.structure import check_structure, damaged
from digitnet.onnx_file.tensors import array_of
from digitnet.onnx_file.writing import model_to_onnx, network_to_onnx
from digitnet.stored_network import network_from

#: Larger files are refused.
MAX_BYTES = 64 * 2**20
# Many times the nodes of a network that was meant, labels and decisions included.
_MAX_NODES = 10_000


def import_model(path: str | Path) -> Model:
    """Read a model that :func:`export_model` wrote: the same weights bit for bit, and all that it said.

    Saved with :func:`~digitnet.model_file.save_model` it is the file that it was before it was exported.

    Raises:
        ModelFileError: the file cannot be read; it was not written by :func:`export_model`; its graph, its
            weights or its metadata have been changed since.

    >>> import tempfile
    >>> from digitnet.model_file import load_model
    >>> from digitnet.onnx_file import export_model
    >>> model, path = load_model("models/digits.safetensors"), Path(tempfile.mkdtemp()) / "digits.onnx"
    >>> export_model(model, path)
    >>> import_model(path).version == model.version
    True
    """
    path = Path(path)
    with _refusing(path):
        return _own_model(_parsed(path))


def import_network(path: str | Path, *, output: str | None = None) -> Network:
    """Read the network in an ONNX file.

    Files written here come back as they were, layers that only training sees included. Files of other
    programs are read if they are a chain of Gemm, MatMul and Add, Relu, LeakyRelu, Sigmoid, Tanh, Softmax and
    BatchNormalization in float32 or float64; Flatten, Reshape to rows, Identity, Dropout and ZipMap change
    nothing and vanish. PyTorch and scikit-learn (by skl2onnx) write multi-layer perceptrons so.

    Args:
        path: of the file.
        output: name of the tensor that the network gives; needed only where a file of another program has
            several outputs of floats. It may lie within the graph: the one before a last Softmax, say.

    Raises:
        ModelFileError: the file cannot be read; it is larger than 64 MiB, or 1 MiB beside its arrays; it
            keeps its weights elsewhere; a node that is not known, named in the message; shapes that do not
            fit; weights that are no numbers.

    >>> import tempfile
    >>> from digitnet.nn import Dense, Dropout
    >>> from digitnet.onnx_file import export_network
    >>> network, path = Network([Dense(2, 3), Dropout(0.5)], rng=None), Path(tempfile.mkdtemp()) / "n.onnx"
    >>> export_network(network, path)
    >>> import_network(path).layers
    [Dense(in_features=2, out_features=3, use_bias=True), Dropout(rate=0.5)]
    """
    path = Path(path)
    with _refusing(path):
        file = _parsed(path)
        metadata = _metadata(file)
        if output is not None or "architecture" not in metadata:
            return chain_of(file.graph, output)
        return _own_model(file).network if "geometry" in metadata else _own_network(file)


_CHANGED = (
    "its graph, weights and metadata do not belong together; it has been changed since it was exported. "
    "Export it anew."
)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Whatever is wrong with a file as one sentence that names it."""
    try:
        yield
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}. Name another file.") from error
    except (ModelFileError, ConfigurationError) as error:
        raise ModelFileError(f"The ONNX file {path} is refused: {error}") from error


def _parsed(path: Path) -> onnx.ModelProto:
    if path.is_dir():
        raise ModelFileError("it is a folder; name a file.")
    if path.stat().st_size > MAX_BYTES:
        raise ModelFileError(f"it is larger than {MAX_BYTES // 2**20} MiB.")
    content = path.read_bytes()
    check_structure(content)
    try:
        file = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise damaged() from error
    if not 0 < len(file.graph.node) <= _MAX_NODES:
        raise ModelFileError(
            f"its graph has {len(file.graph.node)} nodes; 1 to {_MAX_NODES} are read. Is it an ONNX file?"
        )
    # What is no UTF-8 is given as bytes.
    if not all(isinstance(text, str) for text in _texts(file)):
        raise ModelFileError("a name in it is no text; it is damaged.")
    return file


def _texts(file: onnx.ModelProto) -> Iterator[object]:
    """All names in a file."""
    yield file.producer_name
    for entry in file.metadata_props:
        yield from (entry.key, entry.value)
    for named in (*file.graph.initializer, *file.graph.input, *file.graph.output):
        yield named.name
    for node in file.graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)


def _metadata(file: onnx.ModelProto) -> dict[str, str]:
    """The metadata, if digitnet wrote them."""
    return (
        {entry.key: entry.value for entry in file.metadata_props} if file.producer_name == "digitnet" else {}
    )


def _own_model(file: onnx.ModelProto) -> Model:
    metadata = _metadata(file)
    if "geometry" not in metadata:
        raise ModelFileError(
            "it does not say how a digit lies in its inputs, as a model that was exported here does. Read "
            "its network with digitnet.onnx_file.import_network and make a Model of it and a Geometry."
        )
    header = header_from(metadata)
    _check_length(header.get("architecture"))
    model = model_from(header, _arrays(file))
    model = replace(model, checksum=checksum_of(model))
    # The graph without the metadata would do, but not for what no graph knows, such as the provenance.
    if model_to_onnx(model).graph != file.graph or model.version != metadata.get("version"):
        raise ModelFileError(_CHANGED)
    return model


def _own_network(file: onnx.ModelProto) -> Network:
    architecture, arrays = header_from(_metadata(file))["architecture"], _arrays(file)
    _check_length(architecture)
    network = network_from(
        architecture, arrays, np.result_type(np.float32, *(a.dtype for a in arrays.values()))
    )
    if network_to_onnx(network).graph != file.graph:
        raise ModelFileError(_CHANGED)
    return network


def _arrays(file: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """The weights of a file of ours: the stored arrays that are named like a layer's."""
    stored = file.graph.initializer
    return {tensor.name: array_of(tensor) for tensor in stored if tensor.name.startswith("layers.")}


def _check_length(architecture: Any) -> None:
    if not isinstance(architecture, list) or len(architecture) > MAX_LAYERS:
        raise ModelFileError(f"its architecture is no list of at most {MAX_LAYERS} layers.")
