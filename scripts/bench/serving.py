"""The service under load beside FastAPI, Uvicorn and ONNX Runtime: the same pictures, as many processes."""

from __future__ import annotations

import importlib
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.contest import Entry, compete
from bench.results import Goal, Part, Table
from bench.serving_clients import Answers, at_rate, saturate
from bench.serving_pictures import pictures
from bench.serving_servers import THREADS, WORKERS, Running, Service, ours, peer, running
from bench.settings import MODEL, Settings
from digitnet import Recognizer

CLIENTS = 16  # connections at saturation
HALF_CLIENTS = 32  # at half load, where they mostly wait
FASTER, HALF_LOAD_MS, START_SECONDS = 1.3, 25.0, 1.0  # the goals
DIGITNET_READS, PEER_READS = "digitnet, reading alone", "the peer, reading alone"


@dataclass
class Measured:
    """What was measured of a service, turn by turn.

    Attributes:
        full: under as much load as it can bear.
        half: at half the requests a second of that.
        bare: as ``full``, asking for nothing.
        start: seconds from its start to its first answer.
        processor: seconds of all its processes for a request of ``full``.
    """

    full: list[Answers] = field(default_factory=list)
    half: list[Answers] = field(default_factory=list)
    bare: list[Answers] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def rate(self) -> float:
        """Requests a second at saturation, the median."""
        return statistics.median(one.rate for one in self.full)

    def milliseconds(self, share: float) -> float:
        """The time at half load within which this share was answered, the median of the turns."""
        return 1000 * statistics.median(one.percentile(share) for one in self.half)


def measure(settings: Settings) -> Part:
    """Measure both services under load, and how long each takes from its start to its first answer."""
    part = Part("The service under load")
    turns = 1 if settings.quick else settings.turns
    drawn = pictures(10 if settings.quick else 60)
    seconds = 0.6 if settings.quick else 4.0
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "mnist.onnx"
        services = [ours()]
        other = peer(model)
        if other.missing:
            part.left_out[other.name] = f"{', '.join(other.missing)} is not installed"
        else:
            importlib.import_module("digitnet.onnx_file").export_model(Recognizer.load(MODEL).model, model)
            services.append(other)
        measured = {service.name: Measured() for service in services}
        log = Path(folder) / "log"
        for _ in range(turns):
            for service in services:
                with running(service, service.asks(drawn)[0], log) as server:
                    measured[service.name].start.append(server.seconds)
        with ExitStack() as stack:
            servers = [(one, stack.enter_context(running(one, one.asks(drawn)[0], log))) for one in services]
            for service, server in servers:
                _warm_up(service, server, drawn, seconds)
            for turn in range(turns):
                for service, server in servers:
                    _one_turn(service, server, drawn, seconds, turn, measured[service.name])
                    settings.say(_said(service.name, measured[service.name]))
        reading = _reading(model, drawn, turns, with_peer=len(services) > 1)
    _report(part, measured, reading, settings.quick)
    part.text = _text(turns, len(drawn), seconds, measured)
    return part


def _warm_up(service: Service, server: Running, drawn: Sequence[tuple[int, bytes]], seconds: float) -> None:
    """Until nothing is done for the first time; all pictures must be read right, or the load ends here."""
    saturate(server.address, service.asks(drawn), clients=CLIENTS, seconds=seconds / 2)
    saturate(server.address, service.bare(), clients=CLIENTS, seconds=seconds / 4)


def _one_turn(
    service: Service,
    server: Running,
    drawn: Sequence[tuple[int, bytes]],
    seconds: float,
    turn: int,
    measured: Measured,
) -> None:
    asks = service.asks(drawn)
    full = saturate(
        server.address, asks, clients=CLIENTS, seconds=seconds, server_clock=server.processor_seconds
    )
    half = at_rate(server.address, asks, rate=full.rate / 2, clients=HALF_CLIENTS, seconds=seconds, seed=turn)
    measured.full.append(full)
    measured.processor.append(full.server_seconds / full.count)
    measured.half.append(half)
    measured.bare.append(saturate(server.address, service.bare(), clients=CLIENTS, seconds=seconds / 2))


def _reading(
    model: Path, drawn: Sequence[tuple[int, bytes]], turns: int, *, with_peer: bool
) -> dict[str, float]:
    """Seconds that reading a picture takes alone, without any service around it, on one thread."""
    environment = {**dict.fromkeys(THREADS, "1"), "DIGITNET_PEER_MODEL": str(model)}
    arguments = {"pictures": [png for _, png in drawn]}
    entries = {DIGITNET_READS: Entry("bench.serving:digitnet_reads", arguments, environment=environment)}
    if with_peer:
        entries[PEER_READS] = Entry("bench.serving:peer_reads", arguments, environment=environment)
    results = compete(entries, turns=turns)
    return {name: results.median(name) for name in results.turns}


