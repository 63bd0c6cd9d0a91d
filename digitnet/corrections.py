"""Corrections that people made: small pictures and the digits they show, kept so that nothing kills them.

A file holds what the network saw, the digit that a person says it is, and what the network had said; neither
what was uploaded nor who sent it. Any number of threads and processes may write to one file at once.
"""

from __future__ import annotations

import operator
import os
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from digitnet.corrections_file import connect, create, explain, open_file
from digitnet.errors import ConfigurationError, CorrectionsError, CorrectionsFullError, whole_number
from digitnet.geometry import CLASSES

__all__ = ["Corrections"]

_ID = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_LONGEST_MODEL = 100


class Corrections:
    """Corrected digits in an SQLite file: whatever was acknowledged is there, whenever a process is killed.

    The file is in SQLite's write-ahead mode with ``synchronous=FULL``: a correction is acknowledged when the
    disk has it. A call has a connection of its own, so that threads need not wait for one another, a process
    may fork between calls, and nothing is left open. That costs a few waits for the disk a call where a
    connection that is kept open has one: measured 1.2 ms against 0.2, for what takes a person seconds.

    Args:
        path: of the file, which is made if it is missing, readable and writable for its owner alone.
        size: side of the pictures.
        levels: the largest value of their pixels.
        most: so many corrections it may hold.

    Raises:
        CorrectionsError: a file that is no SQLite database, is another program's, of a newer digitnet or of
            another geometry, or cannot be made, read or written.
        ConfigurationError: a number below 1, or more than 255 levels.

    >>> import tempfile
    >>> corrections = Corrections(Path(tempfile.mkdtemp()) / "corrections.sqlite", size=8, levels=16)
    >>> seven = np.tri(8, dtype=np.uint8) * 16
    >>> receipt = corrections.add(seven, 7, predicted=1, confidence=0.62, model="14ba563f6b9d")
    >>> pixels, labels = corrections.read()
    >>> pixels.shape, labels.tolist(), len(corrections)
    ((1, 8, 8), [7], 1)
    >>> corrections.remove(receipt), len(corrections)
    (True, 0)
    """

    def __init__(self, path: str | os.PathLike[str], *, size: int, levels: int, most: int = 100_000) -> None:
        #: Where the file is, whatever folder the process goes to.
        self.path = Path(path).absolute()
        self.size = whole_number(size, "The size of the pictures of corrections")
        self.levels = whole_number(levels, "The levels of the pictures of corrections")
        self.most = whole_number(most, "The most corrections that a file holds")
        if self.levels > np.iinfo(np.uint8).max:
            raise ConfigurationError(f"Pixels of corrections have at most 255 levels; got {self.levels}.")
        create(self.path)
        open_file(self.path, self.size, self.levels)

    def add(
        self,
        pixels: NDArray[np.uint8],
        digit: SupportsIndex,
        *,
        predicted: SupportsIndex | None = None,
        confidence: float | None = None,
        model: str = "",
    ) -> str:
        """Keep a correction; it is on the disk when this returns.

        Args:
            pixels: what the network saw, uint8 ``(size, size)``, ink bright on 0.
            digit: what it really is, 0 to 9.
            predicted: what the network took it for, if that is known.
            confidence: with which, in [0, 1].
            model: the version of the model.

        Returns:
            An id that cannot be guessed, 22 letters, digits, ``-`` and ``_``: who has it may :meth:`remove`
            the correction.

        Raises:
            ConfigurationError: one of these is something else, or there is no ink.
            CorrectionsFullError: there are as many corrections as the file may hold.
            CorrectionsError: the disk is full, the file is locked for too long, damaged or gone.
        """
        row = (
            self._checked(pixels).tobytes(),
            _digit(digit, "The digit of a correction"),
            None if predicted is None else _digit(predicted, "The predicted digit"),
            _confidence(confidence),
            _model(model),
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        name = secrets.token_urlsafe(16)
        with self._transaction("The correction was not kept") as connection:
            (held,) = connection.execute("SELECT held FROM about").fetchone()
            if held >= self.most:
                raise CorrectionsFullError(
                    f"The correction was not kept: there are {held:,} already, as many as are taken."
                )
            connection.execute(
                "INSERT INTO corrections (id, pixels, label, predicted, confidence, model, stored)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, *row),
            )
        return name

    def remove(self, name: str) -> bool:
        """Delete the correction with that id, so that no trace of it is left; False if there is none.

        Raises:
            CorrectionsError: the file is locked for too long, damaged or gone.
        """
        if not _ID.fullmatch(name):
            return False
        with self._transaction("The correction was not removed") as connection:
            return connection.execute("DELETE FROM corrections WHERE id = ?", (name,)).rowcount > 0

    def __len__(self) -> int:
        """How many corrections there are; raises CorrectionsError if the file cannot be read."""
        with self._reading() as connection:
            return int(connection.execute("SELECT held FROM about").fetchone()[0])

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """All corrections in the order in which they were stored.

        Returns:
            Pictures, uint8 ``(n, size, size)``, and the digits that they show, int64 ``(n,)``.

        Raises:
            CorrectionsError: the file cannot be read, or holds something else.
        """
        with self._reading() as connection:
            rows = connection.execute("SELECT pixels, label FROM corrections ORDER BY number").fetchall()
        if not all(self._is_correction(*row) for row in rows):
            raise CorrectionsError(
                f"{self.path} holds corrections that digitnet did not write; take another file or a copy."
            )
        pixels = np.frombuffer(b"".join(row[0] for row in rows), np.uint8)
        return (
            pixels.reshape(-1, self.size, self.size).copy(),
            np.array([row[1] for row in rows], np.int64),
        )

    @contextmanager
    def _transaction(self, failed: str) -> Iterator[sqlite3.Connection]:
        try:
            with connect(self.path) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise CorrectionsError(f"{failed}: {explain(error)}.") from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with connect(self.path) as connection:
                yield connection
        except sqlite3.Error as error:
            raise CorrectionsError(f"The corrections cannot be read: {explain(error)}.") from error

    def _checked(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        pixels = np.asarray(pixels)
        if pixels.dtype != np.uint8 or pixels.shape != (self.size, self.size):
            raise ConfigurationError(
                f"The pixels of a correction are uint8 of shape ({self.size}, {self.size}); "
                f"got {pixels.dtype} of shape {pixels.shape}."
            )
        if not 0 < pixels.max() <= self.levels:
            raise ConfigurationError(
                f"The pixels of a correction run from 0 to {self.levels} and show some ink; "
                f"the brightest is {pixels.max()}."
            )
        return pixels

    def _is_correction(self, pixels: Any, label: Any) -> bool:
        return (
            type(pixels) is bytes
            and len(pixels) == self.size * self.size
            and 0 < max(pixels) <= self.levels
            and type(label) is int
            and 0 <= label < CLASSES
        )


def _digit(value: SupportsIndex, what: str) -> int:
    try:
        digit = -1 if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        digit = -1
    if not 0 <= digit < CLASSES:
        raise ConfigurationError(f"{what} is a whole number from 0 to 9; got {value!r}.")
    return digit


def _confidence(value: float | None) -> float | None:
    if value is None:
        return None
    try:
        confidence = float(value)
    except (TypeError, ValueError):
        confidence = -1.0
    if not 0.0 <= confidence <= 1.0:
        raise ConfigurationError(f"A confidence lies in [0, 1]; got {value!r}.")
    return confidence


def _model(value: str) -> str:
    if not (isinstance(value, str) and len(value) <= _LONGEST_MODEL and value.isprintable()):
        raise ConfigurationError(
            f"The model of a correction is named by at most {_LONGEST_MODEL} printable characters; "
            f"got {str(value)[:_LONGEST_MODEL]!r}."
        )
    return value
