"""The pictures of the lesson on neurons by hand: a circuit with its slopes, losses, regions of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from page.lesson import BLUE_TO_ORANGE, CLASS_COLORS, COLORS

from sections.neurons_by_hand_people import FEMALE, PEOPLE, SOMEBODY, Array, Course

REGION = (2.0, 26.0, 2.0, 28.0)


def draw_circuit(figure: Figure, x: Array, hidden: Array, output: float, gradients: Array) -> None:
    """Units with what they say, connections with how fast the loss grows with their weight."""
    axes = figure.subplots()
    places = {"x₁": (0, 1), "x₂": (0, 0), "h₁": (1.5, 1), "h₂": (1.5, 0), "ŷ": (3, 0.5), "L": (4.1, 0.5)}
    values = [*x, *hidden, output, (1 - output) ** 2]
    lines = [("x₁", "h₁"), ("x₁", "h₂"), ("x₂", "h₁"), ("x₂", "h₂"), ("h₁", "ŷ"), ("h₂", "ŷ")]
    for (start, end), slope in zip(lines, gradients, strict=False):
        (x0, y0), (x1, y1) = places[start], places[end]
        axes.plot([x0, x1], [y0, y1], color=COLORS["grey"], linewidth=1 + 20 * abs(slope), zorder=1)
        # Off the middle, where the two crossing lines would hide each other's numbers.
        share = 0.5 if y0 == y1 or start.startswith("h") else 0.27
        place = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        text = f"{slope:+.4f}".replace("-", "−")
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.text(*place, text, color=COLORS["orange"], ha="center", va="center", bbox=box)
    axes.plot([3, 4.1], [0.5, 0.5], color=COLORS["grey"], linewidth=1, linestyle=":", zorder=1)
    for (name, place), value in zip(places.items(), values, strict=True):
        axes.scatter(*place, s=2400, color="white", edgecolors=COLORS["blue"], linewidths=1.5, zorder=2)
        number = f"{value:.4g}".replace("-", "−")
        axes.text(*place, f"{name}\n{number}", ha="center", va="center", zorder=3)
    axes.text(0.75, 1.32, "∂L/∂w of the hidden weights", color=COLORS["orange"], ha="center")
    axes.text(2.5, 1.32, "… of the output's weights", color=COLORS["orange"], ha="center")
    axes.set(xlim=(-0.4, 4.5), ylim=(-0.4, 1.5))
    axes.set_axis_off()


def draw_differences(figure: Figure, loss: Callable[[float], float], slope: float) -> None:
    """L against w₁ with a tangent and a secant, and the error of difference quotients against h."""
    curve, error = figure.subplots(1, 2)
    w = np.linspace(-2, 4, 200)
    curve.plot(w, [loss(value) for value in w], color=COLORS["grey"])
    curve.plot(w, loss(1.0) + slope * (w - 1), color=COLORS["blue"], label="tangent at w₁ = 1")
    ends = np.array([-1.0, 3.0])
    label = "central difference, h = 2"
    curve.plot(ends, [loss(end) for end in ends], "o--", color=COLORS["orange"], label=label)
    curve.set(xlabel="w₁", ylabel="loss L", title="The slope at w₁ = 1")
    curve.legend(loc="lower right", fontsize=9)
    steps = np.logspace(-13, 0, 53)
    central = [abs((loss(1 + h) - loss(1 - h)) / (2 * h) - slope) for h in steps]
    forward = [abs((loss(1 + h) - loss(1.0)) / h - slope) for h in steps]
    error.loglog(steps, forward, color=COLORS["grey"], label="(L(θ + h) − L(θ)) / h")
    error.loglog(steps, central, color=COLORS["orange"], label="(L(θ + h) − L(θ − h)) / 2h")
    error.set(xlabel="h", ylabel="distance from the derivative", title="How good is the difference?")
    error.legend(loc="upper center", fontsize=9)


def draw_losses(figure: Figure, losses: Mapping[int, float]) -> None:
    """The loss against the epoch on linear and on logarithmic axes."""
    for axes, scale in zip(figure.subplots(1, 2), ("linear", "log"), strict=True):
        epochs = [epoch for epoch in losses if epoch or scale == "linear"]
        axes.plot(epochs, [losses[epoch] for epoch in epochs], color=COLORS["blue"])
        axes.set(xscale=scale, yscale=scale, xlabel="epoch", ylabel="mean squared error")
        axes.set_title("Linear axes" if scale == "linear" else "Logarithmic axes")


def draw_seeds(
    figure: Figure, raw: Sequence[Mapping[int, float]], centred: Sequence[Mapping[int, float]]
) -> None:
    """The losses of several starts, with the inputs as given and centred."""
    panels = figure.subplots(1, 2, sharey=True)
    for axes, runs, title in zip(panels, (raw, centred), ("As given", "Centred"), strict=True):
        for losses in runs:
            stuck = list(losses.values())[-1] > 0.1
            color = COLORS["orange"] if stuck else COLORS["blue"]
            axes.loglog([e for e in losses if e], [v for e, v in losses.items() if e], color=color, alpha=0.8)
        axes.set(xlabel="epoch", title=title)
    panels[0].set_ylabel("mean squared error")
    panels[0].plot([], [], color=COLORS["blue"], label="learns")
    panels[0].plot([], [], color=COLORS["orange"], label="still on the plateau")
    panels[0].legend(loc="lower left")


def draw_regions(figure: Figure, course: Course, others: Sequence[Course]) -> None:
    """The answers of one network, the borders of others, and the one who is new."""
    axes = figure.subplots()
    surface = _draw_answers(axes, course)
    for other in others:
        _draw_border(axes, other, color=COLORS["black"], linewidths=0.6)
    axes.plot(*SOMEBODY[0], "*", color=COLORS["yellow"], markersize=18, markeredgecolor=COLORS["black"])
    figure.colorbar(surface, ax=axes, label="answer: how likely a woman", ticks=[0, 0.5, 1])


def frames(course: Course) -> Iterator[Callable[[Figure], None]]:
    """The answers and the loss at some moments of the training."""
    moments = [10 * round(epoch / 10) for epoch in np.geomspace(10, max(course.losses), 30)]
    epochs = list(dict.fromkeys([0, *moments]))

    def frame(epoch: int) -> Callable[[Figure], None]:
        def draw(figure: Figure) -> None:
            answers, loss = figure.subplots(1, 2, width_ratios=[1.2, 1])
            final = course.network.parameters.copy()
            course.network.parameters[...] = course.snapshots[epoch]
            _draw_answers(answers, course)
            course.network.parameters[...] = final
            answers.set_title(f"Epoch {epoch:,}")
            shown = {e: value for e, value in course.losses.items() if e}
            loss.loglog(list(shown), list(shown.values()), color=COLORS["grey"])
            loss.plot(max(epoch, 10), course.losses[max(epoch, 10)], "o", color=COLORS["orange"])
            loss.set(xlabel="epoch", title="Mean squared error")
            loss.minorticks_off()

        return draw

    yield from map(frame, epochs)


def _draw_answers(axes: Axes, course: Course) -> object:
    """Answers as colours, the border as a line, the sixteen as points."""
    _, _, answers = _answers(course)
    style = {"origin": "lower", "aspect": "auto", "interpolation": "bilinear", "alpha": 0.75}
    surface = axes.imshow(answers, extent=REGION, cmap=BLUE_TO_ORANGE, vmin=0, vmax=1, **style)
    _draw_border(axes, course, color=COLORS["black"], linewidths=1.8)
    for value, marker, name in ((1.0, "o", "women"), (0.0, "s", "men")):
        chosen = PEOPLE[FEMALE[:, 0] == value]
        color = CLASS_COLORS[int(value)]
        axes.plot(*chosen.T, marker, color=color, markeredgecolor="white", markersize=8, label=name)
    axes.set(xlim=REGION[:2], ylim=REGION[2:], xlabel="height − 150 cm", ylabel="weight − 50 kg")
    axes.grid(visible=False)
    axes.legend(loc="upper left", frameon=True)
    return surface


def _draw_border(axes: Axes, course: Course, *, color: str, linewidths: float) -> None:
    x, y, answers = _answers(course)
    if answers.min() < 0.5 < answers.max():
        axes.contour(x, y, answers, [0.5], colors=color, linewidths=linewidths)


def _answers(course: Course) -> tuple[Array, Array, Array]:
    x, y = np.meshgrid(np.linspace(*REGION[:2], 61), np.linspace(*REGION[2:], 61))
    return x, y, course.answers(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
