"""A run of training on a terminal: its progress bar, its figures, its pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from digitnet.card_file import card_path, checksum_on_card
from digitnet.data import Dataset, load_digits
from digitnet.evaluation import accuracy
from digitnet.fitting import Fit, fit
from digitnet.model_file import Model
from digitnet.recipes import Recipe
from digitnet.recognizer import Recognizer
from digitnet.synthesis.font_files import FontFile
from digitnet.training import EpochReport


@contextmanager
def progress(epochs: int, quiet: bool) -> Iterator[Callable[[EpochReport], None]]:
    """A bar that moves with every report of an epoch that it is given."""
    # disable=None: no bar where standard error is not a terminal, such as a log file.
    with tqdm(total=epochs, unit="epoch", disable=quiet or None, file=sys.stderr) as bar:

        def on_epoch(report: EpochReport) -> None:
            bar.update(report.epoch - bar.n)
            bar.set_postfix_str(
                f"loss {report.training_loss:.4f}, validation {report.validation_loss:.4f} "
                f"({100 * (report.validation_metric or 0):.2f} % right)",
                refresh=False,
            )

        yield on_epoch


def train(
    data: Dataset,
    recipe: Recipe,
    seed: int,
    checkpoint: Path | None,
    quiet: bool,
    fonts: Sequence[FontFile] = (),
    processes: int | None = None,
) -> Fit:
    """Fit a model, with a progress bar."""
    with progress(recipe.epochs, quiet) as on_epoch:
        return fit(
            data,
            recipe,
            seed=seed,
            checkpoint=checkpoint,
            on_epoch=on_epoch,
            fonts=fonts,
            processes=processes,
        )


def with_metrics(
    run: Fit,
    data: Dataset,
    probabilities: np.ndarray,
    recipe: Recipe,
    seed: int,
    quiet: bool,
    processes: int | None = None,
) -> Model:
    """The model with its test figures; for digits those of a twin on shuffled data stand beside them."""
    metrics = run.model.metrics | {"test_accuracy": accuracy(probabilities, data.test.labels)}
    if data.grouped and not run.interrupted:
        if not quiet:
            click.echo("Training a twin on shuffled data, for the figure that is usually quoted.", err=True)
        shuffled = load_digits("shuffled", seed=seed)
        twin = train(shuffled, recipe, seed, None, quiet, processes=processes)
        if not twin.interrupted:
            probabilities = Recognizer(twin.model).probabilities(shuffled.test.images)
            metrics["shuffled_test_accuracy"] = accuracy(probabilities, shuffled.test.labels)
    return replace(run.model, metrics=metrics)


def remove_old_card(output: Path) -> None:
    """Remove the card of the model that is about to be written over."""
    card = card_path(output)
    if checksum_on_card(card):
        card.unlink()
        click.echo(
            f"Removed {card}: it described another model. scripts/evaluate.py --card writes a new one."
        )


def draw(folder: Path, run: Fit, data: Dataset, probabilities: np.ndarray) -> None:
    """Learning curves, confusion matrix and the worst mistakes, as pictures in a folder."""
    try:
        from digitnet import plots
    except ImportError as error:
        raise click.ClickException(
            "The model is saved, but pictures need matplotlib: pip install 'digitnet[plots]'."
        ) from error
    for path in (
        plots.save(plots.learning_curves(run.history), folder / "learning-curves.png"),
        *plots.save_test_pictures(folder, data.test, probabilities),
    ):
        click.echo(f"Drew {path}.")
