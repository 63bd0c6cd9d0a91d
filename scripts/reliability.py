"""Put the service through all that RELIABILITY.md promises, and write down what was found."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from urllib.parse import urlsplit

import click
from load import cases, disruptions
from load.connection import Address
from load.findings import Finding, stamp, table, write_between
from load.processes import Tree
from load.servers import ROOT, serving

PAGE = ROOT / "RELIABILITY.md"
MODEL = ROOT / "models" / "mnist.safetensors"
# Seconds that a case may take before it is given up; the last one gets its minutes besides.
DEADLINES = {
    "slow": 240,
    "kill": 180,
    "stop": 240,
    "swap": 300,
    "hostile": 300,
    "overload": 90,
    "steady": 180,
}
# What needs processes or settings of its own, and not just an address.
NEED_A_SERVER = {"kill", "stop", "swap", "overload"}


def slow(_minutes: float) -> Iterator[Finding]:
    """60 slow connections of each kind."""
    with serving() as server:
        yield from cases.slow_clients(server.address)


def kill(_minutes: float) -> Iterator[Finding]:
    """kill -9 of a worker."""
    with serving() as server:
        yield from disruptions.killed_workers(server.address, server.tree)


def stop(_minutes: float) -> Iterator[Finding]:
    """SIGTERM."""
    yield from disruptions.stops(serving)


def swap(_minutes: float) -> Iterator[Finding]:
    """Five new models."""
    with TemporaryDirectory() as name:
        served = Path(shutil.copy(MODEL, Path(name) / "served.safetensors"))
        new = disruptions.copies(MODEL, Path(name), 5)
        with serving("digitnet", "--model", str(served), "--watch-seconds", "1") as server:
            yield from disruptions.swaps(server.address, served, new)


def hostile(_minutes: float) -> Iterator[Finding]:
    """1,000 hostile files."""
    with serving() as server:
        yield from cases.hostile_files(server.address, server.tree)


def overload(_minutes: float) -> Iterator[Finding]:
    """More than it can do."""
    with serving("digitnet", *cases.SCARCE) as server:
        yield from cases.overload(server.address)


def steady(minutes: float) -> Iterator[Finding]:
    """Mixed requests for minutes."""
    with serving() as server:
        yield from cases.steady(server.address, server.tree, minutes)


CASES: dict[str, Callable[[float], Iterator[Finding]]] = {
    "slow": slow,
    "kill": kill,
    "stop": stop,
    "swap": swap,
    "hostile": hostile,
    "overload": overload,
    "steady": steady,
}


def elsewhere(name: str, server: Address, tree: Tree | None, minutes: float) -> Iterator[Finding]:
    """A case for a server that runs already."""
    if name == "slow":
        return cases.slow_clients(server)
    if name == "hostile":
        return cases.hostile_files(server, tree)
    return cases.steady(server, tree, minutes)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--case", "names", type=click.Choice(list(CASES)), multiple=True, help="Only this one.")
@click.option(
    "--minutes", type=click.FloatRange(0.05, 600), default=10, help="For the last case.  [default: 10]"
)
@click.option(
    "--url", help="A server that runs already; cases that need processes of their own are left out."
)
@click.option("--pid", type=int, help="The process of that server, to watch its memory.")
@click.option("--write", is_flag=True, help="Write the table into RELIABILITY.md.")
def main(names: tuple[str, ...], minutes: float, url: str | None, pid: int | None, write: bool) -> None:
    """Put the service through every case, on a server started for it, and show what was found.

    The exit status is 1 if anything was not as promised. All cases take about five minutes and the minutes
    of the last one.
    """
    findings = []
    for name in names or CASES:
        if url and name in NEED_A_SERVER:
            click.echo(f"{name}: left out, since it needs a server of its own.")
            continue
        if url:
            parts = urlsplit(url)
            address = (parts.hostname or "127.0.0.1", parts.port or 80)
            found = elsewhere(name, address, Tree(pid) if pid else None, minutes)
        else:
            found = CASES[name](minutes)
        seconds = DEADLINES[name] + (60 * minutes if name == "steady" else 0)
        for finding in within(name, seconds, found):
            findings.append(finding)
            click.echo(f"{'held' if finding.held else 'NOT HELD'}: {finding.case}: {finding.found}")
    if write:
        packages = ("gunicorn", "Flask", "Werkzeug", "Pillow", "NumPy")
        made_by = "scripts/reliability.py"
        write_between(PAGE, "figures", f"{table(findings)}\n\n{stamp(made_by, *packages)}")
        click.echo(f"Wrote {PAGE.name}")
    if not all(finding.held for finding in findings):
        raise SystemExit(1)


def within(name: str, seconds: float, found: Iterator[Finding]) -> Iterator[Finding]:
    """The findings of a case; one more where it fails or is not done in time."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"it was not done after {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield from found
    except Exception as error:
        yield Finding(name, "the case can be run", f"{type(error).__name__}: {error}", False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    main()
