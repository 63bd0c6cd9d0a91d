"""Measure a model on the test split of its data set, and write its card."""

from __future__ import annotations

import datetime
import json
import platform
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

import digitnet
from digitnet.data import Dataset, Split, load
from digitnet.errors import DigitnetError
from digitnet.evaluation import calibration_error, confusion_matrix, error_interval
from digitnet.files import ensure_writable, write_atomically
from digitnet.model_card import render_card
from digitnet.model_file import Model, card_path, checksum_on_card, load_model
from digitnet.recognizer import Recognizer
from digitnet.renderings import RENDERINGS


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
    default=1000,
    show_default=True,
    help="So many test pictures are also sent the whole way, as image files of several kinds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.option("--card", is_flag=True, help="Write the model's card, the .md file beside it.")
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for pictures: confusion matrix, the worst mistakes.",
)
def main(
    model_file: Path,
    dataset: str | None,
    data_dir: Path | None,
    pictures: int,
    as_json: bool,
    card: bool,
    plots: Path | None,
) -> None:
    """Measure a model on the test split of its data set, and write its card.

    The test split is the one that the model was not trained on. Its pictures are measured twice: as
    the data set has them, and as image files (PNG, JPEG, inverted, on a page, …) that go the whole
    way through decoding, finding and normalising, as an upload does.

    \b
    Examples:
      python scripts/evaluate.py models/digits.safetensors
      python scripts/evaluate.py runs/mnist.safetensors --data-dir ~/mnist --plots runs/plots
    """
    try:
        # A card is about to be written anew, so the old one is no reason to refuse the file.
        model = load_model(model_file, check_card=not card)
        name = dataset or model.provenance.get("dataset", "digits")
        data = load(name, data_dir=data_dir, progress=not as_json)  # type: ignore[arg-type]
        if data.geometry != model.geometry:
            raise click.ClickException(
                f"{model_file} reads pictures of {model.geometry.size}×{model.geometry.size} pixels, but "
                f"{data.name} has {data.geometry.size}×{data.geometry.size}. Choose another --dataset."
            )
        if plots:
            ensure_writable(plots / "confusion-matrix.png")
        if card and card_path(model_file).exists() and not checksum_on_card(card_path(model_file)):
            raise click.ClickException(
                f"{card_path(model_file)} is no model card; move it away, so that the card can stand there."
            )
        probabilities = Recognizer(model).probabilities(data.test.images)
        report = evaluate(model, data, probabilities, pictures, quiet=as_json)
        if card:
            write_atomically(card_path(model_file), render_card(model, report).encode())
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        click.echo("\n".join(_lines(report)))
    if card:
        click.echo(f"Wrote {card_path(model_file)}.", err=as_json)
    if plots:
        _draw(plots, data.test, probabilities)


def evaluate(
    model: Model, data: Dataset, probabilities: np.ndarray, pictures: int, *, quiet: bool
) -> dict[str, Any]:
    """Everything that is measured, as plain values; ``probabilities`` are those of the test split."""
    labels = data.test.labels
    right = probabilities.argmax(axis=1) == labels
    accepted = probabilities.max(axis=1) >= model.rejection_threshold
    errors = int((~right).sum())
    counts = confusion_matrix(probabilities.argmax(axis=1), labels)
    return {
        "model": {"name": model.name, "version": model.version},
        "dataset": data.name,
        "data": data.description,
        "split": data.test.description,
        "pictures": len(labels),
        "errors": errors,
        "accuracy": float(right.mean()),
        "error_interval_95": error_interval(errors, len(labels)),
        "calibration_error": calibration_error(probabilities, labels),
        "temperature": model.temperature,
        "rejection_threshold": model.rejection_threshold,
        "accepted": float(accepted.mean()),
        "errors_accepted": int((accepted & ~right).sum()),
        "errors_by_digit": {str(d): int(counts[d].sum() - counts[d, d]) for d in range(10)},
        "as_image_files": _through_the_door(model, data.test, pictures, quiet),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "digitnet": digitnet.__version__,
    }


def _through_the_door(model: Model, split: Split, most: int, quiet: bool) -> dict[str, Any]:
    """Accuracy of pictures that are sent as image files, by kind of file."""
    recognizer = Recognizer(model)
    # An even sample: the writers at the start of a file may be easier than those at its end.
    chosen = np.unique(np.linspace(0, len(split) - 1, min(most, len(split))).astype(int))
    results: dict[str, Any] = {}
    for name, render in RENDERINGS.items() if most else ():
        right = accepted = 0
        for index in tqdm(chosen, desc=name, unit="file", leave=False, disable=quiet or None):
            prediction = recognizer.recognize(render(split.images[index], model.geometry.levels))
            right += prediction.text == str(split.labels[index])
            accepted += prediction.accepted
        results[name] = {
            "pictures": len(chosen),
            "accuracy": right / len(chosen),
            "accepted": accepted / len(chosen),
        }
    if results:
        same = recognizer.probabilities(split.images[chosen])
        results["the same pictures without files"] = {
            "pictures": len(chosen),
            "accuracy": float((same.argmax(axis=1) == split.labels[chosen]).mean()),
            "accepted": float((same.max(axis=1) >= model.rejection_threshold).mean()),
        }
    return results


def _lines(report: dict[str, Any]) -> list[str]:
    low, high = report["error_interval_95"]
    wrong = report["errors"] - report["errors_accepted"]
    lines = [
        f"{report['model']['name']} {report['model']['version']} on {report['dataset']}: {report['split']}",
        f"  accuracy           {100 * report['accuracy']:.2f} %  ({report['errors']} errors in "
        f"{report['pictures']:,} pictures; 95 % interval {100 * low:.2f} to {100 * high:.2f} %)",
        f"  calibration error  {100 * report['calibration_error']:.2f} %",
        f"  accepted           {100 * report['accepted']:.2f} %  (the rest is not sure; that catches "
        f"{wrong} of the {report['errors']} errors)",
    ]
    if report["as_image_files"]:
        lines.append("  as image files     right     accepted")
    lines += [
        f"    {name:<32} {100 * row['accuracy']:6.2f} %  {100 * row['accepted']:6.2f} %"
        for name, row in report["as_image_files"].items()
    ]
    return lines


def _draw(folder: Path, split: Split, probabilities: np.ndarray) -> None:
    try:
        from digitnet import plots
    except ImportError as error:
        raise click.ClickException("Pictures need matplotlib: pip install 'digitnet[plots]'.") from error
    for path in plots.save_test_pictures(folder, split, probabilities):
        click.echo(f"Drew {path}.", err=True)


if __name__ == "__main__":
    main()
