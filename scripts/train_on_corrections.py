"""Fine-tuning on a terminal: what ``train.py --feedback`` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from training_run import progress, remove_old_card

from digitnet import Corrections
from digitnet.data import Dataset
from digitnet.errors import CorrectionsError
from digitnet.model_file import load_model, save_model
from digitnet.refinement import EPOCHS, LEARNING_RATE, refine
from digitnet.report_text import refinement_lines
from digitnet.synthesis.corpus import Examples
from digitnet.synthesis.font_files import FontFile

SHIPPED = Path(__file__).resolve().parent.parent / "models"


def check_options(settings: dict[str, Any]) -> None:
    """Refuse what shapes a new network: the base model's stays as it is."""
    if given := [name for name, value in settings.items() if value is not None]:
        option = "--recipe" if given[0] == "recipe_name" else "--" + given[0].replace("_", "-")
        raise click.UsageError(
            f"{option} is for a new network; with --feedback the base model's is trained on. Leave one of "
            "the two out."
        )


def train_on_corrections(
    feedback: Path,
    base: Path | None,
    data: Dataset,
    output: Path,
    *,
    epochs: int | None,
    learning_rate: float | None,
    seed: int,
    processes: int | None = None,
    quiet: bool,
    fonts: Sequence[FontFile] = (),
) -> None:
    """Fine-tune the base model on the corrections, write the new one, print what it came to.

    Raises:
        DigitnetError: a file that cannot be read or does not fit the others, or no corrections.
    """
    model = load_model(base or SHIPPED / f"{data.name}.safetensors")
    if not feedback.exists():  # opening would make it
        raise CorrectionsError(f"There is no file {feedback}; name the one that the service keeps.")
    geometry = model.geometry
    corrections = Corrections(feedback, size=geometry.size, levels=geometry.levels)
    epochs = epochs or EPOCHS
    with progress(epochs, quiet) as on_epoch:
        refined = refine(
            model,
            Examples(*corrections.read()),
            data,
            epochs=epochs,
            learning_rate=LEARNING_RATE if learning_rate is None else learning_rate,
            seed=seed,
            processes=processes,
            on_epoch=on_epoch,
            fonts=fonts,
        )
    remove_old_card(output)
    save_model(refined.model, output)
    click.echo("\n".join(refinement_lines(model, refined)))
    click.echo(f"Saved {output} ({output.stat().st_size / 1e6:.1f} MB).")
