"""Prediction: the latency of one picture and the throughput of batches, beside three peers."""

from __future__ import annotations

import numpy as np

from bench.contest import Entry, Results, compete
from bench.prediction_peers import LIT, PLAIN, SHIPPED, network_of
from bench.results import Curves, Goal, Part, Table
from bench.settings import Settings
from digitnet.data import load_mnist
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import to_inputs
from digitnet.nn import Dense

OURS, LIVE = "digitnet", "digitnet, while training"
RUNTIME, EAGER, CLASSIFIER = "ONNX Runtime", "PyTorch", "scikit-learn"
READ, PRODUCT = "weights read once", "sgemm"
BATCHES = (1, 2, 8, 64, 512, 4096, 10_000)
#: The sizes that have a bound.
MEASURED = (64, 512, 4096, 10_000)
LATENCY, THROUGHPUT = 1.1, 1.0
_SQUARE = 1536

TEXT = """\
What a network gives for test pictures of MNIST, float32 inputs that are in memory: the shipped model
`mnist` (784-1536-1024-512-11 with BatchNorm and ReLU) and 784-512-256-10 with ReLU. digitnet is
`Network.frozen().predict`, which a `Recognizer` asks: a copy laid out once, as its peers lay out theirs.
"{live}" is `Network.predict`, by the live weights and without a copy. ONNX Runtime has the file that
`digitnet.onnx_file` writes, PyTorch the same layers and weights (eager, inference mode), scikit-learn's
`MLPClassifier.predict_proba` the same weights, where it has such layers. That all of them give the same is
checked first.

Each is a process of its own with {threads} threads; they take turns, A B A B. A figure is the median of
{turns} turns, each of them the median of the calls in {seconds:g} seconds after one that does not count;
ratios are taken turn by turn.

The floor of one picture is the time to read every weight once (one product of a vector with all of them).
digitnet can be below it: of a lone picture that is mostly unlit it reads no more than the rows of the first
weight whose pixels are lit. The row "{lit}" shows one that is not. The floor of a batch is the time its
products would take at the rate of a square product of 1,536 rows."""


def measure(settings: Settings) -> Part:
    """Measure all batch sizes of both networks in one contest."""
    batches = (1, 64, 512) if settings.quick else BATCHES
    seconds, turns = (0.02, 1) if settings.quick else (0.15, settings.turns)
    images = load_mnist(settings.mnist).test.images[: max(batches)]
    pictures = to_inputs(images, MNIST_GEOMETRY)
    threads = str(settings.threads)
    common = {"pictures": pictures, "batches": batches, "seconds": seconds, "threads": settings.threads}
    environment = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)

    def entry(who: str, *needs: str, names: tuple[str, ...] = (SHIPPED, PLAIN)) -> Entry:
        arguments = {**common, "who": who, "names": names}
        return Entry("bench.prediction_peers:contestant", arguments, needs, environment)

    results = compete(
        {
            OURS: entry("digitnet"),
            LIVE: entry("live_network"),
            RUNTIME: entry("onnx_runtime", "onnxruntime", "onnx"),
            EAGER: entry("pytorch", "torch"),
            CLASSIFIER: entry("scikit_learn", "sklearn", names=(PLAIN,)),
            READ: entry("weights"),
            PRODUCT: entry("products", names=(PLAIN,)),
        },
        turns=turns,
        say=settings.say,
    )
    part = report(results, batches)
    names = {"lit": LIT, "live": LIVE}
    part.text = TEXT.format(threads=threads, turns=turns, seconds=seconds, **names)
    return part


def report(results: Results, batches: tuple[int, ...]) -> Part:
    """The part of what was measured."""
    part = Part("Prediction", left_out=dict(results.left_out))
    for name in (SHIPPED, PLAIN):
        _goals(part, results, name, batches)
        part.tables += [_latency(results, name), _throughput(results, name, batches)]
        part.curves.append(_curves(results, name, batches))
    return part


def _has(results: Results, who: str, name: str) -> bool:
    return who in results.turns and f"{name}, 1" in results.turns[who][0]


def _goals(part: Part, results: Results, name: str, batches: tuple[int, ...]) -> None:
    if OURS not in results.turns:
        return
    beside = RUNTIME in results.turns
    for size in (1, *(size for size in batches if size in MEASURED)):
        key = f"{name}, {size}"
        slower = results.ratio(OURS, RUNTIME, key) if beside else float("nan")
        what = f"{name}: time of one picture, as multiple of ONNX Runtime's" if size == 1 else ""
        what = what or f"{name}: rows a second in batches of {size:,}, beside ONNX Runtime"
        bound = LATENCY if size == 1 else THROUGHPUT
        measured = slower if size == 1 else 1 / slower
        part.goals.append(Goal(what, measured, bound, at_least=size > 1, unit="×"))
    for who in (RUNTIME, EAGER, CLASSIFIER):
        if not _has(results, who, name):
            continue
        for size in (*map(str, batches), LIT):
            ratio = results.ratio(OURS, who, f"{name}, {size}")
            if ratio > 1.0:
                part.losses.append(
                    f"{name}, batch of {size}: {who} takes {1 / ratio:.2f} of digitnet's time."
                )


def _latency(results: Results, name: str) -> Table:
    rows = []
    for who in (OURS, LIVE, RUNTIME, EAGER, CLASSIFIER, READ):
        if _has(results, who, name):
            cells = [f"{1e6 * results.median(who, f'{name}, {size}'):,.0f}" for size in ("1", LIT)]
            rows.append([who if who != READ else f"floor: {READ}", *cells])
    return Table(f"One picture, {name}", ["who", "µs", f"µs, {LIT.removeprefix('1, ')}"], rows)


def _throughput(results: Results, name: str, batches: tuple[int, ...]) -> Table:
    columns, rows = ["who", *(f"{size:,}" for size in batches)], []
    for who in (OURS, LIVE, RUNTIME, EAGER, CLASSIFIER):
        if _has(results, who, name):
            rates = [size / results.median(who, f"{name}, {size}") for size in batches]
            rows.append([who, *(f"{rate:,.0f}" for rate in rates)])
    if PRODUCT in results.turns:
        floor = _floor(results, name)
        rows.append(["floor: sgemm", *(f"{floor:,.0f}" for _ in columns[1:])])
        if OURS in results.turns:
            shares = [100 * size / results.median(OURS, f"{name}, {size}") / floor for size in batches]
            rows.append(["digitnet, of the floor", *(f"{share:.0f} %" for share in shares)])
    return Table(f"Rows a second by batch size, {name}", columns, rows)


def _floor(results: Results, name: str) -> float:
    """Rows a second at the rate of the square product."""
    rate = 2 * _SQUARE**3 / results.median(PRODUCT, f"{PLAIN}, 1")
    dense = [layer for layer in network_of(name).layers if isinstance(layer, Dense)]
    return rate / (2 * float(np.sum([layer.in_features * layer.out_features for layer in dense])))


def _curves(results: Results, name: str, batches: tuple[int, ...]) -> Curves:
    series = {
        who: [(float(size), size / results.median(who, f"{name}, {size}")) for size in batches]
        for who in (OURS, LIVE, RUNTIME, EAGER, CLASSIFIER)
        if _has(results, who, name)
    }
    return Curves(f"Prediction, {name}", "batch size", "rows a second", series, log_x=True, log_y=True)
