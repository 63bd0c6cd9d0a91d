"""Training throughput: rows a second over batch sizes and widths, beside PyTorch and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.contest import Entry, Results, compete
from bench.machine import training_flops
from bench.results import Curves, Goal, Part, Table
from bench.settings import Settings
from bench.training_peers import Case

REFERENCE = (512, 256)
BATCH = 128
BATCHES = (32, 64, 128, 256, 512, 1024)
WIDTHS = (64, 128, 256, 512, 1024, 2048)
ROWS = 60_000
#: Of a turn's matrix products, if there need not be more for an epoch: about half a second for the fastest.
TURN_FLOP = 75e9
MOST_EPOCHS = 3
#: PyTorch compiles for half a minute for each; the others say the same.
COMPILED_BATCHES = (128, 512)
#: Hidden layers of networks whose optimiser weighs much, and those of the one that is looked at most.
FLUSHED_HIDDEN = (REFERENCE, (1024, 1024), (2048, 2048))
#: scikit-learn is slower: it gets half the rows, so that its turns are about as long.
SKLEARN_SHARE = 0.5

OURS, EAGER, COMPILED = "digitnet", "PyTorch", "PyTorch, compiled"
FLUSHED = "PyTorch, flushed"
SINGLE, DOUBLE = "scikit-learn, float32", "scikit-learn, float64"
PEERS = (EAGER, COMPILED, FLUSHED, SINGLE, DOUBLE)
FLOOR = "sgemm"
GOALS = {EAGER: 1.25, SINGLE: 2.5}
SHARES = {128: 65.0, 512: 80.0}

TEXT = """\
Rows a second of training on MNIST, shuffled and gathered anew in every epoch, float32, Adam at a constant
1e-3, softmax and cross-entropy. Batch sizes are compared on the network 784-512-256-10, widths w on
784-w-w-10 at batch {batch}. digitnet trains as its documentation shows it for several cores (`Trainer`,
`Batches`, `Network`, and `processes={threads}` of one thread each); PyTorch eager and by `torch.compile`,
with fused Adam, `zero_grad(set_to_none=True)` and batches by indexing with `torch.randperm`; scikit-learn's
`MLPClassifier` by `partial_fit`, in float32 and, for one row, in its default float64.

Each has {threads} threads in a process of its own, or processes of one thread, and has trained every network
for an epoch of MNIST before it is measured. Then they take turns, network by network, A B A B; figures are
medians of {turns} turns, ratios are taken within a round, so that what both met cancels. A turn is an epoch,
of narrow networks up to three of them; scikit-learn has half the rows.

So the first turn is a network's second epoch. It matters: what Adam remembers of pixels that are hardly ever
lit shrinks from step to step until it is a denormal number, after some hundreds of them, and processors
compute with those a hundred times more slowly. digitnet makes them zero. PyTorch does with
`torch.set_flush_denormal(True)`, which few programs call; "{flushed}" does.

