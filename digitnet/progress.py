"""What a training run says of itself after each epoch, and when it has gone on long enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

from digitnet.errors import ConfigurationError


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
    """

    patience: int = 10
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1 or not 0.0 <= self.min_delta < math.inf:
            raise ConfigurationError(
                "Early stopping needs a patience of at least 1 and a min_delta of at least 0; "
                f"got {self.patience} and {self.min_delta}."
            )
