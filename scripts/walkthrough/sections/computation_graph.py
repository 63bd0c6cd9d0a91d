"""A logistic unit as a graph of small operations: values flow to the right, derivatives back to the left."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure
from page.lesson import COLORS

#: Of the central differences: the error of rounding and that of the formula are about equal here.
WIDTH = 1e-5

Values = dict[str, float]

#: Each operation of the graph, in order, as a function of values that are known by then.
OPERATIONS: dict[str, Callable[[Mapping[str, float]], float]] = {
    "u1": lambda v: v["w1"] * v["x1"],
    "u2": lambda v: v["w2"] * v["x2"],
    "z": lambda v: v["u1"] + v["u2"] + v["b"],
    "a": lambda v: 1.0 / (1.0 + math.exp(-v["z"])),
    "L": lambda v: -(v["y"] * math.log(v["a"]) + (1.0 - v["y"]) * math.log(1.0 - v["a"])),
}


def forwards(given: Mapping[str, float], override: Mapping[str, float] | None = None) -> Values:
    """All values of the graph from x1, x2, y, w1, w2 and b, in the order in which they are computed.

    Args:
        override: values that are not computed but set: what would happen if ``a`` were 0.5?
    """
    override = override or {}
    values = {**given, **{name: value for name, value in override.items() if name in given}}
    for name, operation in OPERATIONS.items():
        values[name] = override.get(name, operation(values))
    return values


@dataclass(frozen=True)
class Partial:
    """One step of the chain rule.

    Attributes:
        name: the variable v of ∂L/∂v.
        local: ∂(next)/∂v as a formula; ``chain``: how it meets the derivative that is known already.
        value: by the chain rule; ``difference``: by moving v a little both ways.
    """

    name: str
    chain: str
    formula: str
    value: float
    difference: float


def backwards(values: Mapping[str, float]) -> list[Partial]:
    """∂L/∂v for every v of the graph, from the right to the left, each from the one before it."""
    x1, x2, y, a = (values[name] for name in ("x1", "x2", "y", "a"))
    grad = {"a": -y / a + (1.0 - y) / (1.0 - a)}
    grad["z"] = grad["a"] * a * (1.0 - a)
    grad["b"] = grad["u1"] = grad["u2"] = grad["z"]
    grad["w1"], grad["w2"] = grad["u1"] * x1, grad["u2"] * x2
    steps = [
        ("a", "dL/da", "−y/a + (1−y)/(1−a)"),
        ("z", "dL/da · da/dz", "dL/da · a(1−a) = a − y"),
        ("b", "dL/dz · dz/db", "dL/dz · 1"),
        ("u1", "dL/dz · dz/du1", "dL/dz · 1"),
        ("u2", "dL/dz · dz/du2", "dL/dz · 1"),
        ("w1", "dL/du1 · du1/dw1", "dL/du1 · x1"),
        ("w2", "dL/du2 · du2/dw2", "dL/du2 · x2"),
    ]
    return [
        Partial(name, chain, formula, grad[name], central_difference(values, name))
        for name, chain, formula in steps
    ]


def central_difference(values: Mapping[str, float], name: str) -> float:
    """``(L(v + h) − L(v − h)) / 2h``, everything behind v computed anew; h is relative to v."""
    given = {key: value for key, value in values.items() if key not in OPERATIONS}
    width = WIDTH * abs(values[name])
    above = forwards(given, {name: values[name] + width})["L"]
    below = forwards(given, {name: values[name] - width})["L"]
    return (above - below) / (2.0 * width)


#: Where each node stands, and what is written in it.
NODES = {
    "x1": (0, 4, "$x_1$"),
    "w1": (0, 3, "$w_1$"),
    "x2": (0, 2, "$x_2$"),
    "w2": (0, 1, "$w_2$"),
    "b": (0, 0, "$b$"),
    "u1": (1.5, 3.5, "×"),
    "u2": (1.5, 1.5, "×"),
    "z": (3.1, 2, "+"),
    "a": (4.6, 2, "σ"),
    "L": (6.1, 2, "L"),
    "y": (4.6, 0.4, "$y$"),
}
EDGES = ("x1 u1", "w1 u1", "x2 u2", "w2 u2", "u1 z", "u2 z", "b z", "z a", "a L", "y L")


def draw_graph(figure: Figure, values: Mapping[str, float], partials: list[Partial]) -> None:
    """The graph with the value over each edge and the derivative of L by that value under it."""
    gradients = {partial.name: partial.value for partial in partials}
    axes = figure.subplots()
    for edge in EDGES:
        start, end = edge.split()
        (x0, y0, _), (x1, y1, _) = NODES[start], NODES[end]
        axes.annotate(
            "",
            (x1, y1),
            (x0, y0),
            arrowprops={"arrowstyle": "-|>", "color": COLORS["grey"], "shrinkA": 15, "shrinkB": 16},
        )
        # The long edge of the bias comes near that of u2 where they end.
        share = {"b": 0.3, "u2": 0.38}.get(start, 0.5)
        at = (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
        label = {"ha": "center", "fontsize": 9.5, "linespacing": 1.1}
        box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        axes.text(*at, f"{values[start]:.4g}", color=COLORS["blue"], va="bottom", bbox=box, **label)
        if start in gradients:
            axes.text(
                at[0],
                at[1] - 0.06,
                f"{gradients[start]:.4g}",
                color=COLORS["orange"],
                va="top",
                bbox=box,
                **label,
            )
    for name, (x, y, text) in NODES.items():
        operation = name in OPERATIONS
        axes.scatter(
            x,
            y,
            s=620,
            marker="o" if operation else "s",
            color="#eeeeee" if operation else "white",
            edgecolors=COLORS["black"],
            linewidths=1.0,
            zorder=3,
        )
        axes.text(x, y, text, ha="center", va="center", fontsize=12, zorder=4)
    axes.annotate(
        f"L = {values['L']:.4f}", (6.35, 2), ha="left", va="center", fontsize=11, color=COLORS["blue"]
    )
    axes.text(3.1, 4.2, "value, computed to the right", color=COLORS["blue"], fontsize=11)
    axes.text(3.1, 3.85, "∂L/∂value, computed back to the left", color=COLORS["orange"], fontsize=11)
    axes.set(xlim=(-0.35, 7.3), ylim=(-0.4, 4.5))
    axes.axis("off")