The floor is the machine's own rate in large square products, measured in turns with the others: of the
floor means the time that a step's matrix products would take at that rate, as a share of the time that the
whole step takes. Products that a step needs are counted, which leaves out the gradient for the data."""


def measure(settings: Settings) -> Part:
    """Measure all batch sizes and widths in one contest."""
    cases = _cases(settings.quick)
    turns = 1 if settings.quick else settings.turns
    results = compete(_entries(cases, settings), turns=turns * len(cases), warm_up=0, say=settings.say)
    return report(cases, results, settings)


def _cases(quick: bool) -> list[Case]:
    if quick:
        return [Case(REFERENCE, 128, 512), Case(REFERENCE, 512, 1024), Case((64, 64), BATCH, 512)]
    by_batch = [_case(REFERENCE, batch) for batch in BATCHES]
    return by_batch + [_case((width, width), BATCH) for width in WIDTHS]


def _case(hidden: tuple[int, ...], batch: int) -> Case:
    """A network that trains on whole batches of MNIST, for an epoch or some half a second.

    >>> _case((512, 256), 128).rows, _case((64, 64), 128).epochs
    (59904, 3)
    """
    epochs = round(TURN_FLOP / (ROWS * training_flops((784, *hidden, 10))))
    return Case(hidden, batch, ROWS // batch * batch, min(max(epochs, 1), MOST_EPOCHS))


def _entries(cases: Sequence[Case], settings: Settings) -> dict[str, Entry]:
    threads = settings.threads
    common = {"mnist": str(settings.mnist) if settings.mnist else None, "cases": cases, "threads": threads}
    fewer = [replace(case, rows=max(int(SKLEARN_SHARE * case.rows), 2 * case.batch)) for case in cases]
    compiled = [case for case in cases if case.hidden == REFERENCE and case.batch in COMPILED_BATCHES]
    flushed = [case for case in cases if case.hidden in FLUSHED_HIDDEN and case.batch == BATCH]
    double = [case for case in fewer if case.hidden == REFERENCE and case.batch == BATCH]
    here = {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}

    def entry(function: str, *needs: str, **arguments: object) -> Entry:
        return Entry(f"bench.training_peers:{function}", common | arguments, ("threadpoolctl", *needs), here)

    entries = {
        FLOOR: Entry("bench.training_peers:floor", {"threads": threads}, ("threadpoolctl",), here),
        OURS: entry("train_digitnet"),
        EAGER: entry("train_torch", "torch"),
        COMPILED: entry("train_torch", "torch", compiled=True, only=compiled),
        FLUSHED: entry("train_torch", "torch", flushed=True, only=flushed),
        SINGLE: entry("train_sklearn", "sklearn", cases=fewer),
        DOUBLE: entry("train_sklearn", "sklearn", cases=fewer, dtype="float64", only=double),
    }
    if settings.quick:
        del entries[COMPILED]
    return entries


def report(cases: Sequence[Case], results: Results, settings: Settings) -> Part:
    """The part of what was measured; the turns are those of the cases, one after the other."""
    each = [_of(results, number, len(cases)) for number in range(len(cases))]
    by_batch = {case.batch: one for case, one in zip(cases, each, strict=True) if case.hidden == REFERENCE}
    by_width = {
        case.hidden[0]: one for case, one in zip(cases, each, strict=True) if case.hidden[0] == case.hidden[1]
    }
    part = Part(
        "Training throughput",
        TEXT.format(batch=BATCH, threads=settings.threads, turns=settings.turns, flushed=FLUSHED),
        left_out=results.left_out,
    )
    if OURS not in results.turns:
        raise RuntimeError(f"digitnet could not be measured: {results.left_out[OURS]}")
    here = by_batch[BATCH]
    for peer, wanted in GOALS.items():
        part.goals.append(
            Goal(f"training, batch {BATCH}, beside {peer}", ratio(here, peer), wanted, unit="×")
        )
    for batch, wanted in SHARES.items():
        share = 100 * floor_share(by_batch[batch], (784, *REFERENCE, 10))
        part.goals.append(Goal(f"training, batch {batch}, of the sgemm rate", share, wanted, unit="%"))
    slowest = min((ratio(one, EAGER) for one in by_width.values()), default=math.nan)
    part.goals.append(Goal("training, the worst width beside PyTorch", slowest, 1.0, unit="×"))
    shapes = dict.fromkeys(by_batch, REFERENCE), {width: (width, width) for width in by_width}
    for name, found, shape in zip(("batch size", "width"), (by_batch, by_width), shapes, strict=True):
        part.tables.append(_table(name, found, shape))
        part.curves.append(_curves(name, found, shape))
        part.losses += _losses(name, found)
    return part


def ratio(results: Results, peer: str) -> float:
    """digitnet's rate over a peer's, NaN without the peer."""
    return results.ratio(OURS, peer) if peer in results.turns else math.nan


def floor_share(results: Results, widths: Sequence[int]) -> float:
    """Share of the sgemm rate at which digitnet's necessary matrix products go."""
    return training_flops(widths) * results.ratio(OURS, FLOOR) if FLOOR in results.turns else math.nan


def _of(results: Results, number: int, cases: int) -> Results:
    """The turns of one case; contestants that had none are not among them."""
    turns = {name: values[number::cases] for name, values in results.turns.items()}
    return Results({name: values for name, values in turns.items() if not math.isnan(sum(values))})


def _table(name: str, found: Mapping[int, Results], shapes: Mapping[int, tuple[int, ...]]) -> Table:
    peers = [peer for peer in PEERS if _took_part(peer, found)]
    names = [OURS, *peers]
    rows = []
    for size, one in found.items():
        speeds = [f"{one.median(peer):,.0f}" if peer in one.turns else "–" for peer in names]
        ratios = [f"{ratio(one, peer):.2f} ×" if peer in one.turns else "–" for peer in peers]
        share = floor_share(one, (784, *shapes[size], 10))
        rows.append([f"{size:,}", *speeds, "–" if math.isnan(share) else f"{100 * share:.0f} %", *ratios])
    columns = [name, *names, "digitnet, of the floor", *(f"digitnet : {peer}" for peer in peers)]
    return Table(f"Rows a second by {name}", columns, rows)


def _took_part(peer: str, found: Mapping[int, Results]) -> bool:
    return any(peer in one.turns for one in found.values())


def _curves(name: str, found: Mapping[int, Results], shapes: Mapping[int, tuple[int, ...]]) -> Curves:
    series = {
        peer: [(float(size), one.median(peer)) for size, one in found.items() if peer in one.turns]
        for peer in (OURS, *PEERS)
        if peer != DOUBLE and _took_part(peer, found)
    }
    floors = [
        (float(size), one.median(FLOOR) / training_flops((784, *shapes[size], 10)))
        for size, one in found.items()
        if FLOOR in one.turns
    ]
    if floors:
        series["floor: the products alone"] = floors
    return Curves(f"Training by {name}", name, "rows a second", series, log_x=True, log_y=True)


def _losses(name: str, found: Mapping[int, Results]) -> list[str]:
    return [
        f"Training, {name} {size:,}: {ratio(one, peer):.2f} times the rows a second of {peer}."
        for size, one in found.items()
        for peer in PEERS
        if peer in one.turns and ratio(one, peer) < 1.0
    ]
