"""How parameters follow their gradients: the base of all optimisers.

An optimiser is bound once to the flat vectors of a network; ``step(learning_rate)`` then updates them
in place. The vector is walked in blocks that fit into the processor's cache: an Adam step is about ten
passes over four arrays, and only the first of them should have to fetch from memory. Gradient descent stands
in :mod:`digitnet.nn.sgd`, Adam in :mod:`digitnet.nn.adam`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from digitnet.errors import ConfigurationError
from digitnet.nn.arrays import array_module
from digitnet.nn.buffers import aligned_empty, aligned_zeros
from digitnet.nn.layers import Array
from digitnet.nn.memory import Zeros

# 64 Ki float32 are 256 KiB an array, so the handful that a step touches stays inside a 2 MiB L2 cache. With
# 16 Ki an Adam step takes 1.23 times as long, in calls, with 256 Ki 1.18 times, in waiting for memory.
_BLOCK = 65_536
# What is remembered of a gradient that stays zero (a pixel that is hardly ever lit, a dead unit) shrinks with
# every step, until the processor works with its denormal numbers, a hundred times slower than with others.
# Adding a number that is too small to matter and taking it away again turns them into zeros.
_STEPS_BETWEEN_CLEANING = 64


@dataclass(frozen=True, slots=True)
class Block:
    """Views of one cache-sized part of the parameters and of everything that belongs to it.

    Attributes:
        parameters: to be updated.
        gradients: theirs; may be used as working memory.
        scratch: more working memory.
        memory: what the optimiser remembers of this part, by name.
        is_weight: whether the part is regularised.

    >>> import numpy as np
    >>> block = Block(np.ones(2), np.array([0.5, -0.5]), np.empty(2), {}, is_weight=True)
    >>> block.parameters[...] -= 0.1 * block.gradients
    >>> block.parameters
    array([0.95, 1.05])
    """

    parameters: Array
    gradients: Array
    scratch: Array
    memory: dict[str, Array]
    is_weight: bool


class Optimizer:
    """Base of all optimisers, and what they share: L1 and L2 regularisation.

    An optimiser of one's own names what it remembers in :attr:`memory_names` and overrides
    :meth:`update`. One optimiser serves one network.

    Args:
        weight_decay: λ of the L2 penalty ``½ λ ‖w‖²``: adds ``λ w`` to the gradient of each weight.
        l1: λ of the L1 penalty ``λ ‖w‖₁``: adds ``λ sign(w)`` (Tibshirani 1996).

    Both act on weights only, never on biases or normalisation gains, and are no part of the loss that
    is reported.

    Raises:
        ConfigurationError: one of them is negative or not finite.

    >>> import numpy as np
    >>> class SignDescent(Optimizer):
    ...     def update(self, block, learning_rate):
    ...         parameters = block.parameters
    ...         parameters -= learning_rate * np.sign(block.gradients)
    >>> parameters, optimizer = np.array([1.0, 1.0]), SignDescent()
    >>> optimizer.bind(parameters, np.array([0.3, -7.0]), weight_count=2)
    >>> optimizer.step(0.1)
    >>> parameters
    array([0.9, 1.1])
    """

    #: Names of the arrays, of the parameters' shape, that the optimiser remembers between steps.
    memory_names: tuple[str, ...] = ()

    def __init__(self, *, weight_decay: float = 0.0, l1: float = 0.0) -> None:
        if not (0.0 <= weight_decay < math.inf and 0.0 <= l1 < math.inf):
            raise ConfigurationError(
                f"weight_decay and l1 are zero or positive; got {weight_decay} and {l1}."
            )
        self.weight_decay = float(weight_decay)
        self.l1 = float(l1)
        #: Updates since :meth:`bind`.
        self.steps = 0
        #: The remembered arrays by name, each ``(n,)``; write into them to restore a state.
        self.memory: dict[str, Array] = {}
        self._parameters: Array | None = None
        self._blocks: list[Block] = []

    def bind(
        self, parameters: Array, gradients: Array, *, weight_count: int, zeros: Zeros = aligned_zeros
    ) -> None:
        """Take the flat vectors to work on, with an empty memory; binding to the same again starts afresh.

        Args:
            parameters: ``(n,)``, updated in place by every step.
            gradients: ``(n,)``, read (and used as working memory) by every step.
            weight_count: how many leading entries are weights, which are regularised.
            zeros: makes the vectors that it remembers.

        Raises:
            ConfigurationError: the optimiser works on other parameters already, which would stay as they are
                from now on.
        """
        if self._parameters is not None and self._parameters is not parameters:
            raise ConfigurationError(
                f"This {type(self).__name__} is bound to the parameters of another network already; "
                "make a new one for each network."
            )
        #: The library of the vectors, for :meth:`update` to compute with.
        self.xp = array_module(parameters)
        self._parameters = parameters
        size, dtype = parameters.size, parameters.dtype
        self._weight_count = weight_count
        self.memory = {name: zeros(size, dtype, self.xp) for name in self.memory_names}
        self.steps = 0
        # 1e-30 in float32: what is above 1e-23 does not change by a bit, what is below 1e-37 becomes zero.
        self._negligible = float(np.finfo(dtype).tiny) ** 0.8
        self._scratch = aligned_empty(min(_BLOCK, size), dtype, self.xp)
        self._blocks = self.blocks(0, gradients[:weight_count]) + self.blocks(
            weight_count, gradients[weight_count:]
        )

    def blocks(self, start: int, gradients: Array) -> list[Block]:
        """The parameters from ``start`` on, as many as there are ``gradients``, for :meth:`update_blocks`.

        They are all weights, or none is.

        Raises:
            ConfigurationError: the optimiser is not bound to parameters.
        """
        if self._parameters is None:
            raise self._not_bound()
        blocks = []
        for first in range(0, gradients.size, _BLOCK):
            length = min(_BLOCK, gradients.size - first)
            part = slice(start + first, start + first + length)
            memory = {name: array[part] for name, array in self.memory.items()}
            blocks.append(
                Block(
                    self._parameters[part],
                    gradients[first : first + length],
                    self._scratch[:length],
                    memory,
                    is_weight=start < self._weight_count,
                )
            )
        return blocks

    def unbound(self) -> Self:
        """Another one with the same settings, for other parameters.

        >>> Optimizer(l1=0.1).unbound().config()
        {'kind': 'Optimizer', 'weight_decay': 0.0, 'l1': 0.1}
        """
        other = copy.copy(self)
        other._parameters, other._blocks, other.memory, other.steps = None, [], {}, 0
        return other

    def step(self, learning_rate: float) -> None:
        """One update of all parameters; ``learning_rate`` is a builtin float.

        Raises:
            ConfigurationError: the optimiser is not bound to parameters.
        """
        if not self._blocks:
            raise self._not_bound()
        self.steps += 1
        self.update_blocks(self._blocks, learning_rate)

    def update_blocks(self, blocks: Sequence[Block], learning_rate: float) -> None:
        """Step number ``self.steps`` on some of the parameters, regularisation included."""
        for block in blocks:
            if block.is_weight:
                self._regularise(block, learning_rate)
            self.update(block, learning_rate)
            if self.steps % _STEPS_BETWEEN_CLEANING == 0:
                for remembered in block.memory.values():
                    remembered += self._negligible
                    remembered -= self._negligible

    def config(self) -> dict[str, Any]:
        """Hyperparameters as plain values, for the record of a run."""
        return {"kind": type(self).__name__, "weight_decay": self.weight_decay, "l1": self.l1}

    def _not_bound(self) -> ConfigurationError:
        return ConfigurationError(
            f"This {type(self).__name__} has no parameters to work on: call bind(network.parameters, "
            "network.gradients, weight_count=network.weight_count) first, or leave it to a Trainer."
        )

    def _regularise(self, block: Block, learning_rate: float) -> None:  # noqa: ARG002
        if self.weight_decay:
            gradients = block.gradients
            self.xp.multiply(block.parameters, self.weight_decay, out=block.scratch)
            gradients += block.scratch
        self._add_l1(block)

    def _add_l1(self, block: Block) -> None:
        if self.l1:
            gradients, scratch = block.gradients, block.scratch
            self.xp.sign(block.parameters, out=scratch)
            scratch *= self.l1
            gradients += scratch

    def update(self, block: Block, learning_rate: float) -> None:
        """Write the next parameters into ``block.parameters``; :meth:`step` calls it for every block.

        Weight decay and L1 are in ``block.gradients`` already, and ``self.steps`` counts this step.
        """
        raise NotImplementedError
