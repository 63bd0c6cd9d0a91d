"""Start-up and peak memory: fresh interpreters from nothing to an import, an answer, an epoch."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.results import Goal, Part, Table
from bench.settings import MODEL, ROOT, Settings
from bench.starting_programs import NEEDS, PROGRAMS
from digitnet.data import load_mnist
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import to_inputs
from digitnet.model_file import load_model

OURS = "digitnet"
STEPS = ("import", "answer", "epoch")
#: No program takes longer.
SECONDS = 300.0

TEXT = """\
Fresh interpreters, `python -c …`, from the command to the end of the process: for an import; for an
import, a model from its file and the first answer; and for an import and an epoch of training of
784-512-256-10 at batch 128 on {rows:,} rows. The model is the shipped `mnist`, which ONNX Runtime has as
an exported file and PyTorch as the same safetensors; the answer is for one picture of 28×28 pixels.
scikit-learn has no model file that is safe to load, so it has no answer; ONNX Runtime trains nothing.

The programs take turns, A B A B, after a round in which every file was read once; figures are medians of
{turns} rounds (of one for the epoch). Memory is the largest resident set that the process ever had, as the
system counts it. Floors: Python that does nothing, Python with NumPy, and Python with NumPy and the
training data in memory. {threads} threads."""


def measure(settings: Settings) -> Part:
    """Run all programs in turns."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = _prepare(folder, settings)
        turns = 1 if settings.quick else settings.turns
        found, left_out = run_programs(PROGRAMS, turns, _environment(folder, settings), settings)
    part = report(found, left_out)
    part.text = TEXT.format(rows=rows, turns=turns, threads=settings.threads)
    return part


def _prepare(folder: Path, settings: Settings) -> int:
    """Write what the programs read: inputs, labels and the exported model."""
    train = load_mnist(settings.mnist).train
    rows = 2_000 if settings.quick else len(train)
    np.save(folder / "inputs.npy", to_inputs(train.images[:rows], MNIST_GEOMETRY))
    np.save(folder / "labels.npy", train.labels[:rows])
    try:
        from digitnet.onnx_file import export_model
    except ImportError:
        return rows  # the program that misses it is left out below
    export_model(load_model(MODEL), folder / "model.onnx")
    return rows


def _environment(folder: Path, settings: Settings) -> dict[str, str]:
    threads = str(settings.threads)
    return {
        **os.environ,
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "BENCH_FOLDER": str(folder),
        "BENCH_MODEL": str(MODEL),
        "BENCH_THREADS": threads,
    }


#: Seconds and bytes of every turn, by who and step.
Found = dict[tuple[str, str], list[tuple[float, float]]]


def run_programs(
    programs: Mapping[tuple[str, str], str], turns: int, environment: Mapping[str, str], settings: Settings
) -> tuple[Found, dict[str, str]]:
    """Every program once for nothing, then in turns; those that fail or lack a module are left out."""
    found: Found = {}
    left_out: dict[str, str] = {}
    for turn in range(1 + turns):
        for (who, step), program in programs.items():
            missing = [module for module in NEEDS.get(who, ()) if importlib.util.find_spec(module) is None]
            if missing:
                left_out[who] = f"{', '.join(missing)} is not installed"
            # An epoch takes long, and its memory is the same each time.
            if who in left_out or (step == "epoch" and turn != 1):
                continue
            try:
                value = _run(program, environment)
            except (subprocess.SubprocessError, ValueError) as error:
                left_out[who] = f"{step}: {error}"
                found = {key: values for key, values in found.items() if key[0] != who}
                continue
            if turn:
                found.setdefault((who, step), []).append(value)
                settings.say(f"{who}, {step}: {value[0]:.3f} s, {value[1] / 1e6:.0f} MB")
    return found, left_out


def _run(program: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds and peak memory in bytes of a program that says the latter last."""
    started = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    seconds = time.perf_counter() - started
    if answer.returncode:
        raise ValueError((answer.stderr.strip().splitlines() or ["it said nothing"])[-1])
    said: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return seconds, float(said["peak"])


def report(found: Found, left_out: dict[str, str]) -> Part:
    """The part of what was measured."""
    part = Part("Start-up and memory", left_out=left_out)
    people = list(dict.fromkeys(who for who, _ in found))

    def middle(who: str, step: str, value: int) -> float:
        values = [turn[value] for turn in found.get((who, step), [])]
        return statistics.median(values) if values else math.nan

    for value, caption, unit in ((0, "Seconds", 1.0), (1, "Peak memory in MB", 1e6)):
        rows = []
        for who in people:
            figures = [middle(who, step, value) / unit for step in STEPS]
            digits = 3 if value == 0 else 0
            rows.append([who, *("–" if math.isnan(one) else f"{one:,.{digits}f}" for one in figures)])
        part.tables.append(Table(f"{caption} to", ["who", "an import", "the first answer", "an epoch"], rows))
    first = middle(OURS, "answer", 0)
    part.goals.append(
        Goal("from no process to digitnet's first answer", first, 1.0, at_least=False, unit="s")
    )
    floors = [who for who in people if who.startswith("floor")]
    for step, what in zip(STEPS, ("an import", "the first answer", "an epoch"), strict=True):
        for who in people:
            if who == OURS or who in floors:
                continue
            for value, word, unit, name in ((0, "takes", 1.0, "s"), (1, "needs", 1e6, "MB")):
                ours, theirs = (middle(one, step, value) / unit for one in (OURS, who))
                if theirs < ours:
                    figures = f"{ours:.3g} {name}, where {who} {word} {theirs:.3g} {name}"
                    part.losses.append(f"From no process to {what}: {figures}.")
    return part
