"""How the cost of training grows with data, width and batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.contest import Entry, Results, compete
from bench.results import Curves, Part, Table
from bench.settings import Settings
from bench.training import BATCH, OURS, REFERENCE
from bench.training_peers import Case

PEERS = {OURS: "train_digitnet", "PyTorch": "train_torch", "scikit-learn, float32": "train_sklearn"}
NEEDS = {OURS: (), "PyTorch": ("torch",), "scikit-learn, float32": ("sklearn",)}
ROWS = (1_000, 3_000, 10_000, 30_000, 60_000)
#: In a turn, so that small data sets take time enough to be measured.
LEAST_ROWS = 12_000

TEXT = """\
Seconds of an epoch of 784-512-256-10 at batch {batch} over the number of rows, and microseconds a row over
widths and batch sizes, which are the figures of the part on training throughput seen from the other side.
Threads ({threads}), turns ({turns}) and warm-up are as there. Where a line is straight, cost grows by a
power: the table has its exponent, by least squares through all points. For rows it should be 1. For widths
it tends to 2 as the network's own products outgrow the first layer's. For batches it is below 0 as long as
a larger batch makes a row cheaper.

The floor grows by the exponents of the matrix products alone."""


def measure(settings: Settings) -> Part:
    """Measure how an epoch grows with its rows; widths and batches come from the part on training."""
    counts = (500, 1_000) if settings.quick else ROWS
    cases = [Case(REFERENCE, BATCH, rows, max(1, round(LEAST_ROWS / rows))) for rows in counts]
    if settings.quick:
        cases = [replace(case, epochs=1) for case in cases]
    threads = settings.threads
    common = {"mnist": str(settings.mnist) if settings.mnist else None, "cases": cases, "threads": threads}
    here = {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    entries = {
        name: Entry(f"bench.training_peers:{function}", common, ("threadpoolctl", *NEEDS[name]), here)
        for name, function in PEERS.items()
    }
    # An epoch of all rows is long enough to need fewer turns.
    turns = 1 if settings.quick else min(settings.turns, 3)
    results = compete(entries, turns=turns * len(cases), warm_up=0, say=settings.say)
    part = report(cases, results, _earlier(settings))
    part.text = TEXT.format(batch=BATCH, threads=threads, turns=turns)
    return part


def _earlier(settings: Settings) -> list[Curves]:
    """The curves of the part on training, as it was last measured."""
    path = settings.results / "training.json"
    return Part.load(path).curves if path.exists() else []


def report(cases: Sequence[Case], results: Results, earlier: Sequence[Curves]) -> Part:
    """The part of what was measured, and of the curves of the part on training."""
    part = Part("How cost grows", left_out=dict(results.left_out))
    by_rows = {}
    for name in results.turns:
        values = results.turns[name]
        each = [Results({name: values[number :: len(cases)]}) for number in range(len(cases))]
        by_rows[name] = [
            (float(case.rows), case.rows / one.median(name)) for case, one in zip(cases, each, strict=True)
        ]
    part.curves.append(
        Curves("An epoch by rows", "rows", "seconds an epoch", by_rows, log_x=True, log_y=True)
    )
    for curves in earlier:
        costs = {
            name: [(x, 1e6 / rate) for x, rate in points] for name, points in curves.series.items() if points
        }
        title = curves.title.replace("Training", "A row")
        part.curves.append(Curves(title, curves.x_label, "microseconds a row", costs, log_x=True, log_y=True))
    if not earlier:
        part.left_out["widths and batch sizes"] = "the part training has not been measured"
    names = list(dict.fromkeys(name for curves in part.curves for name in curves.series))
    rows = [
        [name, *(_shown(curves.series.get(name, [])) for curves in part.curves)]
        for name in names
        # Two points are no curve.
        if any(len(curves.series.get(name, [])) > 2 for curves in part.curves)
    ]
    columns = ["who", *(f"{curves.y_label} by {curves.x_label}" for curves in part.curves)]
    part.tables.append(Table("Exponents of growth", columns, rows))
    return part


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line through the logarithms of the points.

    >>> exponent([(1, 2), (2, 8), (4, 32)])
    2.0
    """
    logs = [(math.log(x), math.log(y)) for x, y in points]
    middle_x, middle_y = (sum(one[axis] for one in logs) / len(logs) for axis in (0, 1))
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / sum((x - middle_x) ** 2 for x, _ in logs)


def _shown(points: Sequence[tuple[float, float]]) -> str:
    return f"{exponent(points):.2f}" if len(points) > 2 else "–"