def digitnet_reads(pictures: Sequence[bytes]) -> Callable[[], float]:
    """A contestant: seconds a picture, from its bytes to its digits."""
    recognizer = Recognizer.load(MODEL)
    return lambda: _seconds_each(recognizer.recognize, pictures)


def peer_reads(pictures: Sequence[bytes]) -> Callable[[], float]:
    """A contestant: the same, as the peer does it."""
    module = importlib.import_module("bench.serving_peer")
    names = ["probabilities", "digit", "confidence"]
    return lambda: _seconds_each(
        lambda png: module.session.run(names, {"inputs": module.inputs_of(io.BytesIO(png))}), pictures
    )


def _seconds_each(read: Callable[[bytes], object], pictures: Sequence[bytes]) -> float:
    started = time.perf_counter()
    for png in pictures:
        read(png)
    return (time.perf_counter() - started) / len(pictures)


def _said(name: str, measured: Measured) -> str:
    full, half, bare = measured.full[-1], measured.half[-1], measured.bare[-1]
    return (
        f"{name}: {full.rate:.0f} requests/s; at half load p50 {1000 * half.percentile(0.5):.1f}, "
        f"p99 {1000 * half.percentile(0.99):.1f} ms; bare {bare.rate:.0f}/s"
    )


def _report(part: Part, measured: dict[str, Measured], reading: dict[str, float], quick: bool) -> None:
    name, *peers = measured
    own = measured[name]
    start = statistics.median(own.start)
    for other in peers:
        pairs = zip(own.full, measured[other].full, strict=True)
        ratio = statistics.median(a.rate / b.rate for a, b in pairs)
        part.goals.append(Goal(f"requests a second beside {other}", ratio, FASTER, unit="×"))
        if ratio < 1:
            part.losses.append(
                f"The service answers {ratio:.2f} × the pictures a second of {other}, whose way from a "
                "picture to the network is for one clean digit only."
            )
        if start > (theirs := statistics.median(measured[other].start)):
            part.losses.append(
                f"From its start to its first answer the service takes {start:.2f} s, {other} {theirs:.2f} s."
            )
    p99 = own.milliseconds(0.99)
    part.goals.append(Goal("p99 at half load", p99, HALF_LOAD_MS, at_least=False, unit="ms"))
    part.goals.append(Goal("cold start to the first answer", start, START_SECONDS, at_least=False, unit="s"))
    columns = ["service", "pictures/s", "processor a request", "half load: p50", "p99", "bare/s", "start"]
    rows = [_row(service, one) for service, one in measured.items()]
    part.tables.append(Table("Requests, and what each costs", columns, rows))
    floors = [
        [reader, f"{1000 * seconds:.2f} ms", f"{WORKERS / seconds:,.0f}"]
        for reader, seconds in reading.items()
    ]
    caption = "The floor: what reading alone would allow, with nothing around it"
    part.tables.append(Table(caption, ["what", "a picture", f"a second on {WORKERS} cores"], floors))
    if quick:
        part.tables[0] = Table("Requests (cut short: worth nothing)", columns, rows)


def _row(service: str, one: Measured) -> list[str]:
    return [
        service,
        f"{one.rate():,.0f}",
        f"{1000 * statistics.median(one.processor):.2f} ms",
        f"{one.milliseconds(0.5):.1f} ms",
        f"{one.milliseconds(0.99):.1f} ms",
        f"{statistics.median(answers.rate for answers in one.bare):,.0f}",
        f"{statistics.median(one.start):.2f} s",
    ]


def _text(turns: int, count: int, seconds: float, measured: dict[str, Measured]) -> str:
    shares = [one.client_seconds / one.seconds for own in measured.values() for one in own.full]
    return (
        f"Both services run at once with {WORKERS} processes each, one thread for the matrix products of a "
        f"process, and take turns of {seconds:g} s, {turns} in all after a warm-up; the medians are shown. "
        f"Each upload is one of {count} drawings of a digit, a PNG of 280 × 280 pixels in a form. "
        f"At saturation {CLIENTS} kept connections ask again as soon as they are answered. At half load "
        "requests come at random moments (Poisson), half as many a second as that service bore, on "
        f"{HALF_CLIENTS} connections, and what is shown is the time since each was due. Every answer is "
        "checked for its digit. The clients are one thread on the same cores, and take "
        f"{100 * max(shares):.0f} % of one core at most. Cold start is from the start of the process to the "
        "first picture that is read, with all files in the system's cache.\n\n"
        "digitnet's service does more with a picture: it looks for several digits in several lines on any "
        "ground, and its confidence is calibrated for that; it also writes a line of the log for each "
        "request, counts it for /metrics, and bounds how long it waits for every client. The peer crops the "
        "ink and scales it. The bare column is each service's handler that does nothing; the second table is "
        "reading without any service around it."
    )
