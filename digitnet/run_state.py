"""What of a training run goes into a checkpoint, and how the run takes it up again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digitnet.checkpoint import Checkpoint
from digitnet.data.batches import checksum, describe
from digitnet.errors import ConfigurationError
from digitnet.nn.arrays import to_numpy
from digitnet.nn.network import Network
from digitnet.progress import EarlyStopping, EpochReport

if TYPE_CHECKING:
    from digitnet.training import Trainer


def check_course(
    network: Network,
    schedule: object,
    checkpoint: Path | None,
    *,
    held_out: bool,
    stopping: EarlyStopping | None,
) -> None:
    """Find out whether a run can go the course that is wanted, and be taken up again if it is to be saved.

    Raises:
        ConfigurationError: the schedule is no function, the state of the network's rng cannot be saved, or
            early stopping has no data to go by.
    """
    if stopping is not None and not held_out:
        raise ConfigurationError("Early stopping needs validation data; none was given.")
    if not callable(schedule):
        raise ConfigurationError(
            f"A schedule is a function of the step, such as Constant(0.1); got {schedule!r}."
        )
    if checkpoint and not isinstance(network.rng.bit_generator, np.random.PCG64):
        raise ConfigurationError(
            "A run with checkpoints needs a network whose rng is one of numpy.random.default_rng(seed); "
            f"got a {type(network.rng.bit_generator).__name__}."
        )


def identity(trainer: Trainer) -> dict[str, Any]:
    """Plain values that say which run this is, so that a checkpoint of another one is refused.

    Raises:
        ConfigurationError: a schedule or an augmentation without a name to be recorded by.
    """
    held_out = trainer.validation
    return {
        "architecture": trainer.network.architecture(),
        "dtype": str(trainer.network.dtype),
        "loss": trainer.loss.config(),
        "optimizer": trainer.optimizer.config(),
        "schedule": describe(trainer.schedule),
        "batches": trainer.batches.config(),
        "validation data": checksum(*(part for part in held_out if part is not None)) if held_out else None,
        "average": trainer.average.decay if trainer.average else None,
        "early stopping": asdict(trainer.early_stopping) if trainer.early_stopping else None,
    }


def snapshot(trainer: Trainer) -> Checkpoint:
    """Everything that the next step depends on, as it is at the end of an epoch."""
    arrays = {f"optimizer.{name}": array for name, array in trainer.optimizer.memory.items()}
    arrays |= trainer.kept_weights.arrays()
    progress = {
        "optimizer_steps": trainer.optimizer.steps,
        "network_rng": trainer.network.rng.bit_generator.state,
        "history": [asdict(report) for report in trainer.history],
        **trainer.kept_weights.progress(),
    }
    # Files hold NumPy's arrays, wherever the network computes.
    return Checkpoint({name: to_numpy(array) for name, array in arrays.items()}, progress, trainer.run)


def restore(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Put a new trainer where the one was that :func:`snapshot` was taken of."""
    trainer.kept_weights.restore(checkpoint.arrays, checkpoint.progress)
    for name, memory in trainer.optimizer.memory.items():
        memory[...] = trainer.network.xp.asarray(checkpoint.arrays[f"optimizer.{name}"])
    trainer.optimizer.steps = checkpoint.progress["optimizer_steps"]
    trainer.network.rng.bit_generator.state = checkpoint.progress["network_rng"]
    trainer.history = [EpochReport(**report) for report in checkpoint.progress["history"]]
    trainer.resumed_epochs = len(trainer.history)
