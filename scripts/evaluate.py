"""Measure a model on the test split of its data set and on your own pictures, and write its card."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from digitnet.card_file import card_path, checksum_on_card
from digitnet.data import Dataset, load
from digitnet.errors import DataError, DigitnetError
from digitnet.files import ensure_writable, write_atomically
from digitnet.image_scores import Reading, read_images
from digitnet.labelled_images import find_labelled_images
from digitnet.model_card import render_card
from digitnet.model_file import Model, load_model
from digitnet.recognizer import Recognizer
from digitnet.report import describe, measure_images, measure_test_split
from digitnet.report_text import report_lines
from digitnet.siblings import sibling_errors


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("model_file", metavar="MODEL", type=click.Path(path_type=Path))
@click.option(
    "--dataset",
    type=click.Choice(["digits", "mnist"]),
    help="Data set to measure on.  [default: the one the model was trained on]",
)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder with the four MNIST files.")
@click.option(
    "--pictures",
    type=click.IntRange(min=0),
    default=300,
    show_default=True,
    help="So many test pictures are also sent the whole way, as image files of several kinds and spoilt "
    "in many ways; 0 leaves that out.",
)
@click.option(
    "--images",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of labelled pictures, to be read as well; may be repeated.",
)
@click.option(
    "--non-digits",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of pictures that show no digit; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.option("--card", is_flag=True, help="Write the model's card, the .md file beside it.")
@click.option(
    "--sibling",
    "siblings",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Model of the same recipe and another seed: the card gives the spread of their test errors.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for pictures: confusion matrix, calibration, rejection, spoilt pictures, mistakes.",
)
def main(
    model_file: Path,
    dataset: str | None,
    data_dir: Path | None,
    pictures: int,
    images: tuple[Path, ...],
    non_digits: tuple[Path, ...],
    as_json: bool,
    card: bool,
    siblings: tuple[Path, ...],
    plots: Path | None,
) -> None:
    """Measure a model on the test split of its data set and on your own pictures, and write its card.

    The test split is the one that the model was not trained on. Some of its pictures are also sent the
    whole way through decoding, finding and normalising, as an upload is: as image files (PNG, JPEG,
    inverted, on a page, …), and spoilt by noise, blur, fog, lines and the like.

    The label of a picture in an --images folder is the name of the folder it lies in, such as 7/, or
    the number that its own name begins with, such as 42_a.png or 42__who__a.png. Folders named nondigit
    or negative hold pictures that show none. Every score is given for each source (who__… in a folder,
    the middle part of 42__who__a.png, else the folder's name), as the mean over sources, and over all
    pictures.

    \b
    Examples:
      python scripts/evaluate.py models/digits.safetensors
      python scripts/evaluate.py runs/mnist.safetensors --data-dir ~/mnist --plots runs/plots
      python scripts/evaluate.py models/mnist.safetensors --images ~/my-digits --json
    """
    try:
        # A card is about to be written anew, so the old one is no reason to refuse the file.
        model = load_model(model_file, check_card=not card)
        if plots:
            ensure_writable(plots / "confusion-matrix.png")
        if card and card_path(model_file).exists() and not checksum_on_card(card_path(model_file)):
            raise click.ClickException(
                f"{card_path(model_file)} is no model card; move it away, so that the card can stand there."
            )
        seeds = {"seeds": sibling_errors(model, siblings)} if siblings else {}
        found = find_labelled_images(images, non_digits) if images or non_digits else None
        data = _data(model, model_file, dataset, data_dir, as_json, needed=card or found is None)
        recognizer = Recognizer(model)
        report = describe(model)
        probabilities, readings = None, []
        if data:
            probabilities = recognizer.probabilities(data.test.images)
            report |= measure_test_split(
                recognizer, data, probabilities, pictures=pictures, progress=_progress
            )
        if found:
            readings, failures = read_images(recognizer, found.images, _progress)
            report["images"] = measure_images(readings, failures, found, probabilities)
        if card:
            write_atomically(
                card_path(model_file),
                render_card(replace(model, metrics=model.metrics | seeds), report).encode(),
            )
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(report, indent=2) if as_json else "\n".join(report_lines(report)))
    if card:
        click.echo(f"Wrote {card_path(model_file)}.", err=as_json)
    if plots:
        _draw(plots, model, data, probabilities, readings)


def _data(
    model: Model, model_file: Path, dataset: str | None, folder: Path | None, quiet: bool, *, needed: bool
) -> Dataset | None:
    """The data set with the test split; None if it is not at hand and there is something else to measure."""
    name = dataset or model.provenance.get("dataset", "digits")
    try:
        data = load(name, data_dir=folder, progress=not quiet)
    except DataError as error:
        if needed or folder or dataset:
            raise
        click.echo(f"Measured without the test split: {error}", err=True)
        return None
    if data.geometry != model.geometry:
        raise click.ClickException(
            f"{model_file} reads pictures of {model.geometry.size}×{model.geometry.size} pixels, but "
            f"{data.name} has {data.geometry.size}×{data.geometry.size}. Choose another --dataset."
        )
    return data


def _progress(items: Sequence[Any], name: str) -> Iterable[Any]:
    # disable=None: no bar where standard error is not a terminal, such as a log file.
    return tqdm(items, desc=name, unit="file", leave=False, disable=None)


def _draw(
    folder: Path,
    model: Model,
    data: Dataset | None,
    probabilities: np.ndarray | None,
    readings: list[Reading],
) -> None:
    try:
        from digitnet import report_plots
    except ImportError as error:
        raise click.ClickException("Pictures need matplotlib: pip install 'digitnet[plots]'.") from error
    drawn = []
    if data and probabilities is not None:
        drawn += report_plots.save_measurements(
            folder,
            data.test,
            probabilities,
            levels=model.geometry.levels,
            threshold=model.rejection_threshold,
        )
    if readings:
        drawn += report_plots.save_readings(folder, readings)
    for path in drawn:
        click.echo(f"Drew {path}.", err=True)


if __name__ == "__main__":
    main()
