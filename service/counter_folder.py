"""The folder in memory where the processes of one server count together."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from digitnet.errors import ConfigurationError

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client reads it when it is imported
PREFIX = "digitnet-counters-"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # memory that has names, not a disk


@contextmanager
def counter_folder() -> Iterator[Path]:
    """Make the folder and name it in the environment, for prometheus_client to find; remove it at the end.

    What a server left that had no time to end is removed here too. The lock on each folder is held by the
    server that made it and by the processes that it forked, and gone with the last of them.
    """
    home = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_left(home)
    folder, lock = _make(home)
    maker = os.getpid()
    os.environ[FOLDER] = str(folder)
    try:
        yield folder
    finally:
        if os.getpid() == maker:  # and no process that was forked meanwhile
            shutil.rmtree(folder, ignore_errors=True)
            os.environ.pop(FOLDER, None)
            os.close(lock)


def _make(home: Path) -> tuple[Path, int]:
    while True:
        try:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))  # of this user alone
        except OSError as error:
            raise ConfigurationError(
                f"The counters for /metrics need a folder in {home}, which cannot be made: {error.strerror}. "
                "Make room there, or set metrics to false."
            ) from error
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():  # another start may have taken it for one that was left
            return folder, lock
        os.close(lock)


def _remove_left(home: Path) -> None:
    """Remove folders of this user whose server is gone."""
    for folder in home.glob(PREFIX + "*"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
