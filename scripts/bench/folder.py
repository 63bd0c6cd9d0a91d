"""A folder of pictures through scripts/predict.py: pictures a second by jobs, and what memory it takes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from bench.results import Curves, Goal, Part, Table
from bench.settings import ROOT, Settings
from digitnet.cores import cores as usable_cores
from digitnet.data import load_digits

SIZES = (1_000, 5_000, 10_000)
QUICK_SIZES = (80, 160)
#: How often memory is looked at, in seconds.
LOOK = 0.1
#: The largest folder may hold so much more memory than the smallest, of names and little else.
FLAT = 1.1

TEXT = """\
`scripts/predict.py FOLDER --format jsonl` on folders of {sizes} PNG files of 100×100 pixels, digits of
scikit-learn's data set enlarged and moved about, from the command to the end of the process. All files are
in the system's cache. One job and {cores} (all cores) take turns on the folder of {middle:,}, so that what a
process takes to start weighs little; the others are read by all cores. Peak memory is the largest sum of
the proportional set sizes of all processes of the command, looked at {looks:g} times a second. The floor is
Pillow's decoding of all files and nothing else, by as many processes."""


def measure(settings: Settings) -> Part:
    """Draw the folders, read them, and watch the memory of all processes meanwhile."""
    sizes, turns = (QUICK_SIZES, 1) if settings.quick else (SIZES, max(1, settings.turns // 2))
    cores = usable_cores()
    middle = sizes[(len(sizes) - 1) // 2]
    with TemporaryDirectory() as name:
        root = Path(name)
        folders = {size: draw(root / str(size), size) for size in sizes}
        rates: dict[int, list[float]] = {1: [], cores: []}
        for _ in range(turns):
            for jobs in rates:
                seconds, _ = predict(folders[middle], middle, jobs)
                rates[jobs].append(middle / seconds)
                settings.say(f"folder of {middle}, {jobs} jobs: {middle / seconds:.0f} pictures/s")
        found = {}
        for size, folder in folders.items():
            found[size] = predict(folder, size, cores)
            settings.say(
                f"folder of {size}: {found[size][0]:.1f} s, {found[size][1] / 2**20:.0f} MiB at most"
            )
        floor = decode_all(folders[sizes[-1]], cores)
    part = report(
        found, middle, {jobs: float(np.median(values)) for jobs, values in rates.items()}, cores, floor
    )
    listed = ", ".join(f"{size:,}" for size in sizes)
    part.text = TEXT.format(sizes=listed, cores=cores, looks=1 / LOOK, middle=middle)
    return part


def draw(folder: Path, count: int) -> Path:
    """A folder with so many pictures."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    images = np.rint(load_digits().test.images * (255.0 / 16)).astype(np.uint8)
    inks = [Image.fromarray(image).resize((64, 64), Image.Resampling.BICUBIC) for image in images]
    for number in range(count):
        page = Image.new("L", (100, 100), 255)
        x, y = rng.integers(0, 36, 2).tolist()
        page.paste(int(rng.integers(0, 80)), (x, y), mask=inks[number % len(inks)])
        page.save(folder / f"{number:05}.png", compress_level=1)
    return folder


def predict(folder: Path, count: int, jobs: int) -> tuple[float, float]:
    """Seconds, and the most bytes of memory, that the command took; all rows are counted."""
    command = [sys.executable, str(ROOT / "scripts/predict.py"), str(folder), "--format", "jsonl"]
    started = time.perf_counter()
    with subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.PIPE, text=True) as process:
        watch = _Watch(process.pid)
        rows = sum(json.loads(line)["error"] is None for line in process.stdout or ())
    seconds = time.perf_counter() - started
    if rows != count or process.returncode:
        raise RuntimeError(f"predict.py read {rows} of {count} pictures, status {process.returncode}")
    return seconds, watch.stop()


class _Watch:
    """Looks at the memory of a process and its children until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._over = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            self._most = max(self._most, _memory(self._pid))

    def stop(self) -> float:
        """The most bytes that were seen; NaN where the system does not tell."""
        self._over.set()
        self._thread.join()
        return self._most or math.nan


def _memory(pid: int) -> float:
    """Bytes of a process and its children, what several share counted in proportion (Linux)."""
    total = 0.0
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in [pid, *children]:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            total += 1024 * float(rollup.split("Pss:")[1].split()[0])
    except (OSError, IndexError):  # it has just ended, or the system is another
        return 0.0
    return total


def decode_all(folder: Path, jobs: int) -> float:
    """Pictures a second that so many processes decode, and do nothing else with; they are ready before."""
    files = sorted(map(str, folder.iterdir()))
    with get_context("spawn").Pool(jobs) as pool:
        pool.map(_decode, files[:jobs], 1)
        started = time.perf_counter()
        pool.map(_decode, files, 50)
        return len(files) / (time.perf_counter() - started)


def _decode(file: str) -> None:
    with Image.open(file) as image:
        image.load()


def report(
    found: dict[int, tuple[float, float]], middle: int, rates: dict[int, float], cores: int, floor: float
) -> Part:
    """The part of what was measured: all folders by all cores, and that of ``middle`` by one as well."""
    part = Part("A folder of pictures")
    sizes: Sequence[int] = sorted(found)
    part.tables.append(
        Table(
            f"Pictures a second, folder of {middle:,}",
            ["jobs", "pictures/s"],
            [
                *([f"{jobs:,}", f"{rate:,.0f}"] for jobs, rate in rates.items()),
                [f"floor: bare decoding, {cores}", f"{floor:,.0f}"],
            ],
        )
    )
    rows = [
        [f"{size:,}", f"{seconds:.1f}", f"{size / seconds:,.0f}", f"{memory / 2**20:,.0f}"]
        for size, (seconds, memory) in sorted(found.items())
    ]
    columns = ["pictures", "seconds", "pictures/s", "peak memory of all processes, MiB"]
    part.tables.append(Table(f"By the size of the folder, {cores} jobs", columns, rows))
    points = [(float(size), memory / 2**20) for size, (_, memory) in sorted(found.items())]
    part.curves.append(
        Curves("Memory of predict.py", "pictures in the folder", "MiB at most", {"digitnet": points})
    )
    growth = found[sizes[-1]][1] / found[sizes[0]][1]
    what = f"peak memory with {sizes[-1]:,} pictures, as multiple of that with {sizes[0]:,}"
    part.goals.append(Goal(what, growth, FLAT, at_least=False, unit="×"))
    if cores > 1:
        gain = rates[cores] / rates[1]
        part.goals.append(
            Goal(f"pictures a second with {cores} jobs, beside one", gain, 0.75 * cores, unit="×")
        )
    part.losses.append(
        f"Reading is {floor / rates[cores]:.0f} times slower than bare decoding by as many processes."
    )
    return part
