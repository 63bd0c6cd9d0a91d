"""The SQLite file of corrections: made, recognised before it is believed, and opened anew for each call."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from digitnet.errors import CorrectionsError

#: In the file's header, by which ``file`` and other programs tell what it is: "digi".
APPLICATION_ID = 0x64696769
#: Raised whenever the tables change.
SCHEMA_VERSION = 1
#: Bytes of the smallest database. SQLite takes a smaller file for an empty one, and writes over it.
SMALLEST = 512
#: How long a call waits for those of others, in seconds.
PATIENCE = 10.0

# How many there are is kept beside them: counting a hundred thousand rows takes longer than adding one.
_TABLES = (
    "CREATE TABLE about (size INTEGER NOT NULL, levels INTEGER NOT NULL, held INTEGER NOT NULL)",
    "CREATE TABLE corrections (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, pixels BLOB NOT NULL,"
    " label INTEGER NOT NULL, predicted INTEGER, confidence REAL, model TEXT NOT NULL, stored TEXT NOT NULL)",
    "CREATE TRIGGER one_more AFTER INSERT ON corrections BEGIN UPDATE about SET held = held + 1; END",
    "CREATE TRIGGER one_less AFTER DELETE ON corrections BEGIN UPDATE about SET held = held - 1; END",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


_creating = threading.Lock()


def create(path: Path) -> None:
    """Make an empty file that its owner alone may read and write, if there is none; SQLite fills it.

    Raises:
        CorrectionsError: there is none and none can be made, or it is something else.
    """
    try:
        # A process that closes a file loses all its locks on it, those of SQLite in another thread too. So
        # nobody else may have seen the new one, and one that is there is not opened but looked at.
        with _creating, suppress(FileExistsError):
            # SQLite gives the files that it puts beside this one the same permissions.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        regular, size = path.is_file(), path.stat().st_size
    except OSError as error:
        raise CorrectionsError(
            f"The file of corrections {path} cannot be made: {error.strerror}. Name a file in a folder "
            "that is there and can be written."
        ) from error
    if not regular:
        raise CorrectionsError(f"The corrections cannot be kept in {path}, which is not a file; name one.")
    if 0 < size < SMALLEST:
        raise CorrectionsError(f"{path} is no SQLite database; name another file.")


def open_file(path: Path, size: int, levels: int) -> None:
    """Check that the file holds corrections of this geometry and can be written; lay out an empty one.

    Raises:
        CorrectionsError: it does not, or cannot.
    """
    try:
        with connect(path) as connection:
            if _is_empty(connection):
                # Two processes may be here at once: the second finds tables once it has the file.
                _to_write_ahead(connection)
                connection.execute("BEGIN IMMEDIATE")
                if _is_empty(connection):
                    for statement in _TABLES:
                        connection.execute(statement)
                    connection.execute("INSERT INTO about VALUES (?, ?, 0)", (size, levels))
                connection.execute("COMMIT")
            _check(path, connection, size, levels)
            _to_write_ahead(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE about SET held = held")  # now is the time to find out that it cannot
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise CorrectionsError(f"The file of corrections {path} cannot be used: {explain(error)}.") from error


@contextmanager
def connect(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that is there; what is not committed when it closes did not happen."""
    address = f"{path.as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def explain(error: sqlite3.Error) -> str:
    """What went wrong and what to do, without the name of the file."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return {
        sqlite3.SQLITE_FULL: "the disk is full; make room",
        sqlite3.SQLITE_BUSY: f"the file was locked for {PATIENCE:g} seconds; try again, or end what locks it",
        sqlite3.SQLITE_LOCKED: "the file is locked; try again",
        sqlite3.SQLITE_NOTADB: "it is no SQLite database; name another file",
        sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it, or start a new one",
        sqlite3.SQLITE_READONLY: "the file cannot be written; check its permissions and its folder's",
        sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that it is there, and its permissions",
        sqlite3.SQLITE_IOERR: "the disk cannot be read or written; check it, and whether it is full",
    }.get(code, "the file does not hold what digitnet writes; name another one")


def _is_empty(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return not tables and _number(connection, "application_id") == _number(connection, "user_version") == 0


def _check(path: Path, connection: sqlite3.Connection, size: int, levels: int) -> None:
    if _number(connection, "application_id") != APPLICATION_ID:
        raise CorrectionsError(f"{path} is the database of another program; name another file.")
    version = _number(connection, "user_version")
    if version != SCHEMA_VERSION:
        raise CorrectionsError(
            f"The corrections in {path} are of version {version}; this digitnet reads version "
            f"{SCHEMA_VERSION}. Use the digitnet that wrote them, or name another file."
        )
    rows = connection.execute("SELECT size, levels FROM about").fetchall()
    if rows != [(size, levels)]:
        held = f"{rows[0][0]}×{rows[0][0]} pixels from 0 to {rows[0][1]}" if rows else "no known size"
        raise CorrectionsError(
            f"The corrections in {path} are pictures of {held}, but {size}×{size} pixels from 0 to {levels} "
            "are wanted. Name the file that belongs to the model, or a new one."
        )


def _to_write_ahead(connection: sqlite3.Connection) -> None:
    """Write-ahead mode, which the file stays in; SQLite itself does not wait for others here."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise CorrectionsError(
                "The corrections need a file in SQLite's write-ahead mode, which the file system does not "
                "allow; keep them on a local disk."
            )
        return


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
