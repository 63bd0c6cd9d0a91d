"""The card of a model file, the ``.md`` beside it, and the checksum that it was written for."""

from __future__ import annotations

import re
from pathlib import Path

from digitnet.errors import ModelFileError
from digitnet.stored_network import ADVICE


def card_path(path: str | Path) -> Path:
    """Where the card of a model file stands: beside it, with the ending ``.md``.

    >>> card_path("models/mnist.safetensors").name
    'mnist.md'
    """
    return Path(path).with_suffix(".md")


def checksum_on_card(card: Path) -> str | None:
    """The SHA-256 that a card was written for; None if there is no such file, or it is no card.

    >>> checksum_on_card(Path("README.md")) is None
    True
    """
    if not card.is_file():
        return None
    written = re.search(r"SHA-256\W+([0-9a-f]{64})\b", card.read_text("utf-8", errors="replace"))
    return written[1] if written else None


def check_card(path: Path, checksum: str) -> None:
    """Believe a file with this checksum unless its card was written for another one.

    Raises:
        ModelFileError: it was.

    >>> check_card(Path("models/digits.safetensors"), checksum_on_card(Path("models/digits.md")) or "")
    """
    card = card_path(path)
    written = checksum_on_card(card)
    if written and written != checksum:
        raise ModelFileError(
            f"The model {path} is refused: its SHA-256 is {checksum[:12]}…, but its card {card.name} was "
            f"written for {written[:12]}…. {ADVICE} If the model is meant to be another one, write its "
            "card anew with scripts/evaluate.py MODEL --card."
        )
