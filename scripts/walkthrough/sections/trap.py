"""The part of lesson 4 about a start that looks harmless and leads nowhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from page.lesson import COLORS, Lesson

from digitnet.nn.initializers import Initializer, he_normal, normal
from sections.matrix_maths import SignalSizes, signal_sizes
from sections.plane import NARROW, WIDE, Points, accuracy, build, trained

SMALL = normal(0.1)
#: Of the initial weights, in all runs of this section.
SEED = 5


@dataclass(frozen=True)
class Run:
    """A training of the trap: what it was, its last cost and its accuracies."""

    name: str
    rate: float
    steps: int
    loss: float
    training_accuracy: float
    accuracy: float


@dataclass(frozen=True)
class Trap:
    """What the section finds: five trainings, and the sizes of signals in three untrained networks.

    Attributes:
        stuck, wide, he: with rate 0.01; ``wide`` has the same small weights as ``stuck``, ``he`` its widths.
        stuck_faster, stuck_fastest: like ``stuck``, with larger rates.
        sizes: by network.
    """

    stuck: Run
    wide: Run
    he: Run
    stuck_faster: Run
    stuck_fastest: Run
    sizes: dict[str, SignalSizes]


def show_trap(lesson: Lesson, points: Points, rate: float, steps: int) -> Trap:
    """Small weights in a narrow network, in a wide one, and weights of the right size."""
    lesson.section(
        "The trap: weights that start too small",
        """
        Draw the first weights as 0.1 times a normal number, which looks harmless, take plain gradient descent
        with rate 0.01, and wait for 10,000 steps. The points and the recipe are the same in the first three
        rows; first the widths differ, then the initialisation. In the last two rows the stuck network
        gets the rate that was chosen above, and one beyond it.
        """,
    )
    narrow, wide = "-".join(map(str, NARROW)), "-".join(map(str, WIDE))
    trap = Trap(
        stuck=_run(points, f"narrow {narrow}, 0.1·randn", NARROW, SMALL, 0.01, 10_000),
        wide=_run(points, f"wide {wide}, 0.1·randn", WIDE, SMALL, 0.01, 10_000),
        he=_run(points, f"narrow {narrow}, He", NARROW, he_normal, 0.01, 10_000),
        stuck_faster=_run(points, f"narrow {narrow}, 0.1·randn", NARROW, SMALL, rate, steps),
        stuck_fastest=_run(points, f"narrow {narrow}, 0.1·randn", NARROW, SMALL, 1.0, 5 * steps),
        sizes=_sizes(points),
    )
    lesson.table(
        ["network and first weights", "rate", "steps", "cost", "training accuracy", "held-out accuracy"],
        [
            [
                run.name,
                run.rate,
                run.steps,
                f"{run.loss:.4f}",
                f"{run.training_accuracy:.3f}",
                f"{run.accuracy:.2f}",
            ]
            for run in (trap.stuck, trap.wide, trap.he, trap.stuck_faster, trap.stuck_fastest)
        ],
    )
    lesson.say(
        f"A cost of log 2 = {math.log(2):.4f} is that of somebody who answers one half to every question."
    )
    _show_sizes(lesson, trap.sizes)
    return trap


def _sizes(points: Points) -> dict[str, SignalSizes]:
    networks = {
        "narrow, 0.1·randn": build(NARROW, SEED, SMALL),
        "wide, 0.1·randn": build(WIDE, SEED, SMALL),
        "narrow, He": build(NARROW, SEED),
    }
    return {name: signal_sizes(network, points.inputs, points.targets) for name, network in networks.items()}


def _run(
    points: Points,
    name: str,
    widths: Sequence[int],
    initializer: Initializer,
    rate: float,
    steps: int,
) -> Run:
    # float32 takes half the time, and nothing here depends on the last digits.
    start = trained(
        widths,
        SEED,
        points.inputs,
        points.targets,
        rate=rate,
        steps=steps,
        initializer=initializer,
        dtype=np.float32,
    )
    share = accuracy(start.network, points.test_inputs, points.test_targets)
    return Run(name, rate, steps, start.loss, start.accuracies[-1], share)


def _show_sizes(lesson: Lesson, sizes: dict[str, SignalSizes]) -> None:
    lesson.section(
        "Why: the signal dies on its way",
        """
        Take a unit with n inputs and weights of variance s². If the inputs have mean square q, the sum has
        variance n·s²·q; a ReLU lets half of that through. So each layer multiplies the mean square by::

            n·s² / 2        and the signal itself by  √(n·s² / 2)

        With s = 0.1 that is about 0.14 in the narrow network where n = 4 and 0.17 where n = 6: each layer
        lets a sixth through, and backwards it is the same once more. In the wide network, with n = 25 and 50,
        the factor is 0.35 and 0.5. That hurts as well, but it can be waited out. He's initialisation takes
        s² = 2/n, so that the factor is 1, whatever the width.

        The gradient of a layer's weights is what came into the layer times the error signal from above. In
        the narrow network both have shrunk, and a small share of nearly nothing is nothing: all that learns
        is the last bias, which answers one half.
        """,
    )
    lesson.table(
        ["before training", "", *(f"layer {number}" for number in range(1, 6))],
        [
            [name, what, *(f"{value:.1e}" for value in values)]
            for name, size in sizes.items()
            for what, values in (("output", size.outputs), ("gradient", size.gradients))
        ],
    )
    with lesson.picture(
        "trap",
        "Before the first step. Left: how large the outputs of each hidden layer are. Right: how large the "
        "gradient of each layer's weights is. Mind the logarithmic axes: the small weights of the narrow "
        "network leave it gradients about a thousand times smaller than He's do.",
        size=(9, 3.8),
    ) as figure:
        draw_sizes(figure, sizes)


def draw_sizes(figure: Figure, sizes: dict[str, SignalSizes]) -> None:
    """Outputs of the hidden layers and gradients of all layers, for several networks."""
    outputs, gradients = figure.subplots(1, 2)
    styles = zip((COLORS["orange"], COLORS["green"], COLORS["blue"]), "so^", ("-", "--", ":"), strict=True)
    for (name, size), (color, marker, line) in zip(sizes.items(), styles, strict=True):
        layers = range(1, len(size.gradients) + 1)
        style = {"color": color, "marker": marker, "linestyle": line, "label": name}
        outputs.semilogy(layers[:-1], size.outputs[:-1], **style)
        gradients.semilogy(layers, size.gradients, **style)
    outputs.set(title="Root mean square of the outputs", xlabel="hidden layer", xticks=layers[:-1])
    gradients.set(title="Norm of ∂L/∂W", xlabel="layer", xticks=layers)
    outputs.legend(loc="lower left")
