"""Gradient descent on a curve that can be drawn whole, and the bends that make a network more than a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from page.lesson import COLORS

from digitnet.nn import SGD, Activation, LeakyReLU, ReLU, Sigmoid, Tanh

Array = NDArray[np.float64]

#: The activations, with what their formulas are and how steep they get.
ACTIVATIONS: dict[str, tuple[Activation, str]] = {
    "sigmoid": (Sigmoid(), "1 / (1 + e⁻ᶻ)"),
    "tanh": (Tanh(), "(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)"),
    "ReLU": (ReLU(), "max(z, 0)"),
    "leaky ReLU": (LeakyReLU(slope=0.1), "max(z, 0.1 z)"),
}


def curve(w: Array | float) -> Array | float:
    """A cost with two valleys, the left one deeper: ``w⁴/4 − w² + 0.3 w``."""
    return 0.25 * w**4 - w**2 + 0.3 * w


def slope(w: Array | float) -> Array | float:
    """Its derivative: ``w³ − 2 w + 0.3``."""
    return w**3 - 2.0 * w + 0.3


def slide(start: float, rate: float, steps: int) -> list[float]:
    """Go down the curve with the library's own optimiser: one parameter, one gradient."""
    parameters, gradients = np.array([start]), np.zeros(1)
    optimizer = SGD()
    optimizer.bind(parameters, gradients, weight_count=1)
    places = [start]
    for _ in range(steps):
        gradients[...] = slope(parameters)
        optimizer.step(rate)
        places.append(float(parameters[0]))
    return places


def bend(activation: Activation, z: Array) -> tuple[Array, Array]:
    """g(z) and g'(z): a pass forwards, and a pass backwards of an error signal of one."""
    values = activation.forward(z.reshape(1, -1), training=True)
    slopes = activation.backward(np.ones((1, z.size)))
    return values.ravel().copy(), slopes.ravel().copy()


def draw_activations(figure: Figure) -> None:
    """Four activations, each with its derivative."""
    z = np.linspace(-4, 4, 401)
    panes = figure.subplots(1, 4, sharey=True)
    for axes, (name, (activation, formula)) in zip(panes, ACTIVATIONS.items(), strict=True):
        values, slopes = bend(activation, z)
        axes.axhline(0, color=COLORS["grey"], linewidth=0.6)
        axes.plot(z, values, color=COLORS["blue"], linewidth=2, label="g(z)")
        axes.plot(z, slopes, color=COLORS["orange"], linewidth=1.6, linestyle="--", label="g′(z)")
        axes.set_title(f"{name}\n{formula}", fontsize=10)
        axes.set(xlabel="z", ylim=(-1.2, 2.2))
    panes[0].legend(loc="upper left")


def draw_tangents(figure: Figure, places: Sequence[float]) -> None:
    """Each step on the curve: where it stands, the tangent it feels, where that sends it."""
    axes = figure.subplots()
    _draw_curve(axes)
    for w, then in pairwise(places[:4]):
        reach = np.array([w - 0.3, w + 0.1])
        axes.plot(reach, curve(w) + slope(w) * (reach - w), color=COLORS["green"], linewidth=1.6)
        axes.annotate(
            "",
            (then, curve(w)),
            (w, curve(w)),
            arrowprops={"arrowstyle": "->", "color": COLORS["orange"], "linewidth": 1.4},
        )
        axes.plot([then, then], [curve(w), curve(then)], ":", color=COLORS["orange"], linewidth=1)
    axes.plot(places, [curve(w) for w in places], "o", color=COLORS["black"], markersize=5, zorder=3)
    axes.plot([], [], color=COLORS["green"], label="tangent: the gradient at w")
    axes.plot([], [], color=COLORS["orange"], label="step: −α · gradient")
    axes.legend(loc="upper center")


def draw_rates(figure: Figure, slides: Mapping[float, Sequence[float]], names: Sequence[str]) -> None:
    """The same start with three learning rates."""
    panes = figure.subplots(1, 3, sharey=True)
    for axes, (rate, places), name in zip(panes, slides.items(), names, strict=True):
        _draw_curve(axes)
        axes.plot(
            places, [curve(w) for w in places], "o-", color=COLORS["orange"], markersize=4, linewidth=0.8
        )
        axes.plot(places[0], curve(places[0]), "o", color=COLORS["black"], markersize=7, label="start")
        axes.plot(places[-1], curve(places[-1]), "s", color=COLORS["green"], markersize=8, label="end")
        axes.set_title(f"{name}: α = {rate:g}", fontsize=11)
    panes[0].legend(loc="upper center")
    for axes in panes[1:]:
        axes.set_ylabel("")


def _draw_curve(axes: Axes) -> None:
    w = np.linspace(-2.2, 2.2, 300)
    axes.plot(w, curve(w), color=COLORS["blue"], alpha=0.6, linewidth=2)
    axes.set(xlabel="w", ylabel="cost J(w)", ylim=(-1.6, 1.6))
