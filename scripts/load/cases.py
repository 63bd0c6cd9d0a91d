"""What a server is put through while it runs: slow clients, hostile files, too many requests, a long time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

from load import hostile, slow
from load.connection import Address, Answer, Connection, LostError, request
from load.findings import Finding
from load.keep_alive import Load, Tally
from load.processes import MIB, Tree, Usage, Watch
from load.programs import everything
from load.questions import PREDICT, Question, draw, mixed

PROBE_SECONDS = 0.5  # within which the four probes are promised
HOSTILE_GROWTH = 64 * MIB
STEADY_GROWTH = 32 * MIB
CLIENTS = 8


def slow_clients(
    server: Address, count: int = 60, seconds: float = 12.0, kinds: Sequence[str] = tuple(slow.KINDS)
) -> Iterator[Finding]:
    """Hold so many slow connections of each kind open, and ask the four probes meanwhile."""
    for kind in kinds:
        with slow.SlowClients(server, kind, count) as clients:
            longest = slow.probe(server, seconds)
        worst = max(longest, key=longest.__getitem__)
        yield Finding(
            f"{count} slow connections: {kind}",
            f"live, ready, predict and page within {PROBE_SECONDS} s",
            f"at most {longest[worst]:.3f} s ({worst}); {clients.cut_off} connections cut off",
            longest[worst] < PROBE_SECONDS,
        )


def hostile_files(server: Address, tree: Tree | None, count: int = 1000, seed: int = 0) -> Iterator[Finding]:
    """Send so many hostile files and look at each answer, and at the memory before and after."""
    files = list(hostile.hostile_files(count, seed))
    with Load(server, mixed(), clients=4) as load:
        load.wait_for(100)
    pids = {worker.pid for worker in tree.workers()} if tree else set()
    before = tree.usage() if tree else None
    tally, longest, complaints = send_all(server, list(hostile.questions(files)))
    spread = ", ".join(f"{number} × {status}" for status, number in sorted(tally.statuses.items()))
    found = [spread, f"the longest took {longest:.1f} s"]
    held = not complaints and not tally.lost and tally.answers == count
    if complaints:
        found.append(f"wrong: {complaints[0]}")
    if tree and before:
        growth = tree.usage().memory - before.memory
        died = pids - {worker.pid for worker in tree.workers()}
        found.append(f"memory {growth / MIB:+.0f} MiB, {len(died)} processes died")
        held = held and growth < HOSTILE_GROWTH and not died
    promised = "200, 400, 413, 415 or 422, in sentences; all processes live; memory +64 MiB at most"
    yield Finding(f"{count:,} hostile files (seed {seed})", promised, "; ".join(found), held)


def send_all(server: Address, questions: Sequence[Question]) -> tuple[Tally, float, list[str]]:
    """Ask each question once; what became of them, how long the slowest took, and each complaint."""
    tally, complaints = Tally(), []
    connection = Connection(server, 120)
    for question in questions:
        started = time.perf_counter()
        try:
            answer = connection.ask(question.message)
        except LostError:
            tally.lost.append(connection.port)
            complaints.append(f"{question.name}: no answer came.")
            answer = None
        else:
            tally.seconds.append(time.perf_counter() - started)
            tally.statuses[answer.status] += 1
            if complaint := question.complaint(answer):
                complaints.append(f"{question.name}: {complaint}")
        if answer is None or answer.closes:
            connection.close()
            connection = Connection(server, 120)
    connection.close()
    return tally, max(tally.seconds, default=0.0), complaints


#: Settings with which a service has more to do than it can, on any machine.
SCARCE = ("--workers", "1", "--readers", "1", "--turn-seconds", "0.2", "--max-waiting", "4")


def overload(server: Address, seconds: float = 6.0, clients: int = 24) -> Iterator[Finding]:
    """Ask for more than a service with scarce settings can do; it says so, and goes on with the rest."""
    questions = [_answered_or_put_off(number) for number in ("207", "42", "7")]
    with Load(server, questions, clients) as load:
        longest = slow.probe(server, seconds, patience=10, probes=("live",))["live"]
    tally = load.tally
    answered, put_off = tally.statuses[200], tally.statuses[503]
    yield Finding(
        f"{clients} clients at a service with one reader",
        "200 or 503 with Retry-After, nothing else; alive meanwhile",
        f"{answered:,} × 200, {put_off:,} × 503, {tally.answers - answered - put_off} others, "
        f"{tally.wrong} wrong, {len(tally.lost)} lost; live within {longest:.3f} s",
        answered > 0
        and put_off > 0
        and not tally.wrong
        and not tally.lost
        and answered + put_off == tally.answers
        and longest < float("inf"),
    )


def _answered_or_put_off(number: str) -> Question:
    def complaint(answer: Answer) -> str:
        if answer.status == 503:
            return "" if answer.headers.get("retry-after", "").isdigit() else "A 503 has no Retry-After."
        return "" if answer.status == 200 else f"It was answered with {answer.status}."

    return Question(number, request("POST", PREDICT, draw(number), "image/png"), complaint)


def steady(server: Address, tree: Tree | None, minutes: float) -> Iterator[Finding]:
    """Ask everything, and send hostile files between, for so long; what a server takes must not grow."""
    files = list(hostile.hostile_files(300, seed=1))
    odd = list(hostile.questions(files))
    questions = [question for pair in zip(cycle(everything(server)), odd, strict=False) for question in pair]
    watch = Watch(tree) if tree else None
    with Load(server, questions, CLIENTS) as load:
        if watch:
            with watch:
                time.sleep(60 * minutes)
        else:
            time.sleep(60 * minutes)
    tally = load.tally
    found = [f"{tally.answers:,} requests, {tally.wrong} wrong, {len(tally.lost)} lost"]
    held = tally.answers > 0 and not tally.wrong and not tally.lost
    if watch:
        first, last = _thirds(watch.samples)
        growth = last[0] - first[0]
        found.append(
            f"memory {first[0] / MIB:.0f} → {last[0] / MIB:.0f} MiB (peak {watch.peak / MIB:.0f}), "
            f"files {first[1]:.0f} → {last[1]:.0f}, threads {first[2]:.0f} → {last[2]:.0f}"
        )
        held = held and growth < STEADY_GROWTH and last[1] - first[1] <= CLIENTS
    yield Finding(
        f"{minutes:g} minute{'s' * (minutes != 1)} of mixed requests, hostile files among them",
        "every answer right; memory and open files flat",
        "; ".join(found),
        held,
    )


def _thirds(samples: Sequence[Usage]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """The middle values of memory, files and threads in the second third of the time, and in the last."""
    third = max(1, len(samples) // 3)
    second, last = samples[third : 2 * third] or samples, samples[-third:]

    def middle(part: Sequence[Usage]) -> tuple[float, float, float]:
        return (
            statistics.median(one.memory for one in part),
            statistics.median(one.files for one in part),
            statistics.median(one.threads for one in part),
        )

    return middle(second), middle(last)
