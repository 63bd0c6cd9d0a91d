"""Measure the service behind several servers, side by side, and write the table into RELIABILITY.md."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import click
from load import cases, slow
from load.connection import ask_once
from load.findings import stamp, write_between
from load.keep_alive import Load
from load.questions import Question, live, mixed, predict
from load.servers import KINDS, ROOT, Server, StartError, available, serving, stop

PAGE = ROOT / "RELIABILITY.md"
CLIENTS = 8
SLOW = 60
SLOW_SECONDS = 4.0
SPEEDS = {"predict": lambda: [predict(number) for number in ("7", "42", "207")], "live": lambda: [live()]}


@dataclass
class Measured:
    """What was measured of one server.

    Attributes:
        speeds: requests a second, p50 and p99 in seconds, for each kind of request and round.
        slow: the longest that a probe took, for each kind of slow client.
        dropped, answered: requests at SIGTERM under load, of all rounds.
        ended: seconds until each stop was over.
    """

    speeds: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    dropped: int = 0
    answered: int = 0
    ended: list[float] = field(default_factory=list)

    def middle(self, name: str) -> tuple[float, float, float]:
        """The medians over the rounds."""
        rate, p50, p99 = zip(*self.speeds[name], strict=True)
        return statistics.median(rate), statistics.median(p50), statistics.median(p99)


def speed(server: Server, questions: Sequence[Question], seconds: float) -> tuple[float, float, float]:
    """Requests a second, and within how many seconds half and 99 of 100 were answered."""
    with Load(server.address, questions, CLIENTS) as load:
        time.sleep(seconds)
    tally = load.tally
    if tally.wrong or tally.lost:
        raise StartError(
            f"{tally.wrong} answers were wrong and {len(tally.lost)} were lost under plain load."
        )
    return tally.answers / load.elapsed, tally.percentile(50), tally.percentile(99)


def one_round(kind: str, measured: Measured, seconds: float, *, with_slow: bool) -> None:
    """Start a server, measure it and stop it under load."""
    with serving(kind) as server:
        for question in mixed():  # so that nothing is done for the first time while it is measured
            ask_once(server.address, question.message)
        for name, questions in SPEEDS.items():
            measured.speeds.setdefault(name, []).append(speed(server, questions(), seconds))
        if with_slow:
            for slow_kind in slow.KINDS:
                with slow.SlowClients(server.address, slow_kind, SLOW):
                    measured.slow[slow_kind] = max(slow.probe(server.address, SLOW_SECONDS).values())
    # A server of its own: what slow clients left behind would count as well.
    with serving(kind) as server, Load(server.address, mixed(), CLIENTS, timeout=10) as load:
        load.wait_for(40)
        measured.ended.append(stop(server.process, 20))
    measured.dropped += len(load.tally.lost)
    measured.answered += load.tally.answers


def table(measured: dict[str, Measured]) -> str:
    """The servers in Markdown, a row each."""
    kinds = "".join(f" {kind} |" for kind in slow.KINDS)
    rows = [
        f"| server | predict a second | p50, p99 | live a second | p50, p99 |{kinds} dropped at SIGTERM |",
        "|---|---|---|---|---|" + "---|" * (len(slow.KINDS) + 1),
    ]
    for kind, one in measured.items():
        cells = [KINDS[kind].described]
        for name in SPEEDS:
            rate, p50, p99 = one.middle(name)
            cells += [f"{rate:,.0f}", f"{1000 * p50:.1f}, {1000 * p99:.1f} ms"]
        cells += [_held(one.slow[slow_kind]) for slow_kind in slow.KINDS]
        cells.append(f"{one.dropped} of {one.answered + one.dropped:,}; ended in {max(one.ended):.1f} s")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _held(longest: float) -> str:
    """How long the slowest probe took; in bold where that is more than is promised.

    >>> _held(0.25), _held(0.75), _held(float("inf"))
    ('0.25 s', '**0.75 s**', '**no answer**')
    """
    if longest == float("inf"):
        return "**no answer**"
    return f"{longest:.2f} s" if longest < cases.PROBE_SECONDS else f"**{longest:.2f} s**"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--server", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Only this one.")
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="Of all servers.")
@click.option("--seconds", type=click.FloatRange(0.2, 60), default=3, show_default=True, help="Of a load.")
@click.option("--write", is_flag=True, help="Write the table into RELIABILITY.md.")
def main(kinds: tuple[str, ...], rounds: int, seconds: float, write: bool) -> None:
    """Measure the service behind several servers: speed, slow clients, and a stop under load.

    The servers take turns, round after round, so that what else the machine does meets all of them. The table
    has the medians. Servers that are not installed are named and left out. Takes about six minutes.
    """
    measured: dict[str, Measured] = {}
    failed: dict[str, str] = {}
    for kind in kinds or KINDS:
        if available(kind):
            measured[kind] = Measured()
        else:
            failed[kind] = f"{KINDS[kind].module} is not installed"
    for number in range(rounds):
        for kind in list(measured):
            click.echo(f"Round {number + 1} of {rounds}: {KINDS[kind].described}")
            try:
                one_round(kind, measured[kind], seconds, with_slow=number == 0)
            except (StartError, TimeoutError, OSError) as error:
                failed[kind] = str(error).rstrip(".")
                del measured[kind]
    text = table(measured)
    for kind, reason in failed.items():
        text += f"\n\nLeft out: {KINDS[kind].described}, since {reason}."
    click.echo(text)
    if write:
        packages = sorted({KINDS[kind].module for kind in measured})
        note = f"Medians of {rounds} round{'s' * (rounds > 1)}, {CLIENTS} clients. "
        made_by = stamp("scripts/compare_servers.py", *packages)
        write_between(PAGE, "servers", f"{text}\n\n{note}{made_by}")
        click.echo(f"Wrote {PAGE.name}")


if __name__ == "__main__":
    main()
