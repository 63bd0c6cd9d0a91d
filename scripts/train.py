"""Train a digit recogniser and write it to a model file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from digitnet.data import Dataset, load, load_digits
from digitnet.errors import DigitnetError
from digitnet.evaluation import accuracy
from digitnet.files import ensure_writable
from digitnet.fitting import Fit, fit
from digitnet.model_file import Model, card_path, checksum_on_card, save_model
from digitnet.recipes import RECIPES, Recipe
from digitnet.recognizer import Recognizer
from digitnet.report_text import training_lines
from digitnet.synthesis.font_files import FontFile, fetch_fonts
from digitnet.training import EpochReport


def _widths(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        return tuple(int(width) for width in value.split(","))
    except ValueError as error:
        raise click.BadParameter(
            f"expected widths such as 512,256; got {value!r}.", ctx=context, param=parameter
        ) from error


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--dataset",
    type=click.Choice(["digits", "mnist"]),
    default="digits",
    show_default=True,
    help="digits: scikit-learn's 8×8 pictures, seconds, offline. mnist: 28×28, minutes.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder with the four MNIST files (IDX, plain or .gz). Without it they are taken from the "
    "user's cache, else downloaded once. Files in MNIST's format with your own data work too.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Model file to write.  [default: runs/DATASET.safetensors]",
)
@click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(sorted(RECIPES)),
    help="digits and mnist: the data set alone, seconds and minutes. handwriting: MNIST and pictures of "
    "other handwriting, letters and scribbles, so that the model reads other hands and knows what is no "
    "digit; about an hour.  [default: the one with the data set's name]",
)
@click.option(
    "--fonts-dir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder with the handwriting fonts of the recipe handwriting. Without it they are taken from the "
    "user's cache, else fetched once, by npm.",
)
@click.option("--hidden", callback=_widths, help="Widths of the hidden layers, such as 512,256.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes through the training split.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Pictures in a step.")
@click.option("--learning-rate", type=float, help="Peak of the one-cycle schedule.")
@click.option("--weight-decay", type=float, help="Decoupled weight decay of AdamW.")
@click.option("--dropout", type=float, help="Rate of the dropout after each hidden layer.")
@click.option("--deform/--no-deform", default=None, help="Deform every picture anew in every epoch, or not.")
@click.option(
    "--validation",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the training split that is held out.",
)
@click.option("--patience", type=click.IntRange(min=1), help="Stop after so many epochs without progress.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the run here after every epoch; if the file exists, go on from it, bit for bit.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for pictures: learning curves, confusion matrix, the worst mistakes.",
)
@click.option("--quiet", is_flag=True, help="No progress bar, just the summary.")
def main(
    dataset: str,
    data_dir: Path | None,
    output: Path | None,
    recipe_name: str | None,
    fonts_dir: Path | None,
    hidden: tuple[int, ...] | None,
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    weight_decay: float | None,
    dropout: float | None,
    deform: bool | None,
    validation: float | None,
    patience: int | None,
    seed: int,
    checkpoint: Path | None,
    plots: Path | None,
    quiet: bool,
) -> None:
    """Train a digit recogniser and write it to a model file.

    Whatever is not given comes from a recipe that is known to work for the data set. A part of the
    training split is held out: it chooses the confidence below which answers come back as not sure.
    The test split is measured once, at the end.

    Ctrl-C stops early and saves the best model so far.

    \b
    Examples:
      python scripts/train.py
      python scripts/train.py --hidden 128 --epochs 30 --plots runs/plots
      python scripts/train.py --dataset mnist --checkpoint runs/mnist.checkpoint
      python scripts/train.py --dataset mnist --data-dir ~/my-digits --output runs/mine.safetensors
      python scripts/train.py --dataset mnist --recipe handwriting --checkpoint runs/hour.checkpoint
    """
    output = output or Path("runs") / f"{dataset}.safetensors"
    if output.suffix == ".md":
        raise click.ClickException(f"{output} would be its own card; give the model another ending.")
    try:
        data = load(dataset, data_dir=data_dir, progress=not quiet)  # type: ignore[arg-type]
        changes = {
            "hidden": hidden,
            "epochs": epochs,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "weight_decay": weight_decay,
            "dropout": dropout,
            "validation": validation,
            "patience": patience,
        }
        recipe = replace(
            RECIPES[recipe_name or dataset], **{name: v for name, v in changes.items() if v is not None}
        )
        if deform is False:
            recipe = replace(recipe, deformation=None)
        # An hour of training must not end in a folder that cannot be written.
        ensure_writable(output)
        if plots:
            ensure_writable(plots / "learning-curves.png")
        fonts = fetch_fonts(fonts_dir=fonts_dir, progress=not quiet) if recipe.wants_fonts else []
        run = _train(data, recipe, seed, checkpoint, quiet, fonts)
        _remove_old_card(output)
        save_model(run.model, output)
        probabilities = Recognizer(run.model).probabilities(data.test.images)
        model = _with_metrics(run, data, probabilities, recipe, seed, quiet)
        save_model(model, output)
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error
    except MemoryError as error:
        raise click.ClickException(
            "That does not fit into memory; choose narrower --hidden layers or a smaller --batch-size."
        ) from error
    click.echo("\n".join(training_lines(model, run)))
    click.echo(f"Saved {output} ({output.stat().st_size / 1e6:.1f} MB).")
    if plots:
        _draw(plots, run, data, probabilities)


def _remove_old_card(output: Path) -> None:
    card = card_path(output)
    if checksum_on_card(card):
        card.unlink()
        click.echo(
            f"Removed {card}: it described another model. scripts/evaluate.py --card writes a new one."
        )


def _train(
    data: Dataset,
    recipe: Recipe,
    seed: int,
    checkpoint: Path | None,
    quiet: bool,
    fonts: Sequence[FontFile] = (),
) -> Fit:
    # disable=None: no bar where standard error is not a terminal, such as a log file.
    with tqdm(total=recipe.epochs, unit="epoch", disable=quiet or None, file=sys.stderr) as bar:

        def on_epoch(report: EpochReport) -> None:
            bar.update(report.epoch - bar.n)
            bar.set_postfix_str(
                f"loss {report.training_loss:.4f}, validation {report.validation_loss:.4f} "
                f"({100 * (report.validation_metric or 0):.2f} % right)",
                refresh=False,
            )

        return fit(data, recipe, seed=seed, checkpoint=checkpoint, on_epoch=on_epoch, fonts=fonts)


def _with_metrics(
    run: Fit, data: Dataset, probabilities: np.ndarray, recipe: Recipe, seed: int, quiet: bool
) -> Model:
    """The model with its test figures; for digits those of a twin on shuffled data stand beside them."""
    metrics = run.model.metrics | {"test_accuracy": accuracy(probabilities, data.test.labels)}
    if data.grouped and not run.interrupted:
        if not quiet:
            click.echo("Training a twin on shuffled data, for the figure that is usually quoted.", err=True)
        shuffled = load_digits("shuffled", seed=seed)
        twin = _train(shuffled, recipe, seed, None, quiet)
        if not twin.interrupted:
            probabilities = Recognizer(twin.model).probabilities(shuffled.test.images)
            metrics["shuffled_test_accuracy"] = accuracy(probabilities, shuffled.test.labels)
    return replace(run.model, metrics=metrics)


def _draw(folder: Path, run: Fit, data: Dataset, probabilities: np.ndarray) -> None:
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


if __name__ == "__main__":
    main()
