"""What one member of a crew has and does: its layers, its optimiser, and its part of every step."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.crew.cut import Match, cut, matches
from digitnet.crew.exchange import Board
from digitnet.crew.own_layers import OwnDense
from digitnet.crew.rendezvous import shared_zeros
from digitnet.data.batches import Batch
from digitnet.errors import TrainingError
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.layers import Array
from digitnet.nn.losses import Loss
from digitnet.nn.memory import hand_out_memory, places
from digitnet.nn.network import Network
from digitnet.nn.optimizers import Optimizer

#: ``rate(steps, loss) -> learning rate`` of the step after ``steps`` others; it refuses a loss that is not
#: finite.
Rate = Callable[[int, float], float]
#: Rows of a batch, its loss before the update, the outputs and the targets.
Done = tuple[int, float, Array, NDArray[Any]]


class Share:
    """One member's part of a network and of what trains it, in memory that all processes share.

    A step is that of :meth:`digitnet.training.Trainer.step`; where it needs numbers of other units, the
    layers of :mod:`digitnet.crew.exchange` get them. Outputs and loss are computed by every member alike.

    Args:
        network, optimizer, loss: the whole ones.
        averages: moving averages of the network's parameters and of its state, or none at all.
        boards: where members exchange numbers.
        me: which member it is.
        meet: waits for the others.
        tiled: whether products go faster in tiles.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        loss: Loss,
        averages: Sequence[WeightAverage],
        boards: Sequence[Board],
        me: int,
        meet: Callable[[], None],
        tiled: bool,
    ) -> None:
        self.layers, sources = cut(network.layers, boards, me, meet, tiled=tiled)
        memory = hand_out_memory(self.layers, np, network.dtype, zeros=shared_zeros)
        self._learned = matches(network.layers, self.layers, sources, "weight", "bias")
        self._states = matches(network.layers, self.layers, sources, "state")
        for layer in self.layers:
            layer.rng = network.rng
            layer.use_arrays_of(np)
        self._parameters, self._state = memory.parameters, memory.state
        self.optimizer = optimizer.unbound()
        self.optimizer.bind(
            memory.parameters, memory.gradients, weight_count=memory.weight_count, zeros=shared_zeros
        )
        self._dense = [layer for layer in self.layers if isinstance(layer, OwnDense)]
        starts = [place.start for _, _, place in places(self.layers, "weight")]
        for dense in self._dense:
            dense.follow(self.optimizer, [starts.pop(0) for _ in dense.panels])
        self._rest = self.optimizer.blocks(memory.weight_count, memory.gradients[memory.weight_count :])
        self.averages = [WeightAverage(average.decay) for average in averages]
        for average, vector in zip(self.averages, (memory.parameters, memory.state), strict=False):
            average.bind(vector, zeros=shared_zeros)
        self._backwards = self.layers[self.layers.index(self._dense[0]) :][::-1]
        self._dense[0].wants_input_gradient = False
        self._loss, self._meet = loss, meet

    def epoch(self, batches: Iterable[Batch], rate: Rate) -> Generator[Done]:
        """Train on batches, the same in every member, and meet the others at the end."""
        for inputs, targets, weights in batches:
            outputs, loss = self._step(inputs, targets, weights, rate)
            yield len(inputs), loss, outputs, targets
        self._meet()

    def _step(
        self, inputs: Array, targets: NDArray[Any], weights: NDArray[Any] | None, rate: Rate
    ) -> tuple[Array, float]:
        before = self._state.copy()
        for layer in self.layers:
            inputs = layer.forward(inputs, training=True)
        loss = self._loss.forward(inputs, targets, weights)
        try:
            learning_rate = rate(self.optimizer.steps, loss)
        except TrainingError:
            # Every member has come here with the same loss.
            self._state[...] = before
            self._meet()
            raise
        self.optimizer.steps += 1
        for dense in self._dense:
            dense.learning_rate = learning_rate
        grad = self._loss.backward()
        for layer in self._backwards:
            grad = layer.backward(grad)
        self.optimizer.update_blocks(self._rest, learning_rate)
        for average in self.averages:
            average.update()
        return inputs, loss

    def load(self, network: Network, optimizer: Optimizer, averages: Sequence[WeightAverage]) -> None:
        """Take over this member's part of the whole."""
        for mine, whole in self._views(network, optimizer, averages):
            mine[...] = whole

    def store(self, network: Network, optimizer: Optimizer, averages: Sequence[WeightAverage]) -> None:
        """Give it back."""
        for mine, whole in self._views(network, optimizer, averages):
            whole[...] = mine

    def _views(
        self, network: Network, optimizer: Optimizer, averages: Sequence[WeightAverage]
    ) -> Generator[tuple[Array, Array]]:
        vectors: list[tuple[list[Match], Array, Array]] = [
            (self._learned, self._parameters, network.parameters),
            (self._states, self._state, network.state),
        ]
        for name, memory in optimizer.memory.items():
            vectors.append((self._learned, self.optimizer.memory[name], memory))
        kinds = (self._learned, self._states)
        for mine, whole, found in zip(self.averages, averages, kinds, strict=False):
            vectors.append((found, mine.value, whole.value))
        for found, part, everything in vectors:
            for match in found:
                yield match.views(part, everything)
