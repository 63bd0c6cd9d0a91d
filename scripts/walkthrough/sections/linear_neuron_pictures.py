"""The pictures of the lesson on one linear neuron: errors, valleys, and the neuron while it learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from page.lesson import COLORS


@dataclass(frozen=True)
class Descent:
    """Weights on their way down the loss ``½ · mean_square · (w − 2)²``."""

    name: str
    mean_square: float
    weights: Sequence[float]

    def loss(self, weights: Sequence[float] | np.ndarray) -> np.ndarray:
        return 0.5 * self.mean_square * (np.asarray(weights) - 2) ** 2


def draw_errors(figure: Figure, one: Sequence[float], four: Sequence[float]) -> None:
    """The errors of both runs, on a linear and on a logarithmic axis."""
    for axes, scale in zip(figure.subplots(1, 2), ("linear", "log"), strict=True):
        axes.plot(one, color=COLORS["blue"], label="one example")
        axes.plot(four, color=COLORS["orange"], label="four examples")
        axes.set(yscale=scale, xlabel="iteration", ylabel="error y − ŷ of (1, 2)")
        axes.set_title("Linear axis" if scale == "linear" else "Logarithmic axis")
    figure.axes[0].legend()
    figure.axes[1].text(34, 0.6, "× 0.97 a step", color=COLORS["blue"])
    figure.axes[1].text(56, 1e-5, "× 0.775 a step", color=COLORS["orange"])


def draw_valleys(figure: Figure, descents: Sequence[Descent]) -> None:
    """Four descents, each in its own valley; all but the last, which climbs, on the same scale."""
    for axes, descent in zip(figure.subplots(2, 2).flat, descents, strict=True):
        climbs = abs(descent.weights[-1] - 2) > 2
        reach = 1.1 * max(abs(w - 2) for w in descent.weights) if climbs else 2.2
        _draw_loss(axes, descent, reach, color=COLORS["grey"])
        axes.plot(descent.weights, descent.loss(descent.weights), "o-", markersize=4, linewidth=0.8)
        axes.plot(0, descent.loss([0]), "o", color=COLORS["orange"], label="start, w = 0")
        axes.set_title(descent.name, fontsize=11)
        if not climbs:
            axes.set_ylim(-0.9, 18.5)
    figure.axes[0].legend()


def frames(one: Descent, four: Descent) -> Iterator[Callable[[Figure], None]]:
    """Both neurons during the steps of the shorter run, later ones two at a time."""

    def frame(step: int) -> Callable[[Figure], None]:
        def draw(figure: Figure) -> None:
            line, valley = figure.subplots(1, 2)
            for descent, color in ((one, COLORS["blue"]), (four, COLORS["orange"])):
                w = descent.weights[step]
                line.plot([0, 4.4], [0, 4.4 * w], color=color, label=f"{descent.name}: w = {w:.3f}")
                _draw_loss(valley, descent, 2.1, color=color, alpha=0.5)
                valley.plot(w, descent.loss([w]), "o", color=color, markersize=9)
            line.plot([1, 2, 3, 4], [2, 4, 6, 8], "o", color=COLORS["black"])
            line.set(xlim=(0, 4.4), ylim=(0, 9), xlabel="x", ylabel="y")
            line.set_title(f"After {step} steps")
            line.legend(loc="upper left")
            valley.set_title("The loss of each neuron")
            valley.set(ylim=(-0.5, 16))

        return draw

    yield from map(frame, [*range(8), *range(8, len(one.weights), 2)])


def _draw_loss(axes: Axes, descent: Descent, reach: float, **style: object) -> None:
    w = np.linspace(2 - reach, 2 + reach, 200)
    axes.plot(w, descent.loss(w), **style)
    axes.set(xlabel="w", ylabel="loss L(w)")
