"""Arrays and attributes out of an ONNX graph, none believed before its type, place and size are looked at."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from digitnet.errors import ModelFileError

# Types that are read, and the field that holds their numbers where they are not packed into raw_data.
_TYPES: dict[int, tuple[type, str]] = {
    TensorProto.FLOAT: (np.float32, "float_data"),
    TensorProto.DOUBLE: (np.float64, "double_data"),
    TensorProto.INT64: (np.int64, "int64_data"),
    TensorProto.BOOL: (np.bool_, "int32_data"),
}
# A constant is reached through so many Identity and Transpose nodes at most.
_DEEPEST = 100


def array_of(tensor: onnx.TensorProto) -> NDArray[Any]:
    """A stored array.

    Raises:
        ModelFileError: it is of a type that is not read, is kept in another file, or its size is not what
            its shape says.
    """
    name = repr(tensor.name or "without a name")
    if tensor.data_type not in _TYPES:
        known = tensor.data_type in TensorProto.DataType.values()
        kind = TensorProto.DataType.Name(tensor.data_type) if known else "of an unknown type"
        raise ModelFileError(f"its array {name} is {kind}; FLOAT and DOUBLE are read.")
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise ModelFileError(
            f"its array {name} is kept in another file. Save the model as one file, with its weights inside."
        )
    dtype, field = _TYPES[tensor.data_type]
    packed = tensor.HasField("raw_data")
    size = len(tensor.raw_data) / np.dtype(dtype).itemsize if packed else len(getattr(tensor, field))
    shape = tuple(tensor.dims)
    if any(width < 0 for width in shape) or math.prod(shape) != size:
        raise ModelFileError(f"its array {name} has the shape {shape}, but holds {size:g} numbers.")
    return np.asarray(numpy_helper.to_array(tensor))


def attributes_of(node: onnx.NodeProto, **defaults: Any) -> dict[str, Any]:
    """The attributes of a node that are asked for: floats or whole numbers, as their defaults are."""
    for attribute in node.attribute:
        if attribute.name in defaults:
            value = attribute.f if isinstance(defaults[attribute.name], float) else attribute.i
            defaults[attribute.name] = value
    return defaults


def described(node: onnx.NodeProto) -> str:
    """How messages name a node."""
    name = node.name or (node.output[0] if node.output else "")
    return f"node {name!r} ({node.op_type})"


class Constants:
    """The arrays of a graph that do not depend on its inputs, by the name of their tensor.

    Stored arrays, ``Constant`` nodes, and what ``Identity`` and ``Transpose`` make of them.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        self.producers = {name: node for node in graph.node for name in node.output if name}
        self._known: dict[str, NDArray[Any] | None] = {}

    def get(self, name: str) -> NDArray[Any] | None:
        """The array, or None for a tensor that is none; raises ModelFileError as :func:`array_of`."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> NDArray[Any] | None:
        transposed = False
        for _ in range(_DEEPEST):
            if name in self.stored:
                array = array_of(self.stored[name])
                return array.T if transposed else array
            node = self.producers.get(name)
            if node is None or node.op_type not in ("Constant", "Identity", "Transpose"):
                return None
            if node.op_type == "Constant":
                array = _constant(node)
                return array.T if transposed else array
            if not node.input:
                return None
            if node.op_type == "Transpose":
                # Without perm all axes are reversed; what has fewer than two is the same either way.
                perm = next((list(entry.ints) for entry in node.attribute if entry.name == "perm"), [1, 0])
                if perm not in ([1, 0], [0, 1], [0]):
                    raise ModelFileError(
                        f"its {described(node)} reorders the axes as {perm}; [1, 0] is known."
                    )
                transposed ^= perm == [1, 0]
            name = node.input[0]
        raise ModelFileError(f"its tensor {name!r} is passed on too often before it is used.")


def _constant(node: onnx.NodeProto) -> NDArray[Any]:
    for attribute in node.attribute:
        if attribute.name == "value" and attribute.type == onnx.AttributeProto.TENSOR:
            return array_of(attribute.t)
        if attribute.name in ("value_float", "value_int", "value_ints", "value_floats"):
            dtype = np.float32 if "float" in attribute.name else np.int64
            return np.array(helper.get_attribute_value(attribute), dtype)
    raise ModelFileError(f"its {described(node)} has no value that is read here.")
