"""A deep network and its mathematics: bending a line around two rings and two moons.

One unit adds up its weighted inputs and asks whether the sum is above zero. In the plane that question is a
straight line: one class on this side, the other class on that. Here are points for which no line will do.
A ring lies within a ring; one moon reaches into the other. The answer is to put units after units: each
layer folds the plane a little, until in the last layer one straight cut is enough.

The network of this lesson is small enough to see all of it::

    2 inputs → 4 → 6 → 6 → 4 → 1        five dense layers, 117 numbers to learn

**Forwards.** Layer l takes the outputs A of the layer before it, adds them up with its weights, and bends the
sums. The rows of A are samples, its columns are units::

    Z[l] = A[l−1] · W[l] + b[l]    (m, n[l]) = (m, n[l−1]) · (n[l−1], n[l]) + (n[l],)
    A[l] = g(Z[l])                 g = ReLU in the hidden layers, sigmoid at the end

(Many textbooks make each sample a column and write ``W·A``. It is the same product, transposed.)

**How wrong.** The last output ŷ is a probability. The cost is the mean surprise at the truth::

    L = −1/m · Σ [ y · log ŷ + (1 − y) · log(1 − ŷ) ]

**Backwards.** Call Δ the derivative of L by Z. At the end the slope of the cost, (ŷ − y) / (ŷ·(1 − ŷ)),
meets that of the sigmoid, ŷ·(1 − ŷ); they cancel, and what is left is as simple as can be. From there each
layer hands Δ to the one before it; ⊙ multiplies number by number::

    Δ[last]  = (Ŷ − Y) / m                   (m, 1)
    ∂L/∂W[l] = A[l−1]ᵀ · Δ[l]                (n[l−1], n[l]) = (n[l−1], m) · (m, n[l])
    ∂L/∂b[l] = column sums of Δ[l]           (n[l],)
    Δ[l−1]   = (Δ[l] · W[l]ᵀ) ⊙ g′(Z[l−1])   (m, n[l−1]) = (m, n[l]) · (n[l], n[l−1])

**Downhill.** Gradient descent takes ``W ← W − α · ∂L/∂W`` with all points in every step. In digitnet:
``Dense``, ``ReLU``, ``Sigmoid``, ``BinaryCrossEntropy``, ``SGD``, and a ``Trainer`` that lets them play
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from page.lesson import Lesson, main
from sections.descent import draw_activations, draw_rates, draw_tangents, slide
from sections.network_drawing import draw_points
from sections.plane import Points, accuracy, moons, rings, trained
from sections.ten_starts import Outcome, choose, train
from sections.three_ways import Equality, show_maths
from sections.trap import Trap, show_trap
from sections.watching import show_ceiling, show_curves, show_learning, show_rates


@dataclass(frozen=True)
class Figures:
    """What the lesson finds.

    Attributes:
        rate, steps: chosen on the training points.
        fresh: the chosen network's accuracy on many fresh moons; ``ceiling``: that of the best rule there is.
    """

    equality: Equality
    rate: float
    steps: int
    rings: Outcome
    moons: Outcome
    fresh: float
    ceiling: float
    trap: Trap


def run(lesson: Lesson) -> Figures:
    """The lesson, from the points to the trap."""
    ring_points, moon_points = rings(), moons()
    lines = _show_points(lesson, [ring_points, moon_points])
    equality = show_maths(lesson, moon_points)
    _show_bends(lesson)
    _show_descent(lesson)
    rate, steps = choose(lesson, moon_points)
    ring, moon = train(lesson, lines, rate, steps)
    show_learning(lesson, ring)
    show_learning(lesson, moon)
    show_curves(lesson, [ring, moon])
    show_rates(lesson, moon, rate, steps)
    fresh, ceiling = show_ceiling(lesson, moon)
    trap = show_trap(lesson, moon_points, rate, steps)
    lesson.section(
        "What to try next",
        """
        - In ``plane.build``, put ``LeakyReLU(0.1)`` or ``Tanh()`` where ReLU stands. Do the bad starts get
          better?
        - Give the trap's optimiser a momentum, ``SGD(momentum=0.9)``, or the network a ``BatchNorm`` after
          each Dense layer. Which of the two gets it off its plateau?
        - How narrow can it be? Three units in a single hidden layer draw a triangle: is that enough for the
          rings, and for the moons?
        - Set ``MOON_NOISE`` to 0.1. What is the best rule worth then, and how near does the network come?
        """,
    )
    return Figures(equality, rate, steps, ring, moon, fresh, ceiling, trap)


def _show_points(lesson: Lesson, sets: Sequence[Points]) -> list[float]:
    lesson.section(
        "Points that no line separates",
        """
        Both sets have a thousand points, five hundred of each class. A tenth is held out: no decision in this
        lesson looks at it, it is only counted at the end. To see how far a line gets, one sigmoid unit is
        trained first.
        """,
    )
    shares = []
    for points in sets:
        unit = trained((2, 1), 0, points.inputs, points.targets, rate=1.0, steps=500).network
        shares.append(accuracy(unit, points.test_inputs, points.test_targets))
    lesson.table(
        ["points", "inputs", "targets", "held out", "one unit gets right"],
        [
            [points.name, points.inputs.shape, points.targets.shape, len(points.test_inputs), f"{share:.2f}"]
            for points, share in zip(sets, shares, strict=True)
        ],
    )
    with lesson.picture(
        "points", "The training points: two rings, two moons; try to draw a line.", (8, 4)
    ) as figure:
        for axes, points in zip(figure.subplots(1, 2), sets, strict=True):
            draw_points(axes, points.inputs, points.targets)
            axes.set(title=points.name.capitalize(), xlabel="$x_1$", ylabel="$x_2$")
        figure.legend(
            *figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, markerscale=2.5
        )
    return shares


def _show_bends(lesson: Lesson) -> None:
    lesson.section(
        "Why there is a bend in every layer",
        """
        Without g a deep network would be a shallow one: ``(X·W₁)·W₂ = X·(W₁·W₂)``, and the product of the two
        is one matrix, one layer, one line. Any bend will do, but the derivative of the bend is a factor in
        every backward pass, and there they differ. The sigmoid is never steeper than ¼, so five of them
        make the signal a thousand times smaller; tanh reaches 1, but only near zero; ReLU passes all or
        nothing, and a unit whose sums are all negative is dead; the leaky ReLU leaves it a way back.
        """,
    )
    with lesson.picture(
        "activations",
        "Four bends (solid) and their derivatives (dashed), as the library's layers give them forwards and "
        "backwards. Look at the derivatives far from zero.",
        size=(10, 3.4),
    ) as figure:
        draw_activations(figure)


def _show_descent(lesson: Lesson) -> None:
    lesson.section(
        "Downhill, in steps",
        """
        With one weight, the cost is a curve. The gradient knows only the tangent at the place where it
        stands, so the step −α·gradient trusts that tangent for a while: short steps are safe and slow, long
        ones leave the part of the curve that the tangent describes. Near the bottom of a valley with
        curvature c each step multiplies the distance by ``1 − α·c``; so a rate below 2/c comes to rest there,
        and one above it does not::

            J(w) = w⁴/4 − w² + 0.3·w     J′(w) = w³ − 2·w + 0.3     c = J″(w) = 3·w² − 2
        """,
    )
    with lesson.picture(
        "descent",
        "The first steps of gradient descent on a curve. They are long where it is steep and shrink by "
        "themselves as it flattens. It ends in the nearest valley; of the deeper one on the left it knows "
        "nothing.",
    ) as figure:
        draw_tangents(figure, slide(2.15, 0.06, 12))
    names = ("too small", "right", "too large")
    places = {rate: slide(-0.25, rate, 20) for rate in (0.005, 0.15, 0.65)}
    lesson.table(
        ["rate", "", "w after 1", "2", "3", "20 steps"],
        [
            [rate, name, *(f"{walk[k]:.4f}" for k in (1, 2, 3, 20))]
            for (rate, walk), name in zip(places.items(), names, strict=True)
        ],
    )
    bottom = places[0.15][-1]
    limit = 2.0 / (3.0 * bottom**2 - 2.0)
    lesson.say(f"The valley is at w = {bottom:.3f}; there, 2/c = {limit:.2f}.")
    with lesson.picture(
        "rates",
        "Twenty steps from the same place. Too small: it has hardly left. Right: it lies in the valley. Too "
        "large: it leaps over the valley, and back, and never rests.",
        size=(10, 3.6),
    ) as figure:
        draw_rates(figure, places, names)


if __name__ == "__main__":
    main(run, __doc__)
