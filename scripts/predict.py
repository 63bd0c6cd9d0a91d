"""Read the digits in image files and folders."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
from reading_pool import Row, read_file, read_files

from digitnet import Recognizer
from digitnet.cores import cores
from digitnet.errors import DigitnetError

DEFAULT_MODEL = Path(__file__).resolve().parent.parent / "models" / "mnist.safetensors"
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"}
COLUMNS = ("file", "text", "confidence", "accepted", "error")
# Fewer files are read before further processes are even ready.
FEW = 64


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
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help=f"Processes that read at the same time.  [default: one a core, or one for up to {FEW} files]",
)
def main(paths: tuple[Path, ...], model_file: Path, output_format: str, jobs: int | None) -> None:
    """Read the digits in image files and folders.

    Folders are searched through for PNG, JPEG, WebP, BMP and GIF files, in the order of their names.
    A file that cannot be read gets a line that says why, the others are read all the same, and the
    exit status is then 1.

    \b
    Examples:
      python scripts/predict.py digit.png
      python scripts/predict.py scans/ --format csv > scans.csv
      python scripts/predict.py archive/ --format jsonl --jobs 4 > archive.jsonl
      python scripts/predict.py digit.png --model runs/digits.safetensors
    """
    try:
        recognizer = Recognizer.load(model_file)
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error
    files = [file for path in paths for file in _files(path)]
    jobs = jobs or (cores() if len(files) > FEW else 1)
    write = {"table": _table, "csv": _csv, "jsonl": _jsonl}[output_format]()
    failed = False
    with closing(_rows(recognizer, files, model_file, jobs)) as rows:
        del recognizer  # with several jobs this process needs no model of its own
        for row in rows:
            write(row)
            failed = failed or row["error"] is not None
    if failed:
        sys.exit(1)


def _files(path: Path) -> list[str]:
    """The path itself, or the names of all pictures in the folder and those within, in order."""
    if not path.is_dir():
        return [str(path)]
    found = [str(p) for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()]
    if not found:
        raise click.ClickException(f"The folder {path} holds no PNG, JPEG, WebP, BMP or GIF files.")
    return sorted(found, key=lambda name: Path(name).parts)


def _rows(recognizer: Recognizer, files: list[str], model_file: Path, jobs: int) -> Iterator[Row]:
    if jobs > 1 and len(files) > 1:
        del recognizer
        yield from read_files(files, model_file, jobs)
    else:
        for file in files:
            yield read_file(recognizer, file)


def _table() -> Callable[[Row], None]:
    def write(row: Row) -> None:
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


def _csv() -> Callable[[Row], None]:
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()

    def write(row: Row) -> None:
        writer.writerow(row)
        sys.stdout.flush()  # whoever reads along sees every row as it comes

    return write


def _jsonl() -> Callable[[Row], None]:
    return lambda row: click.echo(json.dumps(row))


if __name__ == "__main__":
    main()
