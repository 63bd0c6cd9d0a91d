"""From a data set, a recipe and a seed to a calibrated model, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

import digitnet
from digitnet.calibration import calibrate
from digitnet.data.dataset import Dataset
from digitnet.errors import TrainingError
from digitnet.model_file import Model
from digitnet.preparation import build_trainer, split
from digitnet.recipes import Recipe
from digitnet.synthesis.corpus import held_out_handwriting, held_out_signs
from digitnet.synthesis.font_files import FontFile
from digitnet.training import EpochReport, Trainer


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
    processes: int | None = None,
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
        processes: that train together; None for as many as are quickest (:func:`digitnet.crew.headcount`).

    Raises:
        ConfigurationError, ModelFileError, TrainingError: as :class:`~digitnet.training.Trainer` does.

    >>> from digitnet.data import load_digits
    >>> recipe = Recipe(hidden=(16,), epochs=2, batch_size=64, learning_rate=1e-2, deformation=None)
    >>> result = fit(load_digits(), recipe, seed=1)
    >>> len(result.history), result.model.provenance["epochs"]
    (2, 2)
    """
    train, validation = split(dataset, recipe, seed=seed)
    trainer = build_trainer(
        train,
        validation,
        dataset.geometry,
        recipe,
        seed=seed,
        checkpoint=checkpoint,
        fonts=fonts,
        processes=processes,
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
        network=trainer.picture_network(),
        geometry=dataset.geometry,
        provenance={
            "dataset": dataset.name,
            "description": dataset.description,
            "training": train.description,
            "validation": validation.description,
            "seed": seed,
            "epochs": len(trainer.history),
            "processes": trainer.processes,
            "recipe": asdict(recipe),
            "digitnet": digitnet.__version__,
            **_early_end(trainer),
        },
    )
    outside = (held_out_handwriting(fonts), held_out_signs(fonts)) if recipe.wants_fonts else ()
    model = calibrate(model, validation, *outside)
    return Fit(model, trainer.history, trainer.interrupted, trainer.stopped_early)


def _early_end(trainer: Trainer) -> dict[str, Any]:
    """What the record of a run adds where it did not go through all its epochs."""
    if not (trainer.interrupted or trainer.stopped_early):
        return {}
    return {"ended": "interrupted" if trainer.interrupted else "early", "best_epoch": trainer.best_epoch}
