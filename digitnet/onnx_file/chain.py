"""The ONNX graphs of other programs read as a network: a chain of nodes, each of them a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from digitnet.errors import ModelFileError
from digitnet.nn import Network
from digitnet.onnx_file.tensors import Constants, attributes_of, described
from digitnet.stored_network import network_from

#: More layers are no network that was meant.
MAX_LAYERS = 1000
# More numbers than a file of the largest size holds come from weights that are used again and again.
_MAX_NUMBERS = 16 * 2**20
_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)
# A network's output is none of these: labels and decisions are made of it.
_NO_OUTPUTS = (TensorProto.INT64, TensorProto.INT32, TensorProto.STRING, TensorProto.BOOL)


def chain_of(graph: onnx.GraphProto, output: str | None = None) -> Network:
    """The network that computes the graph's output from its input.

    Args:
        graph: as :func:`~digitnet.onnx_file.import_network` describes it.
        output: name of the tensor that the network gives; by default the graph's only output of floats.

    Raises:
        ModelFileError, ConfigurationError: a node or a shape that makes no network here.
    """
    constants = Constants(graph)
    chain = _Chain(constants)
    for node in _nodes(graph, constants, output or _float_output(graph)):
        chain.add(node)
    return chain.network()


def _float_output(graph: onnx.GraphProto) -> str:
    names = [value.name for value in graph.output if value.type.tensor_type.elem_type not in _NO_OUTPUTS]
    if len(names) != 1:
        raise ModelFileError(
            f"it has {len(names)} outputs of floats{': ' * bool(names)}{', '.join(names[:9])}. Name the "
            "one to read with output=…"
        )
    return str(names[0])


def _nodes(graph: onnx.GraphProto, constants: Constants, value: str) -> list[onnx.NodeProto]:
    """The nodes between the graph's input and a tensor, in the order of computation."""
    inputs = {entry.name for entry in graph.input} - constants.stored.keys()
    nodes: list[onnx.NodeProto] = []
    while value not in inputs:
        node = constants.producers.get(value)
        if node is None:
            raise ModelFileError(f"its tensor {value!r} does not come from its input.")
        if len(nodes) > 2 * MAX_LAYERS:
            raise ModelFileError(f"it is a chain of more than {2 * MAX_LAYERS} nodes, or a circle.")
        if value != node.output[0]:
            raise ModelFileError(f"its {described(node)} is used for more than its first output.")
        nodes.append(node)
        changing = [name for name in node.input if name and constants.get(name) is None]
        if len(changing) != 1 or (changing[0] != node.input[0] and node.op_type != "Add"):
            raise ModelFileError(
                f"its {described(node)} takes {len(changing)} values that are no constants; in a chain that "
                "is one, the first."
            )
        value = changing[0]
    return nodes[::-1]


