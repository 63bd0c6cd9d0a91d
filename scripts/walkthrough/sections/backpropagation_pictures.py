"""The pictures of the lesson on backpropagation: answers over the square, errors, units and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from page.lesson import BLUE_TO_ORANGE, CLASS_COLORS, COLORS

from digitnet.nn import Network
from sections.backpropagation_toy import EITHER_OR, INPUTS, Training, hidden_outputs

ROW_NAMES = ["0 0", "0 1", "1 0", "1 1"]


def draw_squares(figure: Figure, trainings: Sequence[Training]) -> None:
    """The answers of networks over the square of the first two inputs, with the four rows on it."""
    titles = ["One layer, first column", "One layer, XOR", "Hidden layer, XOR"]
    side = np.linspace(-0.25, 1.25, 101)
    x, y = np.meshgrid(side, side)
    points = np.column_stack([x.ravel(), y.ravel(), np.ones(x.size)])
    for axes, training, title in zip(figure.subplots(1, 3), trainings, titles, strict=True):
        answers = training.network.predict(points).reshape(x.shape)
        style = {"origin": "lower", "interpolation": "bilinear", "extent": [side[0], side[-1]] * 2}
        surface = axes.imshow(answers, cmap=BLUE_TO_ORANGE, vmin=0, vmax=1, **style)
        if answers.min() < 0.45 and answers.max() > 0.55:
            axes.contour(x, y, answers, [0.5], colors=COLORS["black"], linewidths=1)
        else:
            axes.text(0.5, 0.5, "½ everywhere", ha="center", va="center", color=COLORS["grey"])
        for (a, b), target in zip(((0, 0), (0, 1), (1, 0), (1, 1)), training.targets.ravel(), strict=True):
            axes.plot(a, b, "o", color=CLASS_COLORS[int(target)], markersize=15, markeredgecolor="white")
            axes.text(a, b, f"{target:.0f}", color="white", ha="center", va="center", fontweight="bold")
        axes.set(xticks=(0, 1), yticks=(0, 1), xlabel="first input", aspect="equal")
        axes.set_title(title, fontsize=11)
        axes.grid(visible=False)
    figure.axes[0].set_ylabel("second input")
    figure.colorbar(surface, ax=figure.axes, label="answer", ticks=[0, 0.5, 1], shrink=0.8)


def draw_curve(figure: Figure, errors: Mapping[int, float], milestones: Iterable[int]) -> None:
    """The error against the iteration; iteration 0 has no place on a logarithmic axis."""
    axes = figure.subplots()
    axes.loglog(*_points(errors), color=COLORS["blue"])
    later = [step for step in milestones if step]
    axes.plot(later, [errors[step] for step in later], "o", color=COLORS["orange"])
    axes.set(xlabel="iteration", ylabel="mean absolute error")


def draw_activations(figure: Figure, before: Network, after: Network) -> None:
    """Outputs of the hidden units and of the output unit as heat maps, with what was wanted."""
    grid = figure.subplots(2, 3, width_ratios=[4, 1, 1])
    for row, network, when in ((grid[0], before, "before"), (grid[1], after, "after")):
        heat_map(row[0], hidden_outputs(network), ROW_NAMES, ["h₁", "h₂", "h₃", "h₄"], (0, 1))
        heat_map(row[1], network.predict(INPUTS), None, ["ŷ"], (0, 1))
        heat_map(row[2], EITHER_OR, None, ["y"], (0, 1))
        for axes, title in zip(row, (f"Hidden units {when} training", "Output", "Wanted"), strict=True):
            axes.set_title(title, fontsize=11)


def draw_weights(figure: Figure, before: Network, after: Network) -> None:
    """Both weight matrices, before and after, on one scale for each moment."""
    grid = figure.subplots(2, 2, width_ratios=[4, 1.4])
    for row, network, when in ((grid[0], before, "before"), (grid[1], after, "after")):
        limit = np.abs(network.parameters).max()
        first, second = network.layers[0].weight, network.layers[2].weight
        heat_map(row[0], first, ["x₁", "x₂", "x₃ = 1"], ["h₁", "h₂", "h₃", "h₄"], (-limit, limit))
        heat_map(row[1], second, ["h₁", "h₂", "h₃", "h₄"], ["ŷ"], (-limit, limit))
        row[0].set_title(f"W1 {when} training", fontsize=11)
        row[1].set_title(f"W2 {when}", fontsize=11)


def draw_rates(
    figure: Figure, curves: Mapping[float, Mapping[int, float]], final: Mapping[float, float]
) -> None:
    """The error on its way and at its end, for each learning rate."""
    way, end = figure.subplots(1, 2, width_ratios=[1.25, 1])
    names = ("grey", "sky", "green", "blue", "black", "orange", "purple")
    for (rate, errors), name in zip(curves.items(), names, strict=True):
        way.loglog(*_points(errors), color=COLORS[name], label=f"α = {rate:g}", linewidth=1.4)
        end.loglog(rate, final[rate], "o", color=COLORS[name], markersize=9, zorder=3)
    end.plot(list(final), list(final.values()), color=COLORS["grey"], linewidth=0.8)
    way.set(xlabel="iteration", ylabel="mean absolute error", title="On the way")
    way.legend(fontsize=8, loc="lower left")
    end.set(xlabel="learning rate α", title="After 50,000 updates", xticks=list(final))
    for rate, text, side in ((0.001, "crawls", 1), (10.0, "arrives", -1), (1000.0, "jumps", -1)):
        aligned = {"ha": "left" if side > 0 else "right", "va": "center"}
        end.annotate(text, (rate, final[rate]), (11 * side, 0), textcoords="offset points", **aligned)


def heat_map(
    axes: Axes,
    values: NDArray[Any],
    rows: Sequence[str] | None,
    columns: Sequence[str],
    limits: tuple[float, float],
) -> None:
    """A matrix as coloured cells, each with its number."""
    axes.imshow(values, cmap=BLUE_TO_ORANGE, vmin=limits[0], vmax=limits[1], aspect="auto")
    middle, reach = np.mean(limits), (limits[1] - limits[0]) / 2
    for (i, j), value in np.ndenumerate(values):
        strong = abs(value - middle) > 0.7 * reach
        text = f"{value:.2f}".replace("-", "−")
        axes.text(j, i, text, ha="center", va="center", color="white" if strong else COLORS["black"])
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)) if rows else [], rows)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _points(errors: Mapping[int, float]) -> tuple[list[int], list[float]]:
    steps = sorted(step for step in errors if step)
    return steps, [errors[step] for step in steps]
