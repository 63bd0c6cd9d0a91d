"""One step of training, cut up: who computes which rows of a batch and which part of the weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.crew.rendezvous import shared_empty
from digitnet.nn.activations import Activation
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.layers import Dense, Layer
from digitnet.nn.memory import hand_out_memory
from digitnet.nn.network import Network
from digitnet.nn.optimizers import Optimizer

Array = NDArray[np.floating[Any]]


class SharedStep:
    """The arrays of a training step in shared memory, and its three stages for one member of a crew.

    A step on a batch of n rows with k members, for a chain of Dense layers and activations:

    1. :meth:`forward`: a member takes n/k rows of the data set through all layers;
    2. :meth:`backward`: it takes ∂loss/∂outputs of its rows back through all layers;
    3. :meth:`update`: it computes ``inputsᵀ · grad_output`` over all rows for its k-th part of the weights,
       and lets the optimiser (and the moving average) update that part.

    In exact arithmetic this is :meth:`digitnet.training.Trainer.step`; sums are rounded in another order.
    Between two stages everybody waits for everybody.

    Args:
        network: whose layers are copied; the copies' parameters lie in shared memory.
        optimizer: whose memory is copied likewise.
        average: likewise, or None.
        inputs: ``(rows, in_features)``, the data set.
        batch_size: the largest n.
        members: k.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        average: WeightAverage | None,
        inputs: Array,
        batch_size: int,
        members: int,
    ) -> None:
        self.layers: list[Layer] = [copy.copy(layer) for layer in network.layers]
        memory = hand_out_memory(self.layers, np, network.dtype, empty=shared_empty)
        for layer in self.layers:
            layer.use_arrays_of(np)
        self.parameters, self.gradients = memory.parameters, memory.gradients
        self.optimizer, self.average, self.members = optimizer, average, members
        size = self.parameters.size
        self.memory = {name: shared_empty(size, network.dtype) for name in optimizer.memory}
        self.averaged = shared_empty(size, network.dtype) if average else None
        self._data = inputs
        self.first_dense = next(i for i, layer in enumerate(self.layers) if isinstance(layer, Dense))
        self._inputs = shared_empty((batch_size, network.in_features), network.dtype)
        widths, width = [], network.in_features
        for layer in self.layers:
            width = layer.output_width(width)
            widths.append(width)
        #: What each layer gave, and ∂loss/∂ that.
        self.outputs = [shared_empty((batch_size, width), network.dtype) for width in widths]
        self.grad_outputs = [shared_empty((batch_size, width), network.dtype) for width in widths]
        self.parts = _parts(self.layers, members, memory.weight_count, size)
        self._blocks = [
            optimizer.blocks(self.parameters, self.gradients, self.memory, [part], memory.weight_count)
            for part in self.parts
        ]

    def forward(self, member: int, rows: NDArray[np.int64]) -> None:
        """Outputs of this member's share of the batch that consists of the data set's ``rows``."""
        part = self._share(member, len(rows))
        values = self._inputs[part]
        np.take(self._data, rows[part], axis=0, out=values, mode="clip")
        for layer, outputs in zip(self.layers, self.outputs, strict=True):
            out = outputs[part]
            if isinstance(layer, Dense):
                np.matmul(values, layer.weight, out=out)
                if layer.use_bias:
                    out += layer.bias
            elif isinstance(layer, Activation):
                layer.function(values, out)
            values = out

    def backward(self, member: int, rows: int) -> None:
        """∂loss/∂ what each layer gave, from the last layer's, for this member's share of a batch."""
        part = self._share(member, rows)
        for index in range(len(self.layers) - 1, self.first_dense, -1):
            layer, grad, below = self.layers[index], self.grad_outputs[index], self.grad_outputs[index - 1]
            if isinstance(layer, Dense):
                np.matmul(grad[part], layer.weight.T, out=below[part])
            elif isinstance(layer, Activation):
                layer.pull_back(self.outputs[index][part], grad[part], below[part])

    def update(self, member: int, rows: int, learning_rate: float) -> None:
        """Gradient of this member's part of the weights, and the optimiser's step on it."""
        start, stop = self.parts[member]
        offset = 0
        for index, layer in self._dense():
            units = layer.out_features
            first, last = (
                max(0, (edge - offset) // units) for edge in (start, min(stop, offset + layer.weight.size))
            )
            inputs = self.outputs[index - 1] if index else self._inputs
            grad = self.grad_outputs[index][:rows]
            if first < last:
                np.matmul(inputs[:rows, first:last].T, grad, out=layer.grad_weight[first:last])
            if layer.use_bias and member == self.members - 1:
                grad.sum(axis=0, out=layer.grad_bias)
            offset += layer.weight.size
        self.optimizer.update_blocks(self._blocks[member], learning_rate)
        if self.average and self.averaged is not None:
            self.average.move(self.parameters[start:stop], self.averaged[start:stop])

    def load(self, network: Network) -> None:
        """Take over the state of the network, its optimiser and its average."""
        self.parameters[...] = network.parameters
        for name, array in self.optimizer.memory.items():
            self.memory[name][...] = array
        if self.average and self.averaged is not None:
            self.averaged[...] = self.average.value

    def store(self, network: Network) -> None:
        """Give it back."""
        network.parameters[...] = self.parameters
        for name, array in self.optimizer.memory.items():
            array[...] = self.memory[name]
        if self.average and self.averaged is not None:
            self.average.value[...] = self.averaged

    def _share(self, member: int, rows: int) -> slice:
        return slice(rows * member // self.members, rows * (member + 1) // self.members)

    def _dense(self) -> list[tuple[int, Dense]]:
        return [(index, layer) for index, layer in enumerate(self.layers) if isinstance(layer, Dense)]


def _parts(layers: Sequence[Layer], members: int, weight_count: int, size: int) -> list[tuple[int, int]]:
    """The flat vector of parameters in nearly equal parts, cut between rows of weights; biases come last.

    >>> _parts([Dense(784, 512), Dense(512, 10)], 2, 784 * 512 + 512 * 10, 784 * 512 + 512 * 10 + 522)
    [(0, 203776), (203776, 407050)]
    """
    cuts = [0]
    for member in range(1, members):
        wanted, offset = weight_count * member // members, 0
        for layer in layers:
            if isinstance(layer, Dense):
                if offset <= wanted < offset + layer.in_features * layer.out_features:
                    wanted = offset + round((wanted - offset) / layer.out_features) * layer.out_features
                    break
                offset += layer.in_features * layer.out_features
        cuts.append(wanted)
    return list(zip(cuts, [*cuts[1:], size], strict=True))