class _Chain:
    """The layers that nodes stand for, as a description and arrays, until a network is made of them."""

    def __init__(self, constants: Constants) -> None:
        self._constants = constants
        self._layers: list[dict[str, Any]] = []
        self._arrays: dict[str, NDArray[Any]] = {}
        self._numbers = 0

    def add(self, node: onnx.NodeProto) -> None:
        """Add what a node stands for."""
        known = _KNOWN.get(node.op_type)
        if known is None or node.domain not in ("", "ai.onnx", "ai.onnx.ml"):
            before = f"output={node.input[0]!r}" if node.input else "output=…"
            raise ModelFileError(
                f"its {described(node)} is not known here; known are {', '.join(_KNOWN)}. If it only comes "
                f"after the network, read what stands before it: {before}."
            )
        known(self, node)

    def network(self) -> Network:
        """The network; its dtype is float64 if one of its arrays has it."""
        if len(self._layers) > MAX_LAYERS:
            raise ModelFileError(f"it has {len(self._layers)} layers; at most {MAX_LAYERS} are read.")
        dtype = np.result_type(np.float32, *(array.dtype for array in self._arrays.values()))
        return network_from(self._layers, self._arrays, dtype)

    def gemm(self, node: onnx.NodeProto) -> None:
        """``alpha · inputs · B + beta · C``, B transposed or not."""
        given = attributes_of(node, alpha=1.0, beta=1.0, transA=0, transB=0)
        if given["transA"]:
            raise ModelFileError(f"its {described(node)} transposes its input; a layer does not.")
        weight = self._constant(node, 1, 2)
        self._dense(weight.T if given["transB"] else weight, given["alpha"])
        if len(node.input) > 2 and node.input[2]:
            self._bias(node, self._constant(node, 2), given["beta"])

    def matmul(self, node: onnx.NodeProto) -> None:
        """``inputs · B``."""
        self._dense(self._constant(node, 1, 2))

    def plus(self, node: onnx.NodeProto) -> None:
        """The bias of the Dense layer before it."""
        if not self._layers or self._layers[-1].get("use_bias") is not False:
            raise ModelFileError(f"its {described(node)} does not follow a product without a bias.")
        place = 0 if self._constants.get(node.input[0]) is not None else 1
        self._bias(node, self._constant(node, place))

    def batch_norm(self, node: onnx.NodeProto) -> None:
        """Normalisation with running statistics; ONNX's momentum weighs the old, a BatchNorm's the new."""
        given = attributes_of(node, epsilon=1e-5, momentum=0.9, training_mode=0)
        if given["training_mode"] or len([name for name in node.output if name]) > 1:
            raise ModelFileError(
                f"its {described(node)} is in training mode. Export the model for prediction."
            )
        momentum = 1 - _as_written(given["momentum"])
        arrays = [self._constant(node, place, 1) for place in range(1, 5)]
        self._add("batch_norm", features=arrays[0].size, epsilon=_as_written(given["epsilon"]))
        if 0 < momentum <= 1:  # only further training asks for it
            self._layers[-1]["momentum"] = momentum
        for name, array in zip(("gain", "shift", "running_mean", "running_variance"), arrays, strict=True):
            self._keep(name, array)
        if (arrays[3] < 0).any():
            raise ModelFileError(f"its {described(node)} has negative variances.")

    def leaky_relu(self, node: onnx.NodeProto) -> None:
        """``x`` if x > 0 else ``alpha · x``."""
        self._add("leaky_relu", slope=_as_written(attributes_of(node, alpha=0.01)["alpha"]))

    def softmax(self, node: onnx.NodeProto) -> None:
        """Softmax of each row."""
        if (axis := attributes_of(node, axis=1)["axis"]) not in (1, -1):
            raise ModelFileError(f"its {described(node)} is along axis {axis}; axis 1, each row, is known.")
        self._add("softmax")

    def flatten(self, node: onnx.NodeProto) -> None:
        """Every sample as one row: what networks here get anyway."""
        if (axis := attributes_of(node, axis=1)["axis"]) != 1:
            raise ModelFileError(f"its {described(node)} is along axis {axis}; axis 1 is known.")

    def reshape(self, node: onnx.NodeProto) -> None:
        """The same, said by Reshape: one row a sample, before the first layer."""
        shape = self._constant(node, 1).tolist()
        if self._layers or len(shape) != 2 or shape[0] not in (-1, 0, 1):
            raise ModelFileError(f"its {described(node)} gives the shape {shape[:9]}, not one row a sample.")

    def dropout(self, node: onnx.NodeProto) -> None:
        """Nothing, unless it is told to train."""
        training = self._constants.get(node.input[2]) if len(node.input) > 2 and node.input[2] else None
        if training is not None and training.any():
            raise ModelFileError(
                f"its {described(node)} is in training mode. Export the model for prediction."
            )

    def nothing(self, node: onnx.NodeProto) -> None:
        """A node that passes its input on."""

    def _dense(self, weight: NDArray[Any], factor: float = 1.0) -> None:
        self._add("dense", in_features=weight.shape[0], out_features=weight.shape[1], use_bias=False)
        self._keep("weight", _times(weight, factor))

    def _bias(self, node: onnx.NodeProto, bias: NDArray[Any], factor: float = 1.0) -> None:
        width = self._layers[-1]["out_features"]
        if bias.dtype.kind != "f" or bias.size not in (1, width) or bias.shape[-1:] not in ((), (bias.size,)):
            raise ModelFileError(
                f"its {described(node)} adds {bias.dtype} of shape {bias.shape}; floats of shape "
                f"({width},) were expected."
            )
        self._layers[-1]["use_bias"] = True
        self._keep("bias", np.broadcast_to(_times(bias.reshape(-1), factor), (width,)))

    def _add(self, kind: str, **arguments: Any) -> None:
        self._layers.append({"kind": kind, **arguments})

    def _keep(self, name: str, array: NDArray[Any]) -> None:
        self._numbers += array.size
        if self._numbers > _MAX_NUMBERS:
            raise ModelFileError(f"it has more than {_MAX_NUMBERS} weights.")
        self._arrays[f"layers.{len(self._layers) - 1}.{name}"] = array

    def _constant(self, node: onnx.NodeProto, place: int, dimensions: int | None = None) -> NDArray[Any]:
        """A constant input of a node, with so many dimensions."""
        array = self._constants.get(node.input[place]) if place < len(node.input) else None
        if array is None:
            raise ModelFileError(
                f"its {described(node)} takes no constant as input {place}, where one was expected."
            )
        if dimensions is not None and (array.ndim != dimensions or array.dtype.kind != "f"):
            raise ModelFileError(
                f"its {described(node)} takes {array.dtype} of shape {array.shape} as input {place}; "
                f"floats with {dimensions} dimension{'s' * (dimensions > 1)} were expected."
            )
        return array


_KNOWN: dict[str, Callable[[_Chain, onnx.NodeProto], None]] = {
    "Gemm": _Chain.gemm,
    "MatMul": _Chain.matmul,
    "Add": _Chain.plus,
    "Relu": lambda chain, _: chain._add("relu"),
    "LeakyRelu": _Chain.leaky_relu,
    "Sigmoid": lambda chain, _: chain._add("sigmoid"),
    "Tanh": lambda chain, _: chain._add("tanh"),
    "Softmax": _Chain.softmax,
    "BatchNormalization": _Chain.batch_norm,
    "Flatten": _Chain.flatten,
    "Reshape": _Chain.reshape,
    "Identity": _Chain.nothing,
    "Dropout": _Chain.dropout,
    "ZipMap": _Chain.nothing,
}


def _as_written(number: float) -> float:
    """A float32 attribute as the decimal it was written as: 0.01, not 0.009999999776."""
    return float(str(np.float32(number)))


def _times(array: NDArray[Any], factor: float) -> NDArray[Any]:
    # What overflows is found out later, with all that is not finite.
    with np.errstate(over="ignore", invalid="ignore"):
        return array if factor == 1 else array * array.dtype.type(factor)
