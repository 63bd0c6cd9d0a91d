"""Recipes that are known to work: from a data set and a seed to a calibrated model, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import digitnet
from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches
from digitnet.data.dataset import Dataset, Split, hold_out, hold_out_last
from digitnet.errors import ConfigurationError, TrainingError
from digitnet.evaluation import accuracy, fit_temperature, rejection_threshold
from digitnet.geometry import CLASSES, Geometry
from digitnet.imaging import to_inputs
from digitnet.model_file import Model
from digitnet.nn import (
    AdamW,
    Dense,
    Dropout,
    Layer,
    Network,
    OneCycle,
    ReLU,
    SoftmaxCrossEntropy,
    WeightAverage,
)
from digitnet.nn.activations import softmax
from digitnet.training import EarlyStopping, EpochReport, Trainer


@dataclass(frozen=True)
class Recipe:
    """Everything about a training run but the data and the seed.

    Attributes:
        hidden: widths of the hidden layers, each Dense and ReLU.
        epochs: passes through the training split; the learning rate's cycle spans them.
        batch_size: pictures in a step.
        learning_rate: peak of the one-cycle schedule.
        warmup: share of the steps in which the learning rate rises.
        weight_decay: of AdamW.
        dropout: rate after each hidden layer.
        average: decay of the moving average of the weights, or None.
        validation: share of the training split that is held out.
        deformation: applied anew to every picture in every epoch, or None.
        patience: epochs without progress before training stops early, or None.
        threads: of the matrix products, or None for the library's choice. A narrow network's products
            are too short to share: on a busy machine its threads mostly wait for one another.
    """

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.2
    weight_decay: float = 0.01
    dropout: float = 0.0
    average: float | None = 0.999
    validation: float = 0.1
    deformation: Deformation | None = field(default_factory=Deformation)
    patience: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1 or self.epochs < 1:
            raise ConfigurationError(
                "A recipe needs at least one hidden layer, each with at least one unit, and at least one "
                f"epoch; got hidden layers {self.hidden} and {self.epochs} epochs."
            )


RECIPES: dict[str, Recipe] = {
    # Distances are in pixels, and those of the 8×8 pictures are three to four times as large.
    "digits": Recipe(
        hidden=(256, 256),
        epochs=120,
        batch_size=64,
        learning_rate=3e-3,
        average=0.99,
        deformation=Deformation(rotation=10, shear=10, scale=0.1, shift=0.5, elastic=0.3, smoothness=2.0),
        threads=1,
    ),
    "mnist": Recipe(hidden=(1024, 512), epochs=40, batch_size=256, learning_rate=2e-3, validation=1 / 12),
}


@dataclass(frozen=True)
class Fit:
    """What :func:`fit` returns: the model, the epochs that led to it and how the run ended."""

    model: Model
    history: list[EpochReport]
    interrupted: bool
    stopped_early: bool


def build_network(geometry: Geometry, recipe: Recipe, rng: np.random.Generator) -> Network:
    """The recipe's network for pictures of the given geometry, with fresh weights."""
    layers: list[Layer] = []
    width = geometry.features
    for hidden in recipe.hidden:
        layers += [Dense(width, hidden), ReLU()]
        if recipe.dropout:
            layers.append(Dropout(recipe.dropout))
        width = hidden
    return Network([*layers, Dense(width, CLASSES)], rng=rng)


def fit(
    dataset: Dataset,
    recipe: Recipe,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Fit:
    """Train, calibrate and describe a model; the test split is not looked at.

    Temperature and rejection threshold are chosen on the validation split.

    Args:
        dataset: its training split is cut into training and validation.
        recipe: how.
        seed: of the weights, the order, the deformations and the validation split.
        checkpoint: file to save the run in after every epoch, and to go on from if it exists.
        on_epoch: called with the report of each epoch, those of a resumed run not among them.

    Raises:
        ConfigurationError, ModelFileError, TrainingError: as :class:`~digitnet.training.Trainer` does.
    """
    geometry = dataset.geometry
    if dataset.grouped:
        train, validation = hold_out_last(dataset.train, recipe.validation)
    else:
        train, validation = hold_out(dataset.train, recipe.validation, seed=seed)
    network = build_network(geometry, recipe, np.random.default_rng([seed, 1]))
    batches = Batches(
        to_inputs(train.images, geometry),
        train.labels,
        batch_size=recipe.batch_size,
        seed=seed,
        augment=Augmenter(geometry.size, recipe.deformation) if recipe.deformation else None,
    )
    inputs = to_inputs(validation.images, geometry)
    trainer = Trainer(
        network,
        SoftmaxCrossEntropy(),
        AdamW(weight_decay=recipe.weight_decay),
        OneCycle(recipe.learning_rate, total_steps=recipe.epochs * len(batches), warmup=recipe.warmup),
        batches,
        validation=(inputs, validation.labels),
        metric=accuracy,
        average=WeightAverage(recipe.average) if recipe.average else None,
        early_stopping=EarlyStopping(recipe.patience) if recipe.patience else None,
        checkpoint=checkpoint,
    )
    with threadpool_limits(recipe.threads, user_api="blas"):
        epochs = trainer.epochs(recipe.epochs)
        try:
            for report in epochs:
                if on_epoch:
                    on_epoch(report)
        except KeyboardInterrupt:
            # Ctrl-C struck in ``on_epoch``: closing the generator settles the weights all the same.
            epochs.close()
    if not trainer.history:
        raise TrainingError(
            "Training was interrupted before its first epoch ended: there is nothing to keep."
        )
    model = calibrate(
        Model(
            name=dataset.name,
            network=network,
            geometry=geometry,
            provenance={
                "dataset": dataset.name,
                "description": dataset.description,
                "training": train.description,
                "validation": validation.description,
                "seed": seed,
                "epochs": len(trainer.history),
                "recipe": asdict(recipe),
                "digitnet": digitnet.__version__,
                **_early_end(trainer),
            },
        ),
        validation,
    )
    return Fit(model, trainer.history, trainer.interrupted, trainer.stopped_early)


def _early_end(trainer: Trainer) -> dict[str, Any]:
    """What the record of a run adds where it did not go through all its epochs."""
    if not (trainer.interrupted or trainer.stopped_early):
        return {}
    return {"ended": "interrupted" if trainer.interrupted else "early", "best_epoch": trainer.best_epoch}


def calibrate(model: Model, validation: Split) -> Model:
    """The model with a temperature and a rejection threshold fitted on the validation split."""
    logits = np.asarray(model.network.predict(to_inputs(validation.images, model.geometry)), np.float64)
    temperature = fit_temperature(logits, validation.labels)
    probabilities = softmax(logits / temperature)
    return replace(
        model,
        temperature=temperature,
        rejection_threshold=rejection_threshold(probabilities, validation.labels),
        metrics=model.metrics | {"validation_accuracy": accuracy(logits, validation.labels)},
    )
