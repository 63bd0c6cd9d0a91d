"""What a training run says of itself after each epoch, and when it has gone on long enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

from digitnet.errors import ConfigurationError, TrainingError, whole_number
from digitnet.nn.schedules import Schedule


@dataclass(frozen=True)
class EpochReport:
    """What one epoch did.

    Attributes:
        epoch: 1 for the first.
        steps: updates so far.
        learning_rate: of the epoch's last step.
        training_loss: mean over the epoch's batches, as they were seen (deformed, with dropout).
        training_metric: the same for the metric, or None without one.
        validation_loss: of the weights that would be kept now, or None without validation data.
        validation_metric: the same for the metric.
        best: whether this epoch has the lowest validation loss so far, by the margin of early stopping.
        seconds: wall-clock time of the epoch.

    >>> EpochReport(1, 100, 0.01, 0.5, None, 0.4, None, best=True, seconds=2.0).validation_loss
    0.4
    """

    epoch: int
    steps: int
    learning_rate: float
    training_loss: float
    training_metric: float | None
    validation_loss: float | None
    validation_metric: float | None
    best: bool
    seconds: float


class RunningMeans:
    """Mean loss and metric of an epoch, over the batches so far, each weighted with its rows.

    >>> means = RunningMeans()
    >>> means.add(3, loss=1.0, metric=None)
    >>> means.add(1, loss=5.0, metric=None)
    >>> means.loss, means.metric
    (2.0, None)
    """

    def __init__(self) -> None:
        self._rows, self._losses, self._metrics, self._measured = 0, 0.0, 0.0, False

    def add(self, rows: int, loss: float, metric: float | None) -> None:
        """Take a batch into account."""
        self._rows += rows
        self._losses += loss * rows
        self._measured = metric is not None
        self._metrics += (metric or 0.0) * rows

    @property
    def loss(self) -> float:
        """The mean loss."""
        return self._losses / self._rows

    @property
    def metric(self) -> float | None:
        """The mean metric, or None where none was measured."""
        return self._metrics / self._rows if self._measured else None


def next_rate(schedule: Schedule, steps: int, loss: float) -> float:
    """The learning rate of the step after ``steps`` others, if the loss of its batch allows for one.

    Raises:
        TrainingError: the loss is not finite.

    >>> next_rate(lambda step: 0.1, steps=7, loss=2.3)
    0.1
    """
    learning_rate = schedule(steps)
    if not math.isfinite(loss):
        raise TrainingError(
            f"The loss became {loss} at step {steps + 1} (learning rate {learning_rate:.3g}). "
            "Lower the learning rate, warm it up, or look for NaN and unscaled values in the inputs."
        )
    return learning_rate


def check_validation_loss(loss: float, *, epoch: int) -> None:
    """Find out whether an epoch went well.

    Raises:
        TrainingError: its validation loss is not finite.

    >>> check_validation_loss(2.3, epoch=1)
    """
    if not math.isfinite(loss):
        raise TrainingError(
            f"The validation loss became {loss} in epoch {epoch}. "
            "Lower the learning rate, or look for NaN in the validation data."
        )


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation loss has not fallen by ``min_delta`` for ``patience`` epochs.

    The network then gets back the weights of its best epoch.

    Args:
        patience: epochs, at least 1.
        min_delta: a smaller fall of the loss does not count.

    Raises:
        ConfigurationError: a patience that is no whole number or below 1, or a negative ``min_delta``.

    >>> EarlyStopping(patience=5)
    EarlyStopping(patience=5, min_delta=0.0)
    """

    patience: int = 10
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        whole_number(self.patience, "The patience of early stopping")
        if not 0.0 <= self.min_delta < math.inf:
            raise ConfigurationError(
                f"The min_delta of early stopping is zero or positive; got {self.min_delta}."
            )
