"""BENCHMARKS.md: the machine, the goals, where digitnet is behind, and what every part found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.contest import PAUSE_SECONDS
from bench.machine import Machine
from bench.results import Goal, Part

INTRODUCTION = f"""\
# Benchmarks

digitnet beside scikit-learn, PyTorch and ONNX Runtime: the same data, networks and machine, in turns, each
figure beside its floor. Between two turns of libraries all rest for {PAUSE_SECONDS:g} s, since OpenBLAS's
threads look for work for 120 ms after a product. `make bench` wrote this page, with all its figures and
pictures; nothing is typed. Measure it on your own machine the same way, best on one that does nothing
else."""

PICTURES = Path("docs") / "benchmarks"


def page(
    parts: Mapping[str, Part],
    machines: Mapping[str, Machine],
    failed: Mapping[str, str],
    pictures: Mapping[str, Sequence[Path]],
) -> str:
    """The whole page in Markdown.

    Args:
        parts: what was found, by name, in order.
        machines: what each part was measured on.
        failed: parts that could not be measured, and why.
        pictures: of each part's curves, as paths from the page.
    """
    sections = [
        INTRODUCTION,
        _machines(machines),
        _goals(parts),
        _losses(parts, failed),
        *(_section(part, pictures.get(name, ())) for name, part in parts.items()),
    ]
    return "\n\n".join(sections) + "\n"


def goal_line(goal: Goal) -> str:
    """A goal as a row of a table; what could not be measured is neither reached nor missed.

    >>> goal_line(Goal("beside nobody", math.nan, 1.25, unit="×"))
    '| beside nobody | ≥ 1.25 × | not measured | – |'
    """
    if not math.isnan(goal.measured):
        return goal.line()
    what, wanted = goal.line().strip("| ").split(" | ")[:2]
    return f"| {what} | {wanted} | not measured | – |"


def _machines(machines: Mapping[str, Machine]) -> str:
    """Each machine once, with the parts that were measured on it if there are several."""
    found: dict[str, tuple[Machine, list[str]]] = {}
    for name, machine in machines.items():
        found.setdefault(machine.markdown(), (machine, []))[1].append(name)
    lines = ["## The machine"]
    for text, (_, names) in found.items():
        if len(found) > 1:
            lines.append(f"For {', '.join(names)}, measured in a run of their own:" if names else "")
        lines.append(text)
    return "\n\n".join(lines)


def _goals(parts: Mapping[str, Part]) -> str:
    goals = [goal for part in parts.values() for goal in part.goals]
    measured = [goal for goal in goals if not math.isnan(goal.measured)]
    reached = sum(goal.met for goal in measured)
    text = f"{reached} of {len(measured)} are reached"
    if len(goals) > len(measured):
        text += f"; {len(goals) - len(measured)} could not be measured"
    rows = ["| what | wanted | measured | reached |", "|---|---|---|---|", *map(goal_line, goals)]
    return "\n\n".join(["## Goals", f"{text}.", "\n".join(rows)])


def _losses(parts: Mapping[str, Part], failed: Mapping[str, str]) -> str:
    sentences = [sentence for part in parts.values() for sentence in part.losses]
    sentences += [f"Not measured: {name}, since it failed: {reason}." for name, reason in failed.items()]
    lines = [f"- {sentence}" for sentence in sentences] or ["Nowhere, in what was measured."]
    lead = "Besides what the goals above say:"
    return "\n\n".join(["## Where digitnet is behind", lead, "\n".join(lines)])


def _section(part: Part, pictures: Sequence[Path]) -> str:
    pieces = [f"## {part.title}", part.text.strip()]
    pieces += [table.markdown() for table in part.tables]
    titles = [curves.title for curves in part.curves]
    pieces += [
        f"![{title}]({path.as_posix()})" for title, path in zip(titles, pictures, strict=bool(pictures))
    ]
    if part.left_out:
        reasons = "; ".join(f"{name}, since {reason.rstrip('.')}" for name, reason in part.left_out.items())
        pieces.append(f"Left out: {reasons}.")
    return "\n\n".join(piece for piece in pieces if piece)
