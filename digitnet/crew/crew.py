"""Several processes train one network: the caller's and some that it forks."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from digitnet.crew.rendezvous import Rendezvous, shared_empty
from digitnet.crew.share import SharedStep
from digitnet.data.batches import Batches
from digitnet.errors import ConfigurationError, TrainingError
from digitnet.nn.activations import Activation
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.layers import Array, Dense
from digitnet.nn.losses import Loss
from digitnet.nn.network import Network
from digitnet.nn.optimizers import Optimizer

# Places of the numbers that the caller's process tells the others before a step.
_FIRST, _LAST, _STEP, _UPDATES = range(4)

#: ``rate(loss) -> learning rate`` of the step whose batch has that loss; it may refuse by an exception.
Rate = Callable[[float], float]


def cores() -> int:
    """How many processes can work side by side: the cores that this one may use, where it can fork; else 1.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


class Crew:
    """Trains on several processes, each with one thread of matrix products and everything else as well.

    A library of matrix products runs on all cores by itself; the passes in between (activations, the
    optimiser) do not, and those take a third of a step. Threads of Python would not help: two of them wait
    for each other at every one of some forty short calls of a step, since only one may run Python code.
    Processes have nothing to wait for but the ends of three stages, see
    :class:`~digitnet.crew.share.SharedStep`.

    What is computed is the same, sums are rounded in another order; with the same number of processes a run
    repeats to the last bit.

    Args:
        network: of Dense layers and activations only, computing with NumPy.
        optimizer: bound to it.
        average: bound to it, or None.
        loss: computed by the caller's process.
        batches: without augmentation.
        processes: how many, 2 or more.

    Raises:
        ConfigurationError: one of these does not hold, or the system is not Linux.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        average: WeightAverage | None,
        loss: Loss,
        batches: Batches,
        processes: int,
    ) -> None:
        check(network, batches)
        self._network, self._optimizer, self._average = network, optimizer, average
        self._loss, self._batches = loss, batches
        self._step = SharedStep(network, optimizer, average, batches.inputs, batches.batch_size, processes)
        self._order = shared_empty(len(batches.inputs), np.int64)
        self._numbers = shared_empty(4, np.int64)
        self._rate = shared_empty(1, np.float64)
        self._rendezvous = Rendezvous(processes)
        self._blas = ThreadpoolController()
        self._helpers: list[int] = []
        with self._blas.limit(limits=1, user_api="blas"):
            parent = os.getpid()
            for member in range(1, processes):
                pid = _fork()
                if pid == 0:
                    self._help(member, parent)
                self._helpers.append(pid)

    def epoch(self, number: int, rate: Rate) -> Generator[tuple[int, float, Array, NDArray[Any]]]:
        """Train on all batches of epoch ``number``.

        The network, its optimiser and its average are as they were until the epoch ends, however it ends.

        Yields:
            rows of a batch, its loss before the update, its outputs and its targets, after every step; the
            outputs are overwritten by the next.

        Raises:
            TrainingError: a helper has ended.
        """
        self._order[...] = self._batches.order(number)
        self._step.load(self._network)
        try:
            with self._blas.limit(limits=1, user_api="blas"):
                for first in range(0, len(self._order), self._batches.batch_size):
                    yield self._one(first, min(first + self._batches.batch_size, len(self._order)), rate)
        finally:
            self._step.store(self._network)

    def end(self) -> None:
        """End the helpers; whatever they are at, nobody needs it any more."""
        for pid in self._helpers:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        self._helpers = []

    def _one(self, first: int, last: int, rate: Rate) -> tuple[int, float, Array, NDArray[Any]]:
        step, batches, rows = self._step, self._batches, last - first
        numbers = self._numbers
        numbers[_FIRST], numbers[_LAST] = first, last
        self._meet(0)
        which = self._order[first:last]
        step.forward(0, which)
        targets = batches.targets[which]
        weights = None if batches.weights is None else batches.weights[which]
        self._meet(0)
        outputs = step.outputs[-1][:rows]
        loss = self._loss.forward(outputs, targets, weights)
        self._rate[0] = learning_rate = rate(loss)
        step.grad_outputs[-1][:rows] = self._loss.backward()
        self._optimizer.steps += 1
        numbers[_STEP] = self._optimizer.steps
        if self._average:
            self._average.updates += 1
            numbers[_UPDATES] = self._average.updates
        self._meet(0)
        step.backward(0, rows)
        self._meet(0)
        step.update(0, rows, learning_rate)
        self._meet(0)
        return rows, loss, outputs, targets

    def _help(self, member: int, parent: int) -> None:
        """A helper's life; it ends when it is ended, or when the caller's process is gone."""
        # Ctrl-C is for the caller's process, which ends this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

        def look() -> None:
            if os.getppid() != parent:
                os._exit(0)

        def meet() -> None:
            self._rendezvous.meet(member, look)

        try:
            while True:
                meet()
                first, last = int(self._numbers[_FIRST]), int(self._numbers[_LAST])
                self._step.forward(member, self._order[first:last])
                meet()
                meet()
                self._optimizer.steps = int(self._numbers[_STEP])
                if self._average:
                    self._average.updates = int(self._numbers[_UPDATES])
                self._step.backward(member, last - first)
                meet()
                self._step.update(member, last - first, float(self._rate[0]))
                meet()
        finally:
            # Whatever went wrong, what the caller's process does at its own end is not for this one.
            os._exit(1)

    def _meet(self, member: int) -> None:
        self._rendezvous.meet(member, self._look)

    def _look(self) -> None:
        for pid in self._helpers:
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._helpers.remove(pid)
                raise TrainingError(
                    "A process that trained along has ended, perhaps for lack of memory. Go on from the last "
                    "checkpoint, or train with processes=1."
                )


def check(network: Network, batches: Batches) -> None:
    """Find out whether a crew can train a network on such batches.

    Raises:
        ConfigurationError: it cannot.
    """
    others = [layer for layer in network.layers if not isinstance(layer, Dense | Activation)]
    if sys.platform != "linux" or network.xp is not np:
        problem = "they need Linux, and a network that computes with NumPy"
    elif others:
        problem = f"they take Dense layers and activations only, and this network has a {others[0]!r}"
    elif type(batches) is not Batches or batches.augment or batches.late_augment:
        problem = "they take batches of one array without augmentation"
    else:
        return
    raise ConfigurationError(f"Several processes cannot train this: {problem}. Train with processes=1.")


def _fork() -> int:
    with warnings.catch_warnings():
        # Of a process with threads; the helper touches nothing that another thread may have been holding.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
