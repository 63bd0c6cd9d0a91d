"""The two services under load: digitnet's as it is shipped, and its peer, each with two processes."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from load.connection import ask_once, request
from load.questions import PREDICT, form
from load.servers import free_address, stop

from bench.serving_clients import Address, Ask
from bench.settings import ROOT

WORKERS = 2
START_SECONDS = 40.0
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Service:
    """A service: how it is started, and what its addresses and answers are.

    Attributes:
        name: as in the tables.
        command: the words after ``python``; the port comes last.
        predict: the address that pictures are sent to, as a form.
        says: what the answer to a picture of the digit ``{}`` contains.
        live: the address of a handler that does nothing.
        needs: modules that must be installed.
        environment: variables that it is started with.
    """

    name: str
    command: Sequence[str]
    predict: str
    says: str
    live: str
    needs: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Those modules that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def asks(self, pictures: Sequence[tuple[int, bytes]]) -> list[Ask]:
        """A request for each picture, as a browser or ``curl -F`` would send it."""
        asks = []
        for digit, png in pictures:
            body, kind = form((f"{digit}.png", png))
            if kind.startswith("multipart"):
                body = body.replace(b'.png"\r\n\r\n', b'.png"\r\nContent-Type: image/png\r\n\r\n', 1)
            asks.append(Ask(request("POST", self.predict, body, kind), self.says.format(digit).encode()))
        return asks

    def bare(self) -> list[Ask]:
        """A request to the handler that does nothing."""
        return [Ask(request("GET", self.live), b"live")]


def ours(*options: str) -> Service:
    """digitnet's service with its defaults, among them a line of the log for each request."""
    command = ("-m", "service", "--workers", str(WORKERS), *options, "--port")
    return Service("digitnet", command, PREDICT, '"text":"{}"', "/health/live")


def peer(model: Path) -> Service:
    """FastAPI on Uvicorn's fastest loop and parser, without a log of requests."""
    return Service(
        "FastAPI + Uvicorn + ONNX Runtime",
        (
            *("-m", "uvicorn", "bench.serving_peer:app", "--workers", str(WORKERS)),
            *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning", "--no-access-log"),
            "--port",
        ),
        "/predict",
        '"digit":{},',
        "/live",
        ("fastapi", "uvicorn", "uvloop", "httptools", "python_multipart", "onnxruntime", "onnx"),
        {"DIGITNET_PEER_MODEL": str(model)},
    )


class NoStartError(Exception):
    """A service did not start, or did not read a picture right."""


@dataclass(frozen=True)
class Running:
    """A service that runs.

    Attributes:
        address: where it listens.
        seconds: from its start to its first answer to a picture.
        process: its master.
    """

    address: Address
    seconds: float
    process: subprocess.Popen[bytes]

    def processor_seconds(self) -> float:
        """Processor time that all of its processes have taken so far."""
        master = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (master, *master.children(recursive=True))]
        return float(sum(one.user + one.system for one in times))


@contextmanager
def running(service: Service, first: Ask, log: Path) -> Iterator[Running]:
    """Start a service and ask until the first picture is read; stop it in the end."""
    address = free_address()
    path = os.pathsep.join([str(ROOT), str(ROOT / "scripts")])
    environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": path, **service.environment}
    with log.open("ab") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *service.command, str(address[1])],
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            yield Running(address, _first_answer(service, process, address, first, started), process)
        finally:
            stop(process, 10)


def _first_answer(
    service: Service, process: subprocess.Popen[bytes], address: Address, first: Ask, started: float
) -> float:
    while (took := time.perf_counter() - started) < START_SECONDS:
        if process.poll() is not None:
            raise NoStartError(f"{service.name} ended with status {process.returncode}.")
        try:
            answer = ask_once(address, first.message, 10)
        except OSError:
            time.sleep(0.002)
            continue
        if answer.status != 200 or first.contained not in answer.body:
            raise NoStartError(f"{service.name} answered its first picture with {answer.status}, or wrongly.")
        return time.perf_counter() - started
    raise NoStartError(f"{service.name} answered nothing for {took:.0f} seconds.")
