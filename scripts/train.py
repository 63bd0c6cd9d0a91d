"""Train a digit recogniser and write it to a model file."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
from train_on_corrections import check_options, train_on_corrections
from training_run import draw, remove_old_card, train, with_metrics

from digitnet.data import Dataset, Deformation, load
from digitnet.errors import DigitnetError
from digitnet.files import ensure_writable
from digitnet.model_file import save_model
from digitnet.recipes import RECIPES, Recipe
from digitnet.recognizer import Recognizer
from digitnet.report_text import training_lines
from digitnet.synthesis.font_files import fetch_fonts


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
    help="Model file to write.  [default: runs/DATASET.safetensors, or runs/DATASET-refined.safetensors]",
)
@click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(sorted(RECIPES)),
    help="digits and mnist: the data set alone, seconds and minutes. fast: MNIST to 98 % in a second. "
    "handwriting: MNIST and pictures of other handwriting, letters and scribbles, so that the model "
    "reads other hands and knows what is no digit; half an hour.  "
    "[default: the one with the data set's name]",
)
@click.option(
    "--fonts-dir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder with the handwriting fonts of the recipe handwriting. Without it they are taken from the "
    "user's cache, else fetched once, by npm; --feedback does without them.",
)
@click.option(
    "--feedback",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of corrections, as the service keeps it: train a model a little more, on them. Those of the "
    "service's own model, 28×28, need --dataset mnist.",
)
@click.option(
    "--model",
    "base",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model to train on with --feedback.  [default: the shipped one for the data set]",
)
@click.option("--hidden", callback=_widths, help="Widths of the hidden layers, such as 512,256.")
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Passes through the training split; with --feedback 5."
)
@click.option("--batch-size", type=click.IntRange(min=1), help="Pictures in a step.")
@click.option("--learning-rate", type=float, help="Peak of the one-cycle schedule; with --feedback 0.0003.")
@click.option("--weight-decay", type=float, help="Decoupled weight decay of AdamW.")
@click.option("--dropout", type=float, help="Rate of the dropout after each hidden layer.")
@click.option(
    "--deform/--no-deform",
    default=None,
    help="Deform every picture anew in every epoch, or not. fast trains on pixels then, not on principal "
    "components.",
)
@click.option(
    "--validation",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the training split that is held out.",
)
@click.option("--patience", type=click.IntRange(min=1), help="Stop after so many epochs without progress.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="Processes that train together, on Linux.  [default: two for runs of some seconds and more, where "
    "there are two cores]",
)
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
    fonts_dir: Path | None,
    feedback: Path | None,
    base: Path | None,
    epochs: int | None,
    learning_rate: float | None,
    seed: int,
    processes: int | None,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train a digit recogniser and write it to a model file.

    Whatever is not given comes from a recipe that is known to work for the data set. A part of the
    training split is held out: it chooses the confidence below which answers come back as not sure.
    The test split is measured once, at the end.

    With --feedback no new network is trained: a model learns from the corrections that the service has
    kept, among pictures of what it knew before. What it reads right is told before and after.

    Ctrl-C stops early and saves the best model so far.

    \b
    Examples:
      python scripts/train.py
      python scripts/train.py --hidden 128 --epochs 30 --plots runs/plots
      python scripts/train.py --dataset mnist --checkpoint runs/mnist.checkpoint
      python scripts/train.py --dataset mnist --data-dir ~/my-digits --output runs/mine.safetensors
      python scripts/train.py --dataset mnist --recipe fast --output runs/fast.safetensors
      python scripts/train.py --dataset mnist --recipe handwriting --checkpoint runs/hour.checkpoint
      python scripts/train.py --dataset mnist --feedback corrections.sqlite --output runs/better.safetensors
    """
    output = output or Path("runs") / f"{dataset}{'-refined' * bool(feedback)}.safetensors"
    if output.suffix == ".md":
        raise click.ClickException(f"{output} would be its own card; give the model another ending.")
    if feedback:
        check_options(settings)
    elif base:
        raise click.UsageError("--model is the model that --feedback trains on; name both or neither.")
    try:
        data = load(dataset, data_dir=data_dir, progress=not quiet)  # type: ignore[arg-type]
        # An hour of training must not end in a folder that cannot be written.
        ensure_writable(output)
        if feedback:
            fonts = fetch_fonts(fonts_dir=fonts_dir, progress=not quiet) if fonts_dir else []
            train_on_corrections(
                feedback,
                base,
                data,
                output,
                epochs=epochs,
                learning_rate=learning_rate,
                seed=seed,
                processes=processes,
                quiet=quiet,
                fonts=fonts,
            )
        else:
            recipe = _recipe(dataset, settings | {"epochs": epochs, "learning_rate": learning_rate})
            _train_anew(data, recipe, output, fonts_dir, seed, processes, quiet, settings)
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error
    except MemoryError as error:
        raise click.ClickException(
            "That does not fit into memory; choose narrower --hidden layers or a smaller --batch-size."
        ) from error


def _recipe(dataset: str, settings: dict[str, Any]) -> Recipe:
    """The recipe of that name, or the data set's, with the settings that were given."""
    recipe = RECIPES[settings["recipe_name"] or dataset]
    names = {field.name for field in fields(Recipe)}
    recipe = replace(
        recipe, **{name: value for name, value in settings.items() if name in names and value is not None}
    )
    if settings["deform"] and not recipe.deformation:
        return replace(recipe, deformation=Deformation(), components=None)
    return replace(recipe, deformation=None) if settings["deform"] is False else recipe


def _train_anew(
    data: Dataset,
    recipe: Recipe,
    output: Path,
    fonts_dir: Path | None,
    seed: int,
    processes: int | None,
    quiet: bool,
    settings: dict[str, Any],
) -> None:
    """A new model: trained, saved, measured, saved with its figures, told and drawn."""
    plots = settings["plots"]
    if plots:
        ensure_writable(plots / "learning-curves.png")
    fonts = fetch_fonts(fonts_dir=fonts_dir, progress=not quiet) if recipe.wants_fonts else []
    run = train(data, recipe, seed, settings["checkpoint"], quiet, fonts, processes)
    remove_old_card(output)
    save_model(run.model, output)
    probabilities = Recognizer(run.model).probabilities(data.test.images)
    model = with_metrics(run, data, probabilities, recipe, seed, quiet, processes)
    save_model(model, output)
    click.echo("\n".join(training_lines(model, run)))
    click.echo(f"Saved {output} ({output.stat().st_size / 1e6:.1f} MB).")
    if plots:
        draw(plots, run, data, probabilities)


if __name__ == "__main__":
    main()
