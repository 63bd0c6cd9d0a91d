"""What a training run says of itself after each epoch, and when it has gone on long enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

from digitnet.errors import ConfigurationError, whole_number


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
