"""A network as a drawing, circles for units and lines for weights, and its answers all over the plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from numpy.typing import NDArray
from page.lesson import BLUE_TO_ORANGE, CLASS_COLORS, COLORS

from digitnet.nn import Network, dense_layers

Array = NDArray[np.float64]


def largest_weight(*networks: Network) -> float:
    """The largest absolute weight, which is drawn as the thickest line."""
    return max(
        float(np.abs(layer.weight).max()) for network in networks for layer in dense_layers(network.layers)
    )


def draw_network(axes: Axes, network: Network, scale: float, title: str = "") -> None:
    """Units as circles, weights as lines: the thicker, the larger; orange is positive, blue negative.

    Args:
        scale: the weight that has the thickest line and the strongest colour.
    """
    layers = dense_layers(network.layers)
    widths = [layers[0].in_features, *(layer.out_features for layer in layers)]
    places = [
        [(column, (width - 1) / 2 - row) for row in range(width)] for column, width in enumerate(widths)
    ]
    for column, layer in enumerate(layers):
        ends = [[start, end] for start in places[column] for end in places[column + 1]]
        sizes = np.abs(layer.weight).ravel() / scale
        order = np.argsort(sizes)  # the strong ones on top
        lines = LineCollection(
            [ends[i] for i in order],
            array=layer.weight.ravel()[order],
            cmap=BLUE_TO_ORANGE,
            norm=Normalize(-scale, scale),
            linewidths=0.3 + 5.0 * sizes[order],
            capstyle="round",
            zorder=1,
        )
        axes.add_collection(lines)
    units = [place for layer_places in places for place in layer_places]
    axes.scatter(*zip(*units, strict=True), s=230, color="white", edgecolors=COLORS["black"], zorder=2)
    for row, place in enumerate(places[0], 1):
        axes.annotate(f"$x_{row}$", place, ha="center", va="center", zorder=3)
    axes.annotate("$ŷ$", places[-1][0], ha="center", va="center", zorder=3)
    for column, width in enumerate(widths):
        kind = "inputs" if column == 0 else "sigmoid" if column == len(layers) else "ReLU"
        axes.text(column, -max(widths) / 2 - 0.35, f"{width}\n{kind}", ha="center", va="center", fontsize=9)
    axes.set(xlim=(-0.4, len(layers) + 0.4), ylim=(-max(widths) / 2 - 0.9, max(widths) / 2))
    axes.set_title(title)
    axes.axis("off")


@dataclass(frozen=True)
class Plane:
    """A grid over the part of the plane where the points lie, fine enough to draw on."""

    columns: Array
    rows: Array

    @classmethod
    def around(cls, points: Array, steps: int = 110, margin: float = 0.25) -> Plane:
        low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
        return cls(np.linspace(low[0], high[0], steps), np.linspace(low[1], high[1], steps))

    def answers(self, network: Network) -> Array:
        """The network's probability of class 1 at every place of the grid, ``(rows, columns)``."""
        places = np.stack(np.meshgrid(self.columns, self.rows), axis=-1).reshape(-1, 2)
        return network.predict(places, batch_size=len(places)).reshape(len(self.rows), len(self.columns))

    def draw(self, axes: Axes, answers: Array) -> None:
        """Colour the plane by the answers; the black line is where the network cannot decide."""
        area = axes.contourf(
            self.columns, self.rows, answers, levels=np.linspace(0, 1, 11), cmap=BLUE_TO_ORANGE, alpha=0.5
        )
        axes.figure.colorbar(area, ax=axes, label="probability of orange", ticks=[0, 0.5, 1], shrink=0.5)
        if answers.min() < 0.5 < answers.max():
            axes.contour(
                self.columns, self.rows, answers, levels=[0.5], colors=COLORS["black"], linewidths=1.4
            )
        axes.set(xlim=self.columns[[0, -1]], ylim=self.rows[[0, -1]], xlabel="$x_1$", ylabel="$x_2$")
        axes.set_aspect("equal")
        axes.grid(visible=False)


def draw_points(axes: Axes, inputs: Array, targets: Array, size: float = 10) -> None:
    """Points in the colour of their class; class 1 as triangles, for those who do not see the colours."""
    for label, (color, marker) in enumerate(zip(CLASS_COLORS, "o^", strict=True)):
        chosen = inputs[targets[:, 0] == label]
        axes.scatter(
            *chosen.T,
            s=size,
            color=color,
            marker=marker,
            edgecolors="white",
            linewidths=0.4,
            label=f"class {label}",
        )
    axes.set_aspect("equal")
