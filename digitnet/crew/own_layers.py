"""The layers of a crew's member that have some of the units of a whole layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from digitnet.nn.dropout import Dropout
from digitnet.nn.initializers import zeros
from digitnet.nn.layers import Array, Layer, ParameterSpec
from digitnet.nn.optimizers import Block, Optimizer
from digitnet.nn.tiles import COLUMNS, WIDEST, fits_tiles, tiled_product

# So many numbers of a weight get their gradient, and then their step, at a time: they are still in the cache.
_CHUNK = 131_072


class OwnDense(Layer):
    """A Dense layer of some of the units, without bias, whose weight follows its gradient piece by piece.

    A piece fits into the cache. The gradient for what stands below is computed first, so that nobody needs
    the old weight any more.

    Args:
        in_features, out_features: as of a :class:`~digitnet.nn.Dense`.
        tiled: whether products go faster in tiles; a weight that is too wide for them then stands in panels,
            several arrays side by side.

    Attributes:
        panels: which units each array of the weight leads to, by its name.
        learning_rate: of the step that is being made.
    """

    in_features: int
    learning_rate = 0.0

    def __init__(self, in_features: int, out_features: int, *, tiled: bool) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self._tiled = tiled and out_features % COLUMNS == 0
        width = WIDEST if self._tiled else out_features
        self.panels = {
            f"weight_{first}": slice(first, min(first + width, out_features))
            for first in range(0, out_features, width)
        }

    def parameter_specs(self) -> list[ParameterSpec]:
        return [
            ParameterSpec(name, (self.in_features, units.stop - units.start), zeros, "weight")
            for name, units in self.panels.items()
        ]

    def output_width(self, in_features: int) -> int:  # noqa: ARG002
        return self.out_features

    def follow(self, optimizer: Optimizer, starts: Sequence[int]) -> None:
        """Move the panels, which stand at ``starts`` of the optimiser's vector, by that optimiser."""
        self._optimizer = optimizer
        self._weights: list[tuple[slice, Array, Callable[[Array, Array, Array], Any]]] = []
        self._pieces: list[tuple[slice, slice, Array, list[Block]]] = []
        for (name, units), start in zip(self.panels.items(), starts, strict=True):
            weight: Array = getattr(self, name)
            product = tiled_product if self._tiled and fits_tiles(weight) else np.matmul
            self._weights.append((units, weight, product))
            width = units.stop - units.start
            rows = min(max(_CHUNK // width, 1), self.in_features)
            room = self._buffers.get(f"gradient {width}", (rows, width), weight.dtype)
            for first in range(0, self.in_features, rows):
                last = min(first + rows, self.in_features)
                gradient = room[: last - first]
                blocks = optimizer.blocks(start + first * width, gradient.reshape(-1))
                self._pieces.append((slice(first, last), units, gradient, blocks))

    def forward(self, inputs: Array, training: bool = False) -> Array:  # noqa: ARG002
        self._inputs = inputs
        outputs = self._buffers.get("outputs", (len(inputs), self.out_features), inputs.dtype)
        for units, weight, product in self._weights:
            product(inputs, weight, outputs[:, units])
        return outputs

    def backward(self, grad_output: Array) -> Array:
        grad_input = self._inputs[:0]
        if self.wants_input_gradient:
            grad_input = self._buffers.get("grad_input", self._inputs.shape, grad_output.dtype)
            for units, weight, _ in self._weights:
                part = grad_input
                if units.start:
                    part = self._buffers.get("grad_input part", grad_input.shape, grad_input.dtype)
                np.matmul(grad_output[:, units], weight.T, out=part)
                if units.start:
                    grad_input += part
        for rows, units, gradient, blocks in self._pieces:
            np.matmul(self._inputs[:, rows].T, grad_output[:, units], out=gradient)
            self._optimizer.update_blocks(blocks, self.learning_rate)
        return grad_input


class OwnBias(Layer):
    """The biases of so many units of a Dense layer, which are added in place: ``inputs + bias``."""

    bias: Array
    grad_bias: Array

    def __init__(self, units: int) -> None:
        super().__init__()
        self._units = units

    def parameter_specs(self) -> list[ParameterSpec]:
        return [ParameterSpec("bias", (self._units,), zeros, "bias")]

    def forward(self, inputs: Array, training: bool = False) -> Array:  # noqa: ARG002
        inputs += self.bias
        return inputs

    def backward(self, grad_output: Array) -> Array:
        grad_output.sum(axis=0, out=self.grad_bias)
        return grad_output


class OwnDropout(Dropout):
    """Dropout for some of ``width`` units, with the numbers that a Dropout for all of them would draw."""

    def __init__(self, rate: float, width: int, own: slice) -> None:
        super().__init__(rate)
        self._width, self._own = width, own

    def uniform(self, inputs: Array) -> Array:
        numbers = self._host.get("all", (len(inputs), self._width), inputs.dtype)
        self.rng.random(out=numbers, dtype=numbers.dtype)
        own = self._host.get("mask", inputs.shape, inputs.dtype)
        own[...] = numbers[:, self._own]
        return own
