"""Many image files read by several processes: in order, a bounded number at a time, whatever a file does."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from surroundings import surroundings

from digitnet import Recognizer
from digitnet.errors import ImageError

Row = dict[str, Any]

# A process has the next file at hand while it reads one, so that it need not wait for it.
_AT_HAND = 2
# So many files a process may be ahead of the slowest: a large photograph takes as long as many drawings.
_AHEAD = 16
# Several processes share the cores, so none of them shares a matrix product out among threads.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def read_file(recognizer: Recognizer, path: str) -> Row:
    """What is said of one file, as plain values; a file that cannot be read has an ``error``."""
    try:
        prediction = recognizer.recognize(Path(path))
    except ImageError as error:
        return failed_row(path, str(error))
    return {
        "file": path,
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


def failed_row(path: str, error: str) -> Row:
    """What is said of a file that was not read."""
    return {"file": path, "text": None, "confidence": None, "accepted": None, "error": error}


def read_files(paths: Sequence[str], model_file: Path, jobs: int) -> Iterator[Row]:
    """What is said of each file, in their order, by so many processes.

    A process that a file brings to its end (there is too little memory for it) costs that file, and another
    takes its place. Close the iterator when it is left early: that ends the processes.
    """
    crew = [_Reader(model_file) for _ in range(min(jobs, len(paths)))]
    done: dict[int, Row] = {}
    first, following = 0, 0  # the next to be given out here, and the next for a process
    try:
        while first < len(paths):
            for reader in crew:
                while len(reader.files) < _AT_HAND and following < min(
                    len(paths), first + _AHEAD * len(crew)
                ):
                    reader.take(following, paths[following])
                    following += 1
            ready = connection.wait([reader.end for reader in crew if reader.files])
            for number, reader in enumerate(crew):
                if reader.end in ready:
                    if (row := reader.row()) is None:
                        row, crew[number] = reader.lost(paths), reader.successor(paths)
                    done[reader.files.popleft()] = row
            while first in done:
                yield done.pop(first)
                first += 1
    finally:
        for reader in crew:
            reader.stop()


class _Reader:
    """The near end of a process that reads files."""

    def __init__(self, model_file: Path) -> None:
        context = get_context("spawn")  # a fork of a process with threads may hang
        self._model_file = model_file
        self.files: deque[int] = deque()
        self.end, far = context.Pipe()
        self._process = context.Process(target=_read, args=(far, model_file), daemon=True)
        with _without_interrupts(), surroundings(_ONE_THREAD):
            self._process.start()
        far.close()

    def take(self, number: int, path: str) -> None:
        """Hand over a file; one that finds the process ended is noticed with the next row."""
        self.files.append(number)
        with suppress(OSError):
            self.end.send(path)

    def row(self) -> Row | None:
        """What is said of the file that was handed over first; None if the process has ended."""
        try:
            row: Row = self.end.recv()
        except (EOFError, OSError):
            return None
        return row

    def lost(self, paths: Sequence[str]) -> Row:
        """The row of the file that the process ended at."""
        self._process.join(5)
        return failed_row(
            paths[self.files[0]],
            f"The process that read it ended with status {self._process.exitcode}; is there enough memory?",
        )

    def successor(self, paths: Sequence[str]) -> _Reader:
        """A process for the rest of the files of one that has ended."""
        self.stop()
        other = _Reader(self._model_file)
        for number in list(self.files)[1:]:
            other.take(number, paths[number])
        return other

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()
        self.end.close()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that is started within the block does not hear Ctrl-C; this one ends it."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _read(end: Connection, model_file: Path) -> None:
    """A process's life: a row for every file, until there are no more or the other end is gone."""
    try:
        recognizer = Recognizer.load(model_file)
        while True:
            end.send(read_file(recognizer, end.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
