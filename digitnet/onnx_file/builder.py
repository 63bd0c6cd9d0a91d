"""Puts an ONNX graph together, node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from digitnet import __version__

#: Operator set and file version, those of ONNX 1.12 (June 2022): what ONNX Runtime reads from 1.12 on.
OPSET = 17
IR_VERSION = 8


class GraphBuilder:
    """Nodes and constants of a graph that is being made.

    >>> builder = GraphBuilder()
    >>> builder.node("Mul", ["inputs", builder.constant("two", np.float32(2))], "outputs")
    'outputs'
    >>> [node.op_type for node in builder.nodes]
    ['Mul']
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: Any) -> str:
        """Store an array or NumPy scalar in its own dtype; gives its name."""
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def scalar(self, name: str, value: float, dtype: Any = np.float64) -> str:
        """Store one number; gives its name."""
        self.constants[name] = numpy_helper.from_array(np.array(value, dtype), name)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node with one output, named like its output; gives that name."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def nodes_with_outputs(self, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        """Add a node with several outputs, named like the first of them."""
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **attributes))

    def model(
        self,
        name: str,
        inputs: list[onnx.ValueInfoProto],
        outputs: list[onnx.ValueInfoProto],
        description: str,
        metadata: dict[str, str],
    ) -> onnx.ModelProto:
        """The finished model, checked: every shape and type follows from those of the inputs."""
        graph = helper.make_graph(self.nodes, name, inputs, outputs, list(self.constants.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="digitnet",
            producer_version=__version__,
            doc_string=description,
        )
        for key, value in metadata.items():
            model.metadata_props.add(key=key, value=value)
        onnx.checker.check_model(model, full_check=True)
        return model


def value_info(name: str, dtype: Any, shape: tuple[int | str, ...], description: str) -> onnx.ValueInfoProto:
    """What a graph says of one of its inputs or outputs; a dimension that is a word is free."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, shape, description)
