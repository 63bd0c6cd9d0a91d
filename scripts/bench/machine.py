"""The machine that is measured on, and its floors: the rate of its matrix products, and of its memory."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

#: What the figures depend on, with the names under which it is installed.
PACKAGES = {
    "NumPy": "numpy",
    "SciPy": "scipy",
    "Pillow": "pillow",
    "scikit-learn": "scikit-learn",
    "PyTorch": "torch",
    "ONNX Runtime": "onnxruntime",
    "FastAPI": "fastapi",
    "Uvicorn": "uvicorn",
    "gunicorn": "gunicorn",
    "granian": "granian",
}
#: They change what OpenBLAS does, and with it every figure of NumPy and scikit-learn.
TUNING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
#: A machine that does more than this besides is called busy.
BUSY_SHARE = 0.1


@dataclass(frozen=True)
class Machine:
    """What was measured on.

    Attributes:
        processor, cores, caches, memory: of the machine; the caches by name as the system writes them, the
            memory in GiB.
        system, python, blas: names and versions.
        versions: of the packages that the figures depend on, None for those that are not installed.
        tuning: environment variables that change what OpenBLAS does, as far as they are set.
        day: as 2026-01-31.
        load: processes that wanted to run in the last minute, NaN where the system does not tell.
        busy: share of the cores that others took while nothing was measured, NaN where unknown.
        sgemm: GFLOP/s of a large float32 matrix product.
        copy: GB/s of a large copy, its reading and writing added up.
    """

    processor: str
    cores: int
    caches: dict[str, str]
    memory: float
    system: str
    python: str
    blas: str
    versions: dict[str, str | None]
    tuning: dict[str, str]
    day: str
    load: float
    busy: float
    sgemm: float
    copy: float
    threads: int = field(default=0)

    def save(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @property
    def is_busy(self) -> bool:
        """Whether others took so much of the machine that the figures are in doubt."""
        return self.busy > BUSY_SHARE

    def markdown(self) -> str:
        """The machine as a list, and a warning where it was busy."""
        caches = ", ".join(f"{name} {size}" for name, size in self.caches.items()) or "caches unknown"
        versions = ", ".join(f"{name} {found}" for name, found in self.versions.items() if found)
        missing = ", ".join(name for name, found in self.versions.items() if not found)
        lines = [
            f"- {self.processor}, {self.cores} cores, {caches}, "
            f"{self.memory:.0f} GiB of memory, {self.system}",
            f"- Python {self.python}, {versions}; NumPy's matrix products by {self.blas}",
            f"- Floors: {self.sgemm:,.0f} GFLOP/s in a large float32 product on {self.threads} threads "
            f"(the best of several); {self.copy:.1f} GB/s in a large copy, reading and writing together",
            f"- Measured on {self.day}; before the start {self.load:.2f} processes wanted to run in the last "
            f"minute, and others took {100 * self.busy:.0f} % of the cores",
        ]
        if missing:
            lines.append(f"- Not installed, and therefore left out: {missing}")
        if self.tuning:
            given = ", ".join(f"{name}={value}" for name, value in self.tuning.items())
            lines.append(f"- Set in the environment: {given}")
        if self.is_busy:
            lines.append("- **The machine was busy with something else: figures and ratios are in doubt.**")
        return "\n".join(lines)


def describe(threads: int, *, quick: bool = False) -> Machine:
    """The machine as it is now; it is watched for a second, and its floors take another two."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    busy = busy_share(0.2 if quick else 1.0)
    return Machine(
        processor=processor(),
        cores=os.cpu_count() or 1,
        caches=caches(),
        memory=_memory(),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        blas=blas(),
        versions={name: _version(package) for name, package in PACKAGES.items()},
        tuning={name: os.environ[name] for name in TUNING if name in os.environ},
        day=date.today().isoformat(),
        load=load,
        busy=busy,
        sgemm=sgemm_rate(threads, size=512 if quick else 2048) / 1e9,
        copy=copy_rate(16 if quick else 256) / 1e9,
        threads=threads,
    )


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.*)$", info.read_text("utf-8"), re.M) if info.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def caches() -> dict[str, str]:
    """The caches that the first core sees, as the system writes their sizes."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def blas() -> str:
    """The library of NumPy's matrix products, and the kernel that it chose for this processor."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "an unknown library (threadpoolctl is not installed)"
    np.ones((2, 2)) @ np.ones((2, 2))
    for pool in threadpool_info():
        if pool["user_api"] == "blas" and "numpy" in pool["filepath"]:
            kernel = f", kernel {pool['architecture']}" if pool.get("architecture") else ""
            return f"{pool['internal_api']} {pool['version']}{kernel}"
    return "an unknown library"


def busy_share(seconds: float) -> float:
    """Share of all cores that is taken while this process sleeps; NaN where the system does not tell."""
    before = _times()
    time.sleep(seconds)
    after = _times()
    if before is None or after is None or after[1] <= before[1]:
        return float("nan")
    return 1.0 - (after[0] - before[0]) / (after[1] - before[1])


def _times() -> tuple[int, int] | None:
    """Idle time and all time of all cores, in ticks."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError):
        return None
    return fields[3] + fields[4], sum(fields)


def sgemm_rate(threads: int, *, size: int = 2048, best_of: int = 6) -> float:
    """Floating point operations a second of a square float32 product, the best of several.

    >>> sgemm_rate(1, size=64, best_of=2) > 0
    True
    """
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(0)
    one, other = (rng.random((size, size), np.float32) for _ in range(2))
    out = np.empty((size, size), np.float32)
    seconds = []
    with threadpool_limits(threads, user_api="blas"):
        for _ in range(best_of + 1):
            started = time.perf_counter()
            np.matmul(one, other, out=out)
            seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds[1:])


def copy_rate(megabytes: int = 256, *, best_of: int = 5) -> float:
    """Bytes a second that a copy by one thread reads and writes, the best of several."""
    source = np.ones(megabytes * 2**20 // 8)
    target = np.zeros_like(source)
    seconds = []
    for _ in range(best_of):
        started = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - started)
    return 2 * source.nbytes / min(seconds)


def training_flops(widths: Sequence[int], rows: int = 1, *, input_gradient: bool = False) -> int:
    """Floating point operations of the matrix products in a training step.

    A layer from k to n units takes ``2·m·k·n`` for m rows forward, as many for the gradient of its weights,
    and as many for the gradient of its input. The first layer's input are the data, whose gradient nobody
    needs; it is counted only if asked for.

    Args:
        widths: of input, hidden layers and output.
        rows: m.
        input_gradient: whether to count the gradient of the data.

    >>> training_flops((784, 512, 256, 10)), training_flops((784, 512, 256, 10), input_gradient=True)
    (2407424, 3210240)
    """
    products = [2 * rows * k * n for k, n in pairwise(widths)]
    return 3 * sum(products) - (0 if input_gradient else products[0])


def _memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, OSError, ValueError):
        return float("nan")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
