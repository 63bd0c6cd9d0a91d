"""Several processes train one network: the caller's and some that it forks."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import ThreadpoolController

from digitnet.crew.cut import boards
from digitnet.crew.rendezvous import Rendezvous
from digitnet.crew.share import Done, Rate, Share
from digitnet.crew.shared_batches import SharedBatches
from digitnet.data.batches import Batch, Batches
from digitnet.errors import TrainingError
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.losses import Loss
from digitnet.nn.network import Network
from digitnet.nn.optimizers import Optimizer
from digitnet.nn.tiles import tiles_pay
from digitnet.progress import next_rate

if TYPE_CHECKING:
    from digitnet.training import Trainer


class Crew:
    """Trains on several processes, each with one thread of matrix products and everything else as well.

    A library of matrix products runs on all cores by itself; what stands in between (the optimiser,
    activations) does not, and takes a third of a step. So every member has its share of the units of each
    hidden layer, with their weights and what the optimiser remembers of them (Shoeybi et al. 2019 share out
    large networks that way), and works on all rows of a batch. Members exchange the outputs of hidden layers,
    sums of the last layer's, and gradients; that is all they wait for. Threads of Python would wait for each
    other at some calls of every step, since only one may run Python code.

    What is computed is the same, sums are rounded in another order; with the same number of processes a run
    repeats to the last bit. Of a batch each member gathers and deforms some rows; an augmentation that cannot
    be shared (:class:`~digitnet.data.RowAugmentation`) every member does for all of them.

    Args:
        network: computing with NumPy; of two Dense layers or more, with activations, Dropout, GradientClip
            and BatchNorm behind them (all but BatchNorm before the first as well), and a Softmax at the end
            at most.
        optimizer: bound to it.
        averages: of its parameters and its state, or none.
        loss, batches: of the run.
        rate: learning rate of the step after so many others, if its loss allows for one.
        processes: how many, 2 or more.

    >>> from digitnet.nn import SGD, Dense, MeanSquaredError
    >>> network, optimizer = Network([Dense(1, 2), Dense(2, 1)], rng=0), SGD()
    >>> optimizer.bind(network.parameters, network.gradients, weight_count=network.weight_count)
    >>> batches = Batches(np.ones((8, 1)), np.ones((8, 1)), batch_size=4)
    >>> crew = Crew(network, optimizer, [], MeanSquaredError(), batches, lambda steps, loss: 0.1, 2)
    >>> first, second = (loss for rows, loss, outputs, targets in crew.epoch(0))
    >>> crew.end()
    >>> second < first, optimizer.steps
    (True, 2)
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        averages: Sequence[WeightAverage],
        loss: Loss,
        batches: Batches,
        rate: Rate,
        processes: int,
    ) -> None:
        self._network, self._optimizer, self._averages = network, optimizer, averages
        self._batches, self._rate = SharedBatches(batches, processes), rate
        self._rendezvous = Rendezvous(processes)
        spread = boards(network.layers, processes, batches.batch_size, network.dtype)
        self._blas = ThreadpoolController()
        tiled = tiles_pay(self._blas.select(user_api="blas").info())
        self._shares = [
            Share(network, optimizer, loss, averages, spread, me, partial(self._rendezvous.meet, me), tiled)
            for me in range(processes)
        ]
        self._parent = os.getpid()
        self._helpers: list[tuple[int, Connection]] = []
        with self._blas.limit(limits=1, user_api="blas"):
            for me in range(1, processes):
                try:
                    near, far = Pipe()
                    pid = _fork()
                except OSError:
                    self.end()
                    raise
                if pid == 0:
                    near.close()
                    self._help(me, far)
                far.close()
                self._helpers.append((pid, near))
        self._rendezvous.look = self._look_for_helpers

    def epoch(self, number: int) -> Generator[Done]:
        """Train on all batches of epoch ``number``.

        The network, its optimiser and its averages are as they were until the epoch ends, however it ends. If
        that is by anything but its last batch or its loss, the crew ends as well.

        Yields:
            rows of a batch, its loss before the update, its outputs and its targets, after every step; the
            outputs are overwritten by the next.

        Raises:
            TrainingError: the loss is not finite, or a helper has ended.
        """
        whole = self._network, self._optimizer, self._averages
        for share in self._shares:
            share.load(*whole)
        order = number, *self._counts(), self._network.rng.bit_generator.state
        for _, pipe in self._helpers:
            try:
                pipe.send(order)
            except OSError:
                raise self._lost(pipe) from None
        mine, complete = self._shares[0], False
        self._set_counts(mine, *self._counts())
        try:
            with self._blas.limit(limits=1, user_api="blas"):
                yield from mine.epoch(self._batches_of(0, number), self._rate)
            complete = True
        except TrainingError:
            complete = bool(self._helpers)
            raise
        finally:
            if not complete:
                self.end()
            for share in self._shares:
                share.store(*whole)
            self._optimizer.steps = mine.optimizer.steps
            for whole_average, average in zip(self._averages, mine.averages, strict=True):
                whole_average.updates = average.updates

    def end(self) -> None:
        """End the helpers; whatever they are at, nobody needs it any more."""
        if os.getpid() != self._parent:
            return  # another crew's helper, which has this one from its parent
        for pid, pipe in self._helpers:
            pipe.close()
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        self._helpers = []

    def _counts(self) -> tuple[int, int]:
        return self._optimizer.steps, self._averages[0].updates if self._averages else 0

    @staticmethod
    def _set_counts(share: Share, steps: int, updates: int) -> None:
        share.optimizer.steps = steps
        for average in share.averages:
            average.updates = updates

    def _batches_of(self, me: int, number: int) -> Iterator[Batch]:
        return self._batches.epoch(number, me, partial(self._rendezvous.meet, me))

    def _help(self, me: int, pipe: Connection) -> None:
        """A helper's life; it ends when it is ended, or when the caller's process is gone."""
        share = self._shares[me]
        try:
            # Ctrl-C is for the caller's process, which ends this one.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for _, others in self._helpers:
                others.close()
            self._rendezvous.look = self._look_for_parent
            with np.errstate(over="ignore", invalid="ignore"):
                while True:
                    number, steps, updates, rng = pipe.recv()
                    self._network.rng.bit_generator.state = rng
                    self._set_counts(share, steps, updates)
                    # The caller's process hears of a loss that is not finite by itself.
                    with suppress(TrainingError):
                        for _ in share.epoch(self._batches_of(me, number), self._rate):
                            pass
        except EOFError:
            pass
        except BaseException as error:  # said at the other end, whatever it is
            with suppress(OSError):
                pipe.send(f"{type(error).__name__}: {error}")
        finally:
            # Whatever went wrong, what the caller's process does at its own end is not for this one.
            os._exit(1)

    def _look_for_parent(self) -> None:
        if os.getppid() != self._parent:
            os._exit(1)

    def _look_for_helpers(self) -> None:
        for pid, pipe in self._helpers:
            if pipe.poll() or os.waitpid(pid, os.WNOHANG)[0]:
                raise self._lost(pipe)

    def _lost(self, pipe: Connection) -> TrainingError:
        reason = "for lack of memory, perhaps"
        with suppress(EOFError, OSError):
            reason = pipe.recv()
        self.end()
        return TrainingError(
            f"A process that trained along has ended ({reason}). Go on from the last checkpoint, or train "
            "with processes=1."
        )


def crew_of(trainer: Trainer) -> Crew | None:
    """The crew that a trainer's ``processes`` are, which start here; if they cannot, a warning and none."""
    try:
        return Crew(
            trainer.network,
            trainer.optimizer,
            trainer.kept_weights.averages,
            trainer.loss,
            trainer.batches,
            partial(next_rate, trainer.schedule),
            trainer.processes,
        )
    except OSError as error:  # too many processes, no memory to share, no semaphores
        warnings.warn(
            f"One process trains, since the system lets no other start that shares its memory ({error}).",
            RuntimeWarning,
            stacklevel=2,
        )
        trainer.processes = 1
        return None


def _fork() -> int:
    with warnings.catch_warnings():
        # Of a process with threads; the helper touches nothing that another thread may have been holding.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
