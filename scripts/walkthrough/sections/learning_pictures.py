"""A network while it learns: frames of the plane, cost and accuracy against the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from page.lesson import COLORS

from sections.network_drawing import Plane, draw_points
from sections.plane import Points

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """What training had come to after a step: answers on the grid and share of held-out points right."""

    step: int
    answers: Array
    test_accuracy: float


def frames(
    points: Points,
    plane: Plane,
    snapshots: Sequence[Snapshot],
    losses: Sequence[float],
    accuracies: Sequence[float],
) -> Iterator[Callable[[Figure], None]]:
    """One frame a snapshot: the plane on the left, cost and accuracy up to that step on the right."""
    steps = np.arange(1, len(losses) + 1)

    def frame(index: int) -> Callable[[Figure], None]:
        now = snapshots[index]
        seen = snapshots[: index + 1]

        def draw(figure: Figure) -> None:
            panes = figure.subplot_mosaic([["plane", "cost"], ["plane", "accuracy"]], width_ratios=[1.5, 1])
            plane.draw(panes["plane"], now.answers)
            draw_points(panes["plane"], points.inputs, points.targets, size=13)
            panes["plane"].set_title(f"After {now.step} steps")
            until = slice(0, now.step + 1)
            here = {"marker": "o", "markersize": 4, "markevery": [-1]}
            panes["cost"].plot(steps[until], losses[until], color=COLORS["black"], **here)
            panes["cost"].set(ylabel="cost", ylim=(0, 0.8))
            panes["accuracy"].plot(
                steps[until], accuracies[until], color=COLORS["black"], label="training", **here
            )
            panes["accuracy"].plot(
                [1 + each.step for each in seen],
                [each.test_accuracy for each in seen],
                color=COLORS["green"],
                linestyle="--",
                label="held out",
            )
            panes["accuracy"].set(ylabel="accuracy", xlabel="step + 1, logarithmic", ylim=(0.3, 1.03))
            panes["accuracy"].legend(loc="lower right", fontsize=8)
            for name in ("cost", "accuracy"):
                panes[name].set(xscale="log", xlim=(1, len(losses)))

        return draw

    yield from map(frame, range(len(snapshots)))


#: Cost and training accuracy of each step, held-out accuracy by step.
Curves = tuple[Sequence[float], Sequence[float], Mapping[int, float]]


def draw_learning(figure: Figure, curves: Mapping[str, Curves]) -> None:
    """Cost and accuracy of several trainings."""
    cost, share = figure.subplots(1, 2)
    for (name, (losses, accuracies, held_out)), color in zip(
        curves.items(), (COLORS["purple"], COLORS["green"]), strict=True
    ):
        cost.plot(losses, color=color, linewidth=1.4, label=name)
        share.plot(accuracies, color=color, linewidth=1.4, label=f"{name}, training")
        steps = list(held_out)
        share.plot(steps, list(held_out.values()), "o", color=color, markersize=3, label=f"{name}, held out")
    cost.set(xlabel="step", ylabel="cost", ylim=(0, 0.8))
    share.set(xlabel="step", ylabel="accuracy", ylim=(0.4, 1.02))
    cost.legend()
    share.legend()


def draw_training_rates(
    figure: Figure, losses: Mapping[float, Sequence[float]], names: Sequence[str]
) -> None:
    """The network's own cost against the step, for three learning rates."""
    axes = figure.subplots()
    styles = zip((COLORS["blue"], COLORS["green"], COLORS["orange"]), ("--", "-", ":"), strict=True)
    for (rate, values), name, (color, style) in zip(losses.items(), names, styles, strict=True):
        axes.plot(values, color=color, linestyle=style, linewidth=1.8, label=f"{name}: α = {rate:g}")
    axes.set(xlabel="step", ylabel="cost", ylim=(0, 1.0))
    axes.legend()
