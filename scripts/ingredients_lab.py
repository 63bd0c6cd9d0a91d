"""What the experiments on the ingredients of training share: data, and one way to train."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from digitnet.data import Batches
from digitnet.errors import TrainingError
from digitnet.nn import SGD, Constant, Layer, Loss, Network, Optimizer, Schedule
from digitnet.training import Trainer

Array = NDArray[np.float64]
T = TypeVar("T")
#: Every experiment is repeated with each of these: data, initial weights, order of the batches.
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Curves:
    """A panel of lines: for each label an array ``(seeds, points)`` over ``x``."""

    title: str
    x_label: str
    y_label: str
    x: Array
    lines: Mapping[str, Array]
    log_x: bool = False
    log_y: bool = False
    #: Largest y to show: what diverges runs out of the picture.
    top: float | None = None
    #: What to write at the points of a logarithmic x instead of the numbers.
    x_names: Sequence[str] | None = None


@dataclass(frozen=True)
class Dots:
    """A panel that compares: for each label one number a seed."""

    title: str
    y_label: str
    values: Mapping[str, Array]


@dataclass(frozen=True)
class Experiment:
    """What an experiment found: a sentence to read first, and the panels of its picture."""

    title: str
    panels: Sequence[Curves | Dots]


@dataclass(frozen=True)
class Run:
    """What one training left: the network, and its loss before the first and after each epoch."""

    network: Network
    losses: Array

    def loss_of(self, loss: Loss, inputs: Array, targets: NDArray[Any]) -> float:
        """Loss on other data."""
        return loss.forward(self.network.predict(inputs), targets)


def train(
    layers: Sequence[Layer],
    loss: Loss,
    inputs: Array,
    targets: NDArray[Any],
    *,
    seed: int,
    epochs: int,
    learning_rate: float | Schedule,
    optimizer: Optimizer | None = None,
    batch_size: int | None = None,
    judged_on: tuple[Array, NDArray[Any]] | None = None,
) -> Run:
    """Train in float64, by full batches and plain gradient descent where nothing else is said.

    The losses are those over all training data, or over the data that the run is to be judged on. A run
    that diverges has the loss ∞ from then on.
    """
    network = Network(layers, rng=np.random.default_rng(seed), dtype=np.float64)
    judged_on = judged_on or (inputs, targets)
    trainer = Trainer(
        network,
        loss,
        optimizer or SGD(),
        Constant(learning_rate) if isinstance(learning_rate, float) else learning_rate,
        Batches(inputs, targets, batch_size=batch_size or len(inputs), seed=seed, dtype=np.float64),
        validation=judged_on,
    )
    losses = [loss.forward(network.predict(judged_on[0]), judged_on[1])]
    try:
        losses.extend(report.validation_loss for report in trainer.epochs(epochs))
    except TrainingError:
        losses.extend([np.inf] * (epochs + 1 - len(losses)))
    return Run(network, np.array(losses))


def over_seeds(measure: Callable[[int], Any]) -> Array:
    """One row a seed."""
    return np.array([measure(seed) for seed in SEEDS])


def for_each(measure: Callable[[int, T], Any], settings: Mapping[str, T]) -> dict[str, Array]:
    """For each label what ``measure(seed, setting)`` gives, one row a seed."""
    return {
        label: over_seeds(lambda seed, setting=setting: measure(seed, setting))
        for label, setting in settings.items()
    }


def rings(seed: int, count: int = 200, noise: float = 0.1) -> tuple[Array, Array]:
    """A ring (class 1) within a ring (class 0), which no line separates; ``(count, 2)`` and ``(count,)``."""
    rng = np.random.default_rng(seed)
    inner = np.arange(count) % 2
    angle = rng.uniform(0, 2 * np.pi, count)
    radius = np.where(inner, 0.4, 1.0)
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + rng.normal(0, noise, points.shape), inner.astype(np.float64)


def accuracy(network: Network, inputs: Array, targets: Array) -> float:
    """Share of points on the right side of logit 0."""
    return float(np.mean((network.predict(inputs).ravel() > 0) == targets.ravel()))
