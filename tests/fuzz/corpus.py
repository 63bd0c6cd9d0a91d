"""Inputs that the fuzzer found worth keeping: a line of base64 each, in a file for each target."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus"


def known(target: str) -> Iterator[bytes]:
    """The inputs that are kept for a target."""
    for line in (FOLDER / f"{target}.txt").read_text("ascii").split():
        yield b64decode(line, validate=True)
