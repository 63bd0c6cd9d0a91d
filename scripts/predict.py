"""Read the digits in image files and folders."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from digitnet import Recognizer
from digitnet.errors import DigitnetError, ImageError

DEFAULT_MODEL = Path(__file__).resolve().parent.parent / "models" / "mnist.safetensors"
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"}
COLUMNS = ("file", "text", "confidence", "accepted", "error")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    "model_file",
    type=click.Path(path_type=Path),
    default=DEFAULT_MODEL,
    help="Model file.  [default: the shipped models/mnist.safetensors]",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "csv", "jsonl"]),
    default="table",
    show_default=True,
    help="table for people; csv for spreadsheets; jsonl, a JSON object a line, has boxes and probabilities.",
)
def main(paths: tuple[Path, ...], model_file: Path, output_format: str) -> None:
    """Read the digits in image files and folders.

    Folders are searched through for PNG, JPEG, WebP, BMP and GIF files, in the order of their names.
    A file that cannot be read gets a line that says why, the others are read all the same, and the
    exit status is then 1.

    \b
    Examples:
      python scripts/predict.py digit.png
      python scripts/predict.py scans/ --format csv > scans.csv
      python scripts/predict.py digit.png --model runs/digits.safetensors
    """
    try:
        recognizer = Recognizer.load(model_file)
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error
    for path in paths:
        if path.is_dir() and next(_files((path,)), None) is None:
            raise click.ClickException(f"The folder {path} holds no PNG, JPEG, WebP, BMP or GIF files.")
    rows = (_row(recognizer, path) for path in _files(paths))
    write = {"table": _table, "csv": _csv, "jsonl": _jsonl}[output_format]()
    failed = False
    for row in rows:
        write(row)
        failed = failed or row["error"] is not None
    if failed:
        sys.exit(1)


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        else:
            yield path


def _row(recognizer: Recognizer, path: Path) -> dict[str, Any]:
    try:
        prediction = recognizer.recognize(path)
    except ImageError as error:
        return {"file": str(path), "text": None, "confidence": None, "accepted": None, "error": str(error)}
    return {
        "file": str(path),
        "text": prediction.text,
        "confidence": round(prediction.confidence, 4),
        "accepted": prediction.accepted,
        "error": None,
        "digits": [
            {
                "digit": digit.digit,
                "confidence": round(digit.confidence, 4),
                "accepted": digit.accepted,
                "box": {
                    "x": digit.box.x,
                    "y": digit.box.y,
                    "width": digit.box.width,
                    "height": digit.box.height,
                },
                "probabilities": [round(p, 6) for p in digit.probabilities],
            }
            for digit in prediction.digits
        ],
    }


def _table() -> Callable[[dict[str, Any]], None]:
    def write(row: dict[str, Any]) -> None:
        if row["error"]:
            # A file that cannot be opened is named in its error already.
            named = row["file"] in row["error"]
            click.echo(row["error"] if named else f"{row['file']}: {row['error']}", err=True)
        elif not row["text"]:
            click.echo(f"{row['file']}: no digit found")
        else:
            sure = "" if row["accepted"] else "  not sure"
            click.echo(f"{row['file']}: {row['text']}  {100 * row['confidence']:.1f} %{sure}")

    return write


def _csv() -> Callable[[dict[str, Any]], None]:
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    return writer.writerow


def _jsonl() -> Callable[[dict[str, Any]], None]:
    return lambda row: click.echo(json.dumps(row))


if __name__ == "__main__":
    main()
