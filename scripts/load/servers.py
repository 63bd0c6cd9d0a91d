"""Starts the application behind one server or another, on a free port, and stops it in the end."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from load.connection import Address, ask_once
from load.processes import Tree
from load.questions import ready

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = "service:create_app()"
START_SECONDS = 40.0
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Kind:
    """A server: the module that must be there, the words of its command, and how it is described."""

    module: str
    command: Sequence[str]
    described: str


_GUNICORN = ("-m", "gunicorn", "--preload", "--worker-class", "gthread", "--workers", "2", "--bind")
_GRANIAN = ("-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "64")
KINDS = {
    "digitnet": Kind("gunicorn", ("-m", "service", "--port"), "gunicorn as shipped, 2 × 64"),
    "gthread-64": Kind(
        "gunicorn", (*_GUNICORN, "{address}", "--threads", "64", APPLICATION), "gunicorn gthread, 2 × 64"
    ),
    "gthread-4": Kind(
        "gunicorn", (*_GUNICORN, "{address}", "--threads", "4", APPLICATION), "gunicorn gthread, 2 × 4"
    ),
    "granian": Kind(
        "granian",
        (*_GRANIAN, "--host", "127.0.0.1", "--factory", "service:create_app", "--port"),
        "granian, 2 × 64",
    ),
    "waitress": Kind(
        "waitress",
        ("-m", "waitress", "--threads", "64", "--listen", "{address}", "--call", "service:create_app"),
        "waitress, 1 × 64",
    ),
}


class StartError(Exception):
    """A server did not start."""


@dataclass
class Server:
    """A running server.

    Attributes:
        process: its master.
        address: where it listens.
        tree: all of its processes.
    """

    process: subprocess.Popen[bytes]
    address: Address

    @property
    def tree(self) -> Tree:
        """The master and its workers."""
        return Tree(self.process.pid)


def available(kind: str) -> bool:
    """Whether a server of this kind is installed."""
    return importlib.util.find_spec(KINDS[kind].module) is not None


def free_address() -> Address:
    """An address at which nobody listens at this moment."""
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        return ("127.0.0.1", int(finder.getsockname()[1]))


@contextmanager
def serving(
    kind: str = "digitnet", *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server of this kind that is ready; what it says is shown where it does not start.

    Raises:
        StartError: it ended, or was not ready in time.
    """
    address = free_address()
    words = [word.format(address=f"{address[0]}:{address[1]}") for word in KINDS[kind].command]
    if words[-1] == "--port":
        words.append(str(address[1]))
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, *words, *options],
            cwd=ROOT,
            env={**os.environ, **one_thread, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            try:
                _wait_until_ready(process, address)
                _wait_until_settled(process)
            except StartError as error:
                said.seek(0)
                last = said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
                raise StartError(f"{error} It said: {' '.join(last) or 'nothing'}") from None
            yield Server(process, address)
        finally:
            stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], address: Address) -> None:
    question, deadline = ready(), time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(f"The server ended with status {process.returncode}.")
        try:
            if not question.complaint(ask_once(address, question.message, 5)):
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise StartError(f"The server was not ready after {START_SECONDS:g} seconds.")


def _wait_until_settled(process: subprocess.Popen[bytes], seconds: float = 0.4) -> None:
    """Wait until no worker has been added for a while: the first is ready before the last is there."""
    tree, count, since = Tree(process.pid), -1, time.monotonic()
    while time.monotonic() < since + seconds:
        if (now := len(tree.workers())) != count:
            count, since = now, time.monotonic()
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> float:
    """Ask a server to end, and end it where it does not; how many seconds it took."""
    started = time.monotonic()
    if process.poll() is None:
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    took = time.monotonic() - started
    with suppress(ProcessLookupError):  # which is as it should be: nobody of its group is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return took
