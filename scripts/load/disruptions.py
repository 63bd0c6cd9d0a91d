"""What is done to a server's processes and files under load: a worker killed, a stop, a model replaced."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from digitnet.model_file import load_model, save_model
from load.connection import Address, ask_once, request
from load.findings import Finding
from load.keep_alive import Load
from load.processes import Tree
from load.programs import everything
from load.servers import Server, stop

CLIENTS = 8
UNDER_WAY = 40  # answers after which a load is under way
REPLACED_SECONDS = 10.0
SWAP_SECONDS = 20.0  # within which every process must serve a new model


def killed_workers(server: Address, tree: Tree, rounds: int = 3) -> Iterator[Finding]:
    """Kill a worker under load, again and again: what it held is lost, and nothing else."""
    longest = 0.0
    dead: set[int] = set()
    with Load(server, everything(server), CLIENTS) as load:
        for number in range(rounds):
            load.wait_for(UNDER_WAY)
            workers = tree.workers()
            dead |= tree.kill(workers[number % len(workers)])
            longest = max(longest, tree.seconds_until_replaced({worker.pid for worker in workers}))
            load.wait_for(UNDER_WAY)
    tally = load.tally
    held = sum(port in dead for port in tally.lost)
    besides = len(tally.lost) - held
    yield Finding(
        f"{rounds} × kill -9 of a worker under load",
        f"nothing lost but what it held; replaced within {REPLACED_SECONDS:g} s",
        f"{tally.answers:,} answers, {tally.wrong} wrong; {held} lost in the workers, {besides} besides; "
        f"{tally.refused} refused; replaced within {longest:.2f} s",
        not besides and not tally.wrong and not tally.refused and longest < REPLACED_SECONDS,
    )


def stops(serving: Callable[[], AbstractContextManager[Server]], rounds: int = 3) -> Iterator[Finding]:
    """Stop servers under load: whatever was taken is answered."""
    answers = lost = wrong = 0
    longest, statuses = 0.0, set()
    for _ in range(rounds):
        with serving() as server, Load(server.address, everything(server.address), CLIENTS) as load:
            load.wait_for(UNDER_WAY)
            longest = max(longest, stop(server.process))
            statuses.add(server.process.returncode)
        answers += load.tally.answers
        lost += len(load.tally.lost)
        wrong += load.tally.wrong
    yield Finding(
        f"{rounds} × SIGTERM under load",
        "every request that was taken is answered; exit status 0",
        f"{answers:,} answers, {wrong} wrong, {lost} dropped; exit status "
        f"{', '.join(map(str, sorted(statuses)))}; ended within {longest:.1f} s",
        not lost and not wrong and statuses == {0},
    )


def copies(model: Path, folder: Path, count: int) -> list[Path]:
    """So many models that answer as this one does, each a file of its own and so a version of its own."""
    original, paths = load_model(model), []
    for number in range(count):
        paths.append(folder / f"copy-{number}.safetensors")
        save_model(replace(original, metrics={**original.metrics, "copy": number}), paths[-1])
    return paths


def swaps(server: Address, model: Path, new_ones: list[Path]) -> Iterator[Finding]:
    """Put one new model after the other into the place of the served one, under load."""
    longest = 0.0
    with Load(server, everything(server), CLIENTS) as load:
        for new in new_ones:
            load.wait_for(UNDER_WAY)
            version = load_model(new).version
            started = time.monotonic()
            new.replace(model)
            if not _all_serve(server, version):
                longest = float("inf")
                break
            longest = max(longest, time.monotonic() - started)
            load.wait_for(UNDER_WAY)
    tally = load.tally
    failed = tally.wrong + len(tally.lost) + tally.refused
    yield Finding(
        f"{len(new_ones)} × a new model under load",
        f"nothing failed; served by every process within {SWAP_SECONDS:g} s",
        f"{tally.answers:,} answers, {failed} failed; served within {longest:.1f} s",
        not failed and longest < SWAP_SECONDS,
    )


def _all_serve(server: Address, version: str) -> bool:
    """Wait until many answers in a row, each on a connection of its own, come from this version."""
    message = request("GET", "/health/ready", b"", "", "Connection: close")
    deadline, in_a_row = time.monotonic() + SWAP_SECONDS, 0
    while in_a_row < 20:
        if time.monotonic() > deadline:
            return False
        answer = ask_once(server, message)
        served = answer.status == 200 and json.loads(answer.body)["model"]["version"] == version
        in_a_row = in_a_row + 1 if served else 0
        if not served:
            time.sleep(0.1)
    return True
