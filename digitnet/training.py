"""The training loop: a generator of epoch reports that can be watched, stopped, saved and resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.checkpoint import Checkpoint
from digitnet.crew.crew import Crew, crew_of
from digitnet.crew.members import members
from digitnet.data.batches import Batches
from digitnet.errors import TrainingError, whole_number
from digitnet.kept_weights import KeptWeights
from digitnet.nn.arrays import to_numpy
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.losses import Loss
from digitnet.nn.network import Network
from digitnet.nn.optimizers import Optimizer
from digitnet.nn.schedules import Schedule
from digitnet.progress import EarlyStopping, EpochReport, RunningMeans, check_validation_loss, next_rate
from digitnet.run_state import check_course, identity, restore, snapshot
from digitnet.training_data import check_batches, checked_validation

__all__ = ["EarlyStopping", "EpochReport", "Metric", "Trainer"]

#: ``metric(outputs, targets) -> float``, the larger the better.
Metric = Callable[[NDArray[Any], NDArray[Any]], float]


class Trainer:
    """Trains a network; the caller's loop is the callback.

    Each step computes the loss of one batch, its gradient by backpropagation, and moves the parameters by
    the optimiser at the learning rate that the schedule gives for the step.

    Batches and validation data are NumPy's and move, a batch at a time, to the library that the network
    computes with; metrics and checkpoints get NumPy's arrays back.

    When the loop ends, however it ends, the network holds the weights to keep: those of the best epoch
    if it was interrupted, failed or may stop early (and there is validation data), else the last ones,
    averaged if ``average`` is given. Going on with ``epochs`` or ``step`` afterwards goes on from the last
    step, or from the weights that somebody has set since.

    Args:
        network, loss, optimizer: the optimiser is bound to the network here, so it must be new.
        schedule: learning rate of each step, such as ``Constant(0.1)`` or a function of the step.
        batches: the training split.
        validation: ``(inputs, targets)`` or ``(inputs, targets, weights)`` that are never trained on, or
            None.
        metric: one number, measured beside the loss, such as :func:`digitnet.evaluation.accuracy`; weights
            do not touch it.
        average: a moving average of the weights, used for validation and kept at the end.
        early_stopping: needs validation data.
        checkpoint: file that is written after every epoch; if it exists, the run goes on from it.
        checkpoint_every: epochs between checkpoints; the last epoch always has one.
        processes: that :meth:`epochs` trains on, see :class:`digitnet.crew.Crew`; of how many are quickest
            :func:`digitnet.crew.headcount` has an idea. Other systems than Linux train on one.

    Attributes:
        history: the reports of all epochs, those of a resumed run among them.
        interrupted: whether the last loop was left early, by Ctrl-C, ``break`` or an error in its body.
        stopped_early: whether patience ended it.
        resumed_epochs: how many epochs came from the checkpoint.

    Raises:
        ConfigurationError: early stopping without validation data, data that do not fit the network and the
            loss, each other, or their weights, a schedule that is no function, or with a checkpoint one that
            has no name, or processes for a network that cannot be shared out.
        ModelFileError: the checkpoint is damaged or belongs to another run.
        TrainingError: (while training) the loss is not finite, or another process has ended.

    >>> from digitnet.nn import SGD, Constant, Dense, MeanSquaredError
    >>> inputs, targets = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([2.0, 4.0, 6.0, 8.0])
    >>> network = Network([Dense(1, 1, use_bias=False)], rng=None, dtype=np.float64)
    >>> batches = Batches(inputs, targets, batch_size=4, shuffle=False, dtype=np.float64)
    >>> trainer = Trainer(network, MeanSquaredError(factor=0.5), SGD(), Constant(0.03), batches)
    >>> for report in trainer.epochs(100):
    ...     if report.epoch in (1, 10, 100):
    ...         print(report.epoch, round(report.training_loss, 6))
    1 15.0
    10 0.152589
    100 0.0
    >>> network.predict([[5.0]]).round(6)
    array([[10.]])
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        schedule: Schedule,
        batches: Batches,
        *,
        validation: tuple[NDArray[Any], ...] | None = None,
        metric: Metric | None = None,
        average: WeightAverage | None = None,
        early_stopping: EarlyStopping | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 1,
        processes: int = 1,
    ) -> None:
        checkpoint = Path(checkpoint) if checkpoint else None
        check_course(network, schedule, checkpoint, held_out=validation is not None, stopping=early_stopping)
        check_batches(batches, network, loss)
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.schedule, self.batches = schedule, batches
        self.validation = checked_validation(validation, network, loss) if validation is not None else None
        self.metric, self.average, self.early_stopping = metric, average, early_stopping
        self.checkpoint_path = checkpoint
        self.checkpoint_every = whole_number(checkpoint_every, "checkpoint_every")
        self.processes = members(network, whole_number(processes, "processes"))
        self._crew: Crew | None = None
        self.history: list[EpochReport] = []
        self.interrupted, self.stopped_early, self.resumed_epochs = False, False, 0
        optimizer.bind(network.parameters, network.gradients, weight_count=network.weight_count)
        self.kept_weights = KeptWeights(network, average)
        self._state_before = network.state.copy()
        #: With a checkpoint, plain values that say which run this is.
        self.run = identity(self) if checkpoint else {}
        if checkpoint is not None and checkpoint.exists():
            restore(self, Checkpoint.load(checkpoint, run=self.run))

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the lowest validation loss, or None."""
        return next((report.epoch for report in reversed(self.history) if report.best), None)

    def step(
        self, inputs: NDArray[Any], targets: NDArray[Any], weights: NDArray[Any] | None = None
    ) -> tuple[float, float | None]:
        """One update on one batch. Allocates nothing of a batch's size.

        Args:
            inputs: ``(batch, in_features)`` in the network's dtype.
            targets: what the loss takes.
            weights: ``(batch,)``, how much each row counts, or None.

        Returns:
            The batch's loss before the update, and its metric or None.

        Raises:
            TrainingError: the loss is not finite; parameters and running statistics are as before.
        """
        if self.kept_weights.settled:
            self.kept_weights.resume()
        if self._state_before.size:
            self._state_before[...] = self.network.state
        outputs = self.network.forward(self.network.xp.asarray(inputs), training=True)
        loss = self._loss_of(outputs, targets, weights)
        try:
            learning_rate = next_rate(self.schedule, self.optimizer.steps, loss)
        except TrainingError:
            self.network.state[...] = self._state_before
            raise
        self.network.backward(self.loss.backward())
        self.optimizer.step(learning_rate)
        self.kept_weights.update()
        return loss, self._measure(outputs, targets)

    def epochs(self, total: int) -> Generator[EpochReport]:
        """Train until ``total`` epochs are done, those of a resumed run among them.

        This is a generator: nothing happens before it is looped over, and ``trainer.epochs(5)`` by itself
        trains nothing. Ctrl-C ends the loop quietly and sets ``interrupted``; so does ``break``, and the
        network then holds the weights to keep.

        Yields:
            The report of each epoch as it ends. Between two epochs the network holds the weights that
            training goes on from.

        Raises:
            TrainingError: the loss is not finite.
        """
        self.interrupted, complete = False, False
        self.kept_weights.resume()
        try:
            while len(self.history) < total and not self._patience_is_over():
                report = self._epoch()
                self.history.append(report)
                done = len(self.history) == total or self._patience_is_over()
                if self.checkpoint_path and (done or report.epoch % self.checkpoint_every == 0):
                    snapshot(self).save(self.checkpoint_path)
                yield report
            self.stopped_early = self._patience_is_over()
            complete = True
        except KeyboardInterrupt:
            self.interrupted = True
        except GeneratorExit:
            # The caller left the loop: by break, by an error of its own, or by Ctrl-C in its body.
            self.interrupted = True
            raise
        finally:
            if self._crew:
                self._crew.end()
            self._crew = None
            self.kept_weights.settle(best=not complete or self.early_stopping is not None)

    def _epoch(self) -> EpochReport:
        started = time.perf_counter()
        means = RunningMeans()
        # Numbers that overflow end in a loss that is not finite, which is answered with advice.
        with np.errstate(over="ignore", invalid="ignore"):
            with closing(self._steps()) as steps:
                for rows, loss, metric in steps:
                    means.add(rows, loss, metric)
            validation_loss, validation_metric = self._validate()
        margin = self.early_stopping.min_delta if self.early_stopping else 0.0
        best = validation_loss is not None and self.kept_weights.offer(validation_loss, margin)
        return EpochReport(
            epoch=len(self.history) + 1,
            steps=self.optimizer.steps,
            learning_rate=self.schedule(self.optimizer.steps - 1),
            training_loss=means.loss,
            training_metric=means.metric,
            validation_loss=validation_loss,
            validation_metric=validation_metric,
            best=best,
            seconds=time.perf_counter() - started,
        )

    def _steps(self) -> Generator[tuple[int, float, float | None]]:
        """Rows, loss and metric of every step of the next epoch."""
        number = len(self.history)
        self._crew = self._crew or (crew_of(self) if self.processes > 1 else None)
        if not self._crew:
            for batch in self.batches.epoch(number):
                yield len(batch[0]), *self.step(*batch)
            return
        with closing(self._crew.epoch(number)) as steps:
            for rows, loss, outputs, targets in steps:
                yield rows, loss, self._measure(outputs, targets)

    def _validate(self) -> tuple[float | None, float | None]:
        if self.validation is None:
            return None, None
        inputs, targets, weights = self.validation
        with self.kept_weights.candidate():
            outputs = self.network.predict(inputs)
        loss = self._loss_of(outputs, targets, weights)
        check_validation_loss(loss, epoch=len(self.history) + 1)
        return loss, self._measure(outputs, targets)

    def _loss_of(self, outputs: NDArray[Any], targets: NDArray[Any], weights: NDArray[Any] | None) -> float:
        # With NumPy no more than a look at each array; with another library the way to its device.
        move = self.network.xp.asarray
        return self.loss.forward(outputs, move(targets), None if weights is None else move(weights))

    def _measure(self, outputs: NDArray[Any], targets: NDArray[Any]) -> float | None:
        return float(self.metric(to_numpy(outputs), to_numpy(targets))) if self.metric else None

    def _patience_is_over(self) -> bool:
        stopping = self.early_stopping
        return stopping is not None and len(self.history) - (self.best_epoch or 0) >= stopping.patience
