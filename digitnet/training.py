"""The training loop: a generator of epoch reports that can be watched, stopped, saved and resumed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.checkpoint import Checkpoint
from digitnet.data.batches import Batches, checksum
from digitnet.errors import ConfigurationError, TrainingError
from digitnet.kept_weights import KeptWeights
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.losses import Loss
from digitnet.nn.network import Network
from digitnet.nn.optimizers import Optimizer
from digitnet.nn.schedules import Schedule
from digitnet.progress import EarlyStopping, EpochReport

__all__ = ["EarlyStopping", "EpochReport", "Metric", "Trainer"]

#: ``metric(outputs, targets) -> float``, the larger the better.
Metric = Callable[[NDArray[Any], NDArray[Any]], float]


class Trainer:
    """Trains a network; the caller's loop is the callback.

    ::

        trainer = Trainer(network, loss, optimizer, schedule, batches, validation=(inputs, labels))
        for report in trainer.epochs(20):
            print(report.epoch, report.validation_loss)

    When the loop ends, however it ends, the network holds the weights to keep: those of the best epoch
    if it was interrupted, failed or may stop early (and there is validation data), else the last ones,
    averaged if ``average`` is given. Going on with ``epochs`` afterwards goes on from the last step.

    Args:
        network, loss, optimizer: the optimiser is bound to the network here.
        schedule: learning rate of each step.
        batches: the training split.
        validation: ``(inputs, targets)`` that are never trained on, or None.
        metric: measured beside the loss, such as :func:`digitnet.evaluation.accuracy`.
        average: a moving average of the weights, used for validation and kept at the end.
        early_stopping: needs validation data.
        checkpoint: file that is written after every epoch; if it exists, the run goes on from it.
        checkpoint_every: epochs between checkpoints; the last epoch always has one.

    Raises:
        ConfigurationError: early stopping without validation data, or data that do not fit the network
            and the loss.
        ModelFileError: the checkpoint is damaged or belongs to another run.
        TrainingError: (while training) the loss is not finite.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        schedule: Schedule,
        batches: Batches,
        *,
        validation: tuple[NDArray[Any], NDArray[Any]] | None = None,
        metric: Metric | None = None,
        average: WeightAverage | None = None,
        early_stopping: EarlyStopping | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 1,
    ) -> None:
        if early_stopping is not None and validation is None:
            raise ConfigurationError("Early stopping needs validation data; none was given.")
        if checkpoint_every < 1:
            raise ConfigurationError(f"checkpoint_every is at least 1; got {checkpoint_every}.")
        for inputs, targets in filter(None, ((batches.inputs, batches.targets), validation)):
            if inputs.shape[1:] != (network.in_features,):
                raise ConfigurationError(
                    f"The network takes inputs of shape (n, {network.in_features}); got {inputs.shape}."
                )
            loss.check_targets(targets, network.out_features)
        checkpoint = Path(checkpoint) if checkpoint else None
        if checkpoint and not isinstance(network.rng.bit_generator, np.random.PCG64):
            raise ConfigurationError(
                "A run with checkpoints needs a network whose rng is one of numpy.random.default_rng(seed); "
                f"got a {type(network.rng.bit_generator).__name__}."
            )
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.schedule, self.batches, self.validation = schedule, batches, validation
        self.metric, self.average, self.early_stopping = metric, average, early_stopping
        self.checkpoint_path, self.checkpoint_every = checkpoint, checkpoint_every
        self.history: list[EpochReport] = []
        self.interrupted = False
        self.stopped_early = False
        self.resumed_epochs = 0
        optimizer.bind(network.parameters, network.gradients, weight_count=network.weight_count)
        self._weights = KeptWeights(network, average)
        if checkpoint is not None and checkpoint.exists():
            self._resume(Checkpoint.load(checkpoint, run=self._run()))

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the lowest validation loss, or None."""
        return max((report.epoch for report in self.history if report.best), default=None)

    def step(self, inputs: NDArray[Any], targets: NDArray[Any]) -> tuple[float, float | None]:
        """One update on one batch; returns its loss and metric. Allocates nothing of a batch's size."""
        outputs = self.network.forward(inputs, training=True)
        loss = self.loss.forward(outputs, targets)
        learning_rate = self.schedule(self.optimizer.steps)
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss became {loss} at step {self.optimizer.steps + 1} "
                f"(learning rate {learning_rate:.3g}). Lower the learning rate, warm it up, "
                "or look for NaN and unscaled values in the inputs."
            )
        self.network.backward(self.loss.backward())
        self.optimizer.step(learning_rate)
        self._weights.update()
        return loss, self.metric(outputs, targets) if self.metric else None

    def epochs(self, total: int) -> Generator[EpochReport]:
        """Train until ``total`` epochs are done, those of a resumed run among them.

        Ctrl-C ends the loop quietly and sets ``interrupted``.
        """
        self.interrupted, complete = False, False
        self._weights.resume()
        try:
            while len(self.history) < total and not self._patience_is_over():
                report = self._epoch()
                self.history.append(report)
                done = len(self.history) == total or self._patience_is_over()
                if self.checkpoint_path and (done or report.epoch % self.checkpoint_every == 0):
                    self._snapshot().save(self.checkpoint_path)
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
            self._weights.settle(best=not complete or self.early_stopping is not None)

    def _epoch(self) -> EpochReport:
        started = time.perf_counter()
        losses, metrics, samples = 0.0, 0.0, 0
        # Numbers that overflow end in a loss that is not finite, which is answered with advice.
        with np.errstate(over="ignore", invalid="ignore"):
            for inputs, targets in self.batches.epoch(len(self.history)):
                loss, metric = self.step(inputs, targets)
                losses += loss * len(inputs)
                metrics += (metric or 0.0) * len(inputs)
                samples += len(inputs)
            validation_loss, validation_metric = self._validate()
        margin = self.early_stopping.min_delta if self.early_stopping else 0.0
        best = validation_loss is not None and self._weights.offer(validation_loss, margin)
        return EpochReport(
            epoch=len(self.history) + 1,
            steps=self.optimizer.steps,
            learning_rate=self.schedule(self.optimizer.steps - 1),
            training_loss=losses / samples,
            training_metric=metrics / samples if self.metric else None,
            validation_loss=validation_loss,
            validation_metric=validation_metric,
            best=best,
            seconds=time.perf_counter() - started,
        )

    def _validate(self) -> tuple[float | None, float | None]:
        if self.validation is None:
            return None, None
        inputs, targets = self.validation
        with self._weights.candidate():
            outputs = self.network.predict(inputs)
        loss = self.loss.forward(outputs, targets)
        if not math.isfinite(loss):
            raise TrainingError(
                f"The validation loss became {loss} in epoch {len(self.history) + 1}. "
                "Lower the learning rate, or look for NaN in the validation data."
            )
        return loss, self.metric(outputs, targets) if self.metric else None

    def _patience_is_over(self) -> bool:
        if self.early_stopping is None or not self.history:
            return False
        return len(self.history) - (self.best_epoch or 0) >= self.early_stopping.patience

    def _run(self) -> dict[str, Any]:
        """What identifies this run, so that a checkpoint of another one is refused."""
        return {
            "architecture": self.network.architecture(),
            "dtype": str(self.network.dtype),
            "loss": self.loss.config(),
            "optimizer": self.optimizer.config(),
            "schedule": repr(self.schedule),
            "batches": self.batches.config(),
            "validation data": checksum(*self.validation) if self.validation else None,
            "average": self.average.decay if self.average else None,
            "early stopping": asdict(self.early_stopping) if self.early_stopping else None,
        }

    def _snapshot(self) -> Checkpoint:
        arrays = {f"optimizer.{name}": array for name, array in self.optimizer.memory.items()}
        progress = {
            "optimizer_steps": self.optimizer.steps,
            "network_rng": self.network.rng.bit_generator.state,
            "history": [asdict(report) for report in self.history],
            **self._weights.progress(),
        }
        return Checkpoint(arrays | self._weights.arrays(), progress, self._run())

    def _resume(self, checkpoint: Checkpoint) -> None:
        self._weights.restore(checkpoint.arrays, checkpoint.progress)
        for name, memory in self.optimizer.memory.items():
            memory[...] = checkpoint.arrays[f"optimizer.{name}"]
        self.optimizer.steps = checkpoint.progress["optimizer_steps"]
        self.network.rng.bit_generator.state = checkpoint.progress["network_rng"]
        self.history = [EpochReport(**report) for report in checkpoint.progress["history"]]
        self.resumed_epochs = len(self.history)
