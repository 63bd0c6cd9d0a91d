"""From a data set, a recipe and a seed to a calibrated model, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import digitnet
from digitnet.calibration import calibrate
from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches
from digitnet.data.dataset import Dataset, Split, hold_out, hold_out_last
from digitnet.data.fine_deformation import FineAugmenter
from digitnet.errors import ConfigurationError, TrainingError
from digitnet.evaluation import accuracy
from digitnet.geometry import CLASSES, MNIST_GEOMETRY, Geometry
from digitnet.imaging import to_inputs
from digitnet.model_file import Model
from digitnet.nn import AdamW, OneCycle, SoftmaxCrossEntropy, WeightAverage
from digitnet.recipes import Recipe, build_network
from digitnet.synthesis.corpus import (
    Examples,
    font_digits,
    font_signs,
    held_out_handwriting,
    held_out_signs,
    non_digits,
    written_digits,
)
from digitnet.synthesis.font_files import FontFile
from digitnet.training import EarlyStopping, EpochReport, Trainer


@dataclass(frozen=True)
class Fit:
    """What :func:`fit` returns: the model, the epochs that led to it and how the run ended.

    Attributes:
        model: trained and calibrated.
        history: one report an epoch.
        interrupted: whether Ctrl-C ended the run; the model then has the best weights so far.
        stopped_early: whether the recipe's patience ended it.

    >>> from digitnet.model_file import load_model
    >>> result = Fit(load_model("models/digits.safetensors"), [], interrupted=False, stopped_early=False)
    >>> result.model.name
    'digits'
    """

    model: Model
    history: list[EpochReport]
    interrupted: bool
    stopped_early: bool


def fit(
    dataset: Dataset,
    recipe: Recipe,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
    fonts: Sequence[FontFile] = (),
) -> Fit:
    """Train, calibrate and describe a model; the test split is not looked at.

    Temperature and rejection threshold are chosen on the validation split, and the threshold of a model
    that was trained on other handwriting too on handwriting of that kind that was held out.

    Args:
        dataset: its training split is cut into training and validation.
        recipe: how.
        seed: of the weights, the order, the deformations and the validation split.
        checkpoint: file to save the run in after every epoch, and to go on from if it exists.
        on_epoch: called with the report of each epoch, those of a resumed run not among them.
        fonts: handwriting fonts, for recipes that want them.

    Raises:
        ConfigurationError, ModelFileError, TrainingError: as :class:`~digitnet.training.Trainer` does.

    >>> from digitnet.data import load_digits
    >>> recipe = Recipe(hidden=(16,), epochs=2, batch_size=64, learning_rate=1e-2, deformation=None)
    >>> result = fit(load_digits(), recipe, seed=1)
    >>> len(result.history), result.model.provenance["epochs"]
    (2, 2)
    """
    geometry = dataset.geometry
    if dataset.grouped:
        train, validation = hold_out_last(dataset.train, recipe.validation)
    else:
        train, validation = hold_out(dataset.train, recipe.validation, seed=seed)
    network = build_network(geometry, recipe, np.random.default_rng([seed, 1]))
    batches = _batches(practice(train, geometry, recipe, fonts, seed=seed), geometry, recipe, seed)
    inputs = to_inputs(validation.images, geometry)
    trainer = Trainer(
        network,
        SoftmaxCrossEntropy(label_smoothing=recipe.label_smoothing),
        AdamW(weight_decay=recipe.weight_decay),
        OneCycle(recipe.learning_rate, total_steps=recipe.epochs * len(batches), warmup=recipe.warmup),
        batches,
        validation=(inputs, validation.labels),
        metric=digit_accuracy,
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
    model = Model(
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
    )
    outside = (held_out_handwriting(fonts), held_out_signs(fonts)) if recipe.wants_fonts else ()
    model = calibrate(model, validation, *outside)
    return Fit(model, trainer.history, trainer.interrupted, trainer.stopped_early)


def practice(
    train: Split, geometry: Geometry, recipe: Recipe, fonts: Sequence[FontFile], *, seed: int
) -> Examples:
    """The pictures that a recipe trains on: the training split, other handwriting and what is no digit.

    Raises:
        ConfigurationError: the recipe wants handwriting fonts and there are none, or another geometry.

    >>> from digitnet.data import load_digits
    >>> from digitnet.recipes import RECIPES
    >>> digits = load_digits()
    >>> practice(digits.train, digits.geometry, RECIPES["digits"], (), seed=0).images.shape
    (898, 8, 8)
    """
    examples = Examples(train.images, train.labels)
    if not recipe.wants_fonts:
        return examples
    if geometry != MNIST_GEOMETRY or not fonts:
        raise ConfigurationError(
            "Other handwriting is made for pictures laid out as MNIST's, from handwriting fonts; got "
            f"{geometry.size}×{geometry.size} pixels and {len(fonts)} fonts."
        )
    rng = np.random.default_rng([seed, 2])
    examples += written_digits(train, font_digits(fonts), recipe.written, rng)
    return examples + non_digits(examples, font_signs(fonts), recipe.non_digits, rng)


def digit_accuracy(outputs: NDArray[Any], labels: NDArray[Any]) -> float:
    """Share of the digits among the rows that are read right; 1 if there are none.

    Args:
        outputs: ``(n, 10)`` or ``(n, 11)`` logits or probabilities.
        labels: ``(n,)``, 10 for what is no digit; those rows do not count.

    >>> digit_accuracy(np.eye(11)[[3, 4, 10]], np.array([3, 5, 10]))
    0.5
    """
    digits = labels < CLASSES
    return accuracy(outputs[digits, :CLASSES], labels[digits]) if digits.any() else 1.0


def _batches(examples: Examples, geometry: Geometry, recipe: Recipe, seed: int) -> Batches:
    deformation = recipe.deformation
    settled = round(recipe.epochs * (1 - recipe.settle))
    return Batches(
        to_inputs(examples.images, geometry),
        examples.labels,
        batch_size=recipe.batch_size,
        seed=seed,
        augment=_augmenter(geometry, recipe, deformation) if deformation else None,
        late_augment=(settled, _augmenter(geometry, recipe, deformation.scaled(0.5)))
        if deformation and recipe.settle
        else None,
    )


def _augmenter(geometry: Geometry, recipe: Recipe, deformation: Deformation) -> Augmenter | FineAugmenter:
    if recipe.fineness > 1:
        return FineAugmenter(geometry.size, deformation, factor=recipe.fineness)
    return Augmenter(geometry.size, deformation)


def _early_end(trainer: Trainer) -> dict[str, Any]:
    """What the record of a run adds where it did not go through all its epochs."""
    if not (trainer.interrupted or trainer.stopped_early):
        return {}
    return {"ended": "interrupted" if trainer.interrupted else "early", "best_epoch": trainer.best_epoch}
