"""The course of one call of ``fit``: curves, patience, learning rate and callbacks, epoch by epoch."""

from __future__ import annotations

import math
import warnings
from contextlib import closing
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digitnet.estimator.building import inverse_scaling
from digitnet.estimator.held_out import HeldOut
from digitnet.estimator.parameters import Parameters
from digitnet.nn import Constant
from digitnet.progress import EpochReport
from digitnet.training import Trainer

#: Below this learning rate ``'adaptive'`` gives up, as in scikit-learn.
SMALLEST_RATE = 1e-6


class Course:
    """Watches a :class:`~digitnet.training.Trainer` at work and decides after each epoch what comes next.

    The rule of patience is scikit-learn's: an epoch is idle if the loss is above ``best - tol``, or the
    score below ``best + tol``; training ends after more than ``n_iter_no_change`` idle epochs in a row. The
    loss is that of training or, with early stopping, of validation; ``scoring`` names a score instead.

    Args:
        parameters: of the estimator.
        trainer: does the epochs.
        held_out: validation rows, or None.
        early_stopping: let the validation rows decide, and keep the weights of the best epoch.
        samples: rows that an epoch trains on, equal ones counted apart.
        seen: samples that earlier calls have trained on, for ``'invscaling'``.

    Attributes:
        losses, validation_losses, scores: of each epoch.
        best_epoch: the one with the lowest training loss, or by early stopping's measure the best; from 1.
        early_stopping: as given.
        converged: whether patience or a callback ended the course.
        interrupted: whether Ctrl-C did.
        seen: samples trained on, those of earlier calls among them.
    """

    def __init__(
        self,
        parameters: Parameters,
        trainer: Trainer,
        held_out: HeldOut | None,
        *,
        early_stopping: bool,
        samples: int,
        seen: int = 0,
    ) -> None:
        self._parameters, self._trainer, self._held_out = parameters, trainer, held_out
        self.early_stopping = early_stopping
        self._callbacks, self._samples = parameters._callbacks(), samples
        self._best_value, self._idle = -math.inf, 0
        self._best_weights: list[NDArray[np.floating]] | None = None
        self.losses: list[float] = []
        self.validation_losses: list[float] = []
        self.scores: list[float] = []
        self.best_epoch = 0
        self.converged = self.interrupted = False
        self.seen = seen

    def run(self, epochs: int) -> Course:
        """Train for at most so many epochs; afterwards the network holds the weights to keep.

        Warns:
            UserWarning: Ctrl-C did; what has been learned is kept.
        """
        with closing(self._trainer.epochs(epochs)) as reports:
            try:
                for report in reports:
                    if self._ends_after(report):
                        self.converged = True
                        break
                else:
                    self.interrupted = self._trainer.interrupted
            except KeyboardInterrupt:
                self.interrupted = True
        if self._best_weights is not None:
            for vector, best in zip(self._vectors(), self._best_weights, strict=True):
                vector[...] = best
        if self.interrupted:
            warnings.warn("Training was interrupted; the network keeps what it has learned.", stacklevel=4)
        return self

    def _ends_after(self, report: EpochReport) -> bool:
        self.losses.append(report.training_loss)
        self.seen += self._samples
        value = -report.training_loss
        if self._held_out is not None:
            loss, score = self._held_out.measure()
            self.validation_losses.append(loss)
            self.scores.append(score)
            report = replace(report, validation_loss=loss, validation_metric=score)
            if self.early_stopping:
                value = -loss if self._parameters.scoring == "loss" else score
        report = replace(report, best=self._weigh_up(value))
        if self._parameters.verbose:
            self._print(report)
        if self._parameters.learning_rate == "invscaling":
            self._change_rate(inverse_scaling(self._parameters, self.seen))
        patience_is_over = self._idle > self._parameters.n_iter_no_change and not self._lowers_rate()
        answers = [callback(report) for callback in self._callbacks]
        return any(answers) or patience_is_over

    def _weigh_up(self, value: float) -> bool:
        """Count idle epochs, remember the best; returns whether this epoch is the best so far."""
        self._idle = self._idle + 1 if value < self._best_value + self._parameters.tol else 0
        if not value > self._best_value:
            return False
        self._best_value, self.best_epoch = value, len(self.losses)
        if self.early_stopping:
            self._best_weights = [vector.copy() for vector in self._vectors()]
        return True

    def _lowers_rate(self) -> bool:
        """``'adaptive'``: instead of ending, go on with a fifth of the learning rate."""
        p = self._parameters
        rate = self._trainer.schedule(0)
        if not (p.solver == "sgd" and p.learning_rate == "adaptive" and rate > SMALLEST_RATE):
            return False
        self._change_rate(Constant(rate / 5.0))
        self._idle = 0
        return True

    def _change_rate(self, schedule: Constant) -> None:
        """Go on at another rate, with the momentum that there is.

        A step is rate times velocity, so the velocity takes up what the rate lets go of: the network keeps
        its speed, as in scikit-learn, where the rate is part of the velocity.
        """
        velocity = self._trainer.optimizer.memory.get("velocity")
        if velocity is not None:
            velocity *= self._trainer.schedule(0) / schedule(0)
        self._trainer.schedule = schedule

    def _vectors(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        return self._trainer.network.parameters, self._trainer.network.state

    @staticmethod
    def _print(report: EpochReport) -> None:
        line = f"Iteration {report.epoch}, loss = {report.training_loss:.8f}"
        if report.validation_loss is not None:
            line += f", validation loss = {report.validation_loss:.8f}"
            line += f", validation score = {report.validation_metric:.6f}"
        print(line)
