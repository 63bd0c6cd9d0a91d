"""Files that are either the old one or the whole new one, whatever happens while they are written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from digitnet.errors import DigitnetError


def ensure_writable(path: Path) -> None:
    """Find out now whether ``path`` can be written later: makes its folder and tries a temporary file.

    Raises:
        DigitnetError: it cannot.
    """
    if path.is_dir():
        raise DigitnetError(f"{path} is a folder; name a file to write.")
    descriptor, temporary = _temporary_beside(path)
    os.close(descriptor)
    temporary.unlink()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file beside ``path``, force it to the disk, then rename it over ``path``.

    Raises:
        DigitnetError: the file cannot be written; what stood at ``path`` is untouched.
    """
    descriptor, temporary = _temporary_beside(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is private; what replaces the old file is as readable as any new one.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DigitnetError(f"{path} cannot be written: {error.strerror}.") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    # The rename itself must reach the disk too; not every system lets a folder be synced.
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _temporary_beside(path: Path) -> tuple[int, Path]:
    """An open, private file in the folder of ``path``, which is made if need be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise DigitnetError(f"{path} cannot be written: {error.strerror}.") from error
    return descriptor, Path(name)
