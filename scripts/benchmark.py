"""Measure digitnet beside scikit-learn, PyTorch and ONNX Runtime, and write BENCHMARKS.md."""

from __future__ import annotations

import importlib
import json
import os
import time
import traceback
from pathlib import Path

import click
from bench.machine import Machine, describe
from bench.report import PICTURES, goal_line, page
from bench.results import Part
from bench.settings import ROOT, Settings

PAGE = ROOT / "BENCHMARKS.md"
#: Modules of scripts/bench with a function ``measure(settings) -> Part``, in the order of the page.
PARTS = ("training", "accuracy", "prediction", "pictures", "folder", "starting", "serving", "growth")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--part", "names", type=click.Choice(PARTS), multiple=True, help="Only this one; repeatable.")
@click.option(
    "--turns", type=click.IntRange(1, 50), default=5, show_default=True, help="Of every contestant."
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="Runs to an accuracy of digitnet, and of PyTorch with its recipe; the slow ones have three at most.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Of everybody's products.  [default: the cores, up to 2]",
)
@click.option(
    "--mnist",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="DIGITNET_MNIST_DIR",
    help="Folder with the four MNIST files, also by DIGITNET_MNIST_DIR. Without it they are taken from the "
    "user's cache, else downloaded once.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "runs" / "benchmark",
    help="Folder for what each part found, as JSON.  [default: runs/benchmark]",
)
@click.option("--quick", is_flag=True, help="See that everything runs; the figures are worth nothing.")
@click.option(
    "--write",
    is_flag=True,
    help="Write BENCHMARKS.md and its pictures, of what was measured now and what the folder has besides.",
)
def main(
    names: tuple[str, ...],
    turns: int,
    seeds: int,
    threads: int | None,
    mnist: Path | None,
    results: Path,
    quick: bool,
    write: bool,
) -> None:
    """Measure digitnet beside its peers, part by part.

    Peers that are not installed are named and left out: pip install
    'digitnet[bench,bench-torch]' brings them. The machine should do nothing else meanwhile. A part that
    fails does not stop the others; the exit status is then 1.

    \b
    Examples:
      python scripts/benchmark.py --quick
      python scripts/benchmark.py --part training --turns 3
      python scripts/benchmark.py --write
    """
    if quick and write:
        raise click.UsageError("Figures of --quick are worth nothing, so they are not written.")
    settings = Settings(
        mnist=mnist,
        turns=turns,
        quick=quick,
        say=lambda line: click.echo(f"  {line}"),
        threads=threads or min(os.cpu_count() or 1, 2),
        seeds=seeds,
        slow_seeds=min(seeds, 3),
        results=results,
    )
    machine = describe(settings.threads, quick=quick)
    click.echo(machine.markdown())
    failed = {}
    for name in [part for part in PARTS if part in names or not names]:
        started = time.perf_counter()
        click.echo(f"{name}:")
        try:
            part = importlib.import_module(f"bench.{name}").measure(settings)
        except Exception as error:
            traceback.print_exc()
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        part.save(results / f"{name}.json")
        _remember(results, name, machine)
        for goal in part.goals:
            click.echo(goal_line(goal))
        for peer, reason in part.left_out.items():
            click.echo(f"Left out: {peer}, since {reason}.")
        click.echo(f"{name} took {time.perf_counter() - started:.0f} s.")
    for name, reason in failed.items():
        click.echo(f"FAILED: {name}: {reason}", err=True)
    if write:
        _write(results, failed)
    if failed:
        raise SystemExit(1)


def _remember(results: Path, name: str, machine: Machine) -> None:
    """Put the machine that a part was measured on beside what it found."""
    path = results / "machines.json"
    machines = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(
        json.dumps(machines | {name: machine.save()}, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )


def _write(results: Path, failed: dict[str, str]) -> None:
    """Write the page and the pictures of everything in the folder but what failed just now."""
    from bench.plots import draw

    kept = json.loads((results / "machines.json").read_text("utf-8"))
    found = [name for name in PARTS if name in kept and name not in failed]
    parts = {name: Part.load(results / f"{name}.json") for name in found}
    for path in (ROOT / PICTURES).glob("speed-*.png"):
        path.unlink()
    pictures = {}
    for name, part in parts.items():
        pictures[name] = [PICTURES / f"speed-{name}-{number + 1}.png" for number in range(len(part.curves))]
        for curves, path in zip(part.curves, pictures[name], strict=True):
            draw(curves, ROOT / path)
    machines = {name: Machine(**kept[name]) for name in found}
    PAGE.write_text(page(parts, machines, failed, pictures), "utf-8")
    click.echo(f"Wrote {PAGE.name} and {sum(map(len, pictures.values()))} pictures.")


if __name__ == "__main__":
    main()
