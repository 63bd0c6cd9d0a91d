"""One linear neuron: a machine with a single number learns to double.

The smallest network there is has one input, one weight and one output::

    ŷ = w · x

There is no bias and no bend in it: the output is the input, made larger or smaller. It is to learn a
rule from examples alone. We show it pairs such as (1, 2) and (2, 4), never the rule itself, and hope that
``w`` ends up at 2. All that it takes is here: a guess, a measure of how wrong the guess is, and a
way to make it a little less wrong. A network that reads handwriting does the same with hundreds of
thousands of weights.

**How wrong.** For m examples we take half the mean of the squared errors. It is zero if
every guess is right, and large errors weigh more than small ones::

    L(w) = 1/(2m) · Σ (y − w·x)²

**Less wrong.** The derivative says how ``L`` changes when ``w`` grows a little. The half is there to cancel
the 2 that the square brings down::

    dL/dw = −1/m · Σ x · (y − w·x)

If it is negative, a larger ``w`` is better, so we step against it. The learning rate α says how far::

    w  ←  w − α · dL/dw

In digitnet these are four objects: ``Dense(1, 1, use_bias=False)`` multiplies by the weight,
``MeanSquaredError(factor=0.5)`` is L and its derivative, ``SGD`` takes the step, ``Constant(0.03)`` is α.
A ``Trainer`` turns the handle. Shapes: inputs ``(m, 1)``, weight ``(1, 1)``, outputs ``(m, 1)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from page.lesson import Lesson, main
from sections.linear_neuron_pictures import Descent, draw_errors, draw_valleys, frames

from digitnet.data import Batches
from digitnet.nn import SGD, Constant, Dense, MeanSquaredError, Network
from digitnet.training import Trainer

Pairs = Sequence[tuple[float, float]]
ONE: Pairs = [(1, 2)]
FOUR: Pairs = [(1, 2), (2, 4), (3, 6), (4, 8)]
LEARNING_RATE = 0.03


@dataclass(frozen=True)
class Training:
    """A training run: ``weights[k]`` and the first example's error ``errors[k]`` before step k + 1."""

    network: Network
    weights: list[float]
    errors: list[float]


@dataclass(frozen=True)
class Figures:
    """What the lesson finds: both runs, the factors of their errors in a step, and the answer for x = 5."""

    one: Training
    four: Training
    factors: dict[str, tuple[float, float]]
    answer: float


def train(pairs: Pairs, iterations: int, learning_rate: float = LEARNING_RATE) -> Training:
    """Let a neuron that starts at w = 0 see all pairs in every step; the last weight is the result."""
    inputs, targets = (np.array(column, float).reshape(-1, 1) for column in zip(*pairs, strict=True))
    network = Network([Dense(1, 1, use_bias=False)], rng=None, dtype=np.float64)  # no rng: w starts at 0
    batches = Batches(inputs, targets, batch_size=len(pairs), seed=0, shuffle=False, dtype=np.float64)
    trainer = Trainer(network, MeanSquaredError(factor=0.5), SGD(), Constant(learning_rate), batches)
    weights, errors = [], []
    for _ in range(iterations):
        weights.append(network.parameters.item())
        errors.append((targets - network.predict(inputs))[0].item())
        trainer.step(inputs, targets)
    return Training(network, [*weights, network.parameters.item()], errors)


def mean_square(pairs: Pairs) -> float:
    """The mean of x² over the examples: how steep the valley of the loss is."""
    return float(np.mean([x**2 for x, _ in pairs]))


def run(lesson: Lesson) -> Figures:
    """The lesson, from the first step to the question what twice 5 is."""
    lesson.section(
        "One example, thirty steps",
        """
        The neuron knows nothing: w = 0, so it answers 0 where 2 is wanted, and the error is 2. The gradient
        is −1 · 2 = −2, so w grows by 0.03 · 2 = 0.06. The next error is smaller, hence the next step is too:
        gradient descent slows down by itself as it comes near.
        """,
    )
    one = train(ONE, 30)
    lesson.table(["iteration", "w", "error y − ŷ", "dL/dw"], _rows(one, [0, 1, 2, 3, 28, 29]))
    lesson.say(f"After 30 steps w = {one.weights[-1]:.8f}: on its way to 2, but far from there.")

    lesson.section(
        "Four examples, a hundred steps",
        """
        The same neuron, the same learning rate, but each step now looks at (1, 2), (2, 4), (3, 6) and (4, 8)
        and follows their mean gradient. The error shown is still that of the first example.
        """,
    )
    four = train(FOUR, 100)
    lesson.table(["iteration", "w", "error y − ŷ"], [row[:3] for row in _rows(four, [0, 1, 2, 20, 50, 99])])
    passed = next(step for step, w in enumerate(four.weights) if w > one.weights[-1])
    lesson.say(
        f"After 100 steps w = {four.weights[-1]:.12f}; it passed the first run's result in step {passed}."
    )
    with lesson.picture(
        "errors",
        "The error against the iteration. On the left training seems to come to a stop; the logarithmic axis "
        "on the right shows that it never does: each step takes away the same share of what is left.",
    ) as figure:
        draw_errors(figure, one.errors, four.errors)
    lesson.animation(
        "training",
        "Thirty steps of both neurons. Left: the line ŷ = w·x turns towards the examples. Right: each "
        "neuron's loss, and the weight rolling down into the valley at w = 2.",
        frames(
            Descent("one example", mean_square(ONE), one.weights),
            Descent("four examples", mean_square(FOUR), four.weights),
        ),
        size=(8, 4),
    )

    lesson.section(
        "Why the second run is faster",
        """
        Every example obeys y = 2x, so its error is x · (2 − w). Put that into the gradient and the step
        becomes a rule for the distance to the goal alone::

            dL/dw      = −mean(x²) · (2 − w)
            2 − w_new  = (1 − α · mean(x²)) · (2 − w)

        The distance, and with it each error, is multiplied by the same factor in every step. That is the
        straight line on the logarithmic axis. For one example the factor is 1 − 0.03 · 1 = 0.97; for the
        four, whose mean square is (1 + 4 + 9 + 16) / 4 = 7.5, it is 1 − 0.03 · 7.5 = 0.775.

        More data made training faster, then; but look at the formula once more. The number of examples is not
        in it. Four copies of (1, 2) are no faster than one, and (4, 8) alone beats all four: the new
        examples helped because their inputs are large, which makes the valley of the loss steep. (Real data
        is noisy, and there the number itself helps: errors that point in all directions cancel.)
        """,
    )
    factors = _compare(lesson)

    lesson.section(
        "The valley, and how to fall out of it",
        """
        L(w) = ½ · mean(x²) · (w − 2)² is a parabola. The formula for the factor also says how large a
        learning rate may be. Above α = 1 / mean(x²) the factor is negative: each step lands on the other side
        of the valley. Above 2 / mean(x²) it is below −1: each step lands higher than it started, and training
        explodes. For the four examples that limit is 2 / 7.5 ≈ 0.267.
        """,
    )
    cases = [("one example", ONE, 0.03), *(("four examples", FOUR, rate) for rate in (0.03, 0.25, 0.28))]
    with lesson.picture(
        "valley",
        "Ten steps down the loss, for two data sets and three learning rates: too timid, about right, wild "
        "but still arriving, and wilder with every step.",
        size=(8, 6.4),
    ) as figure:
        draw_valleys(figure, [_descent(*case) for case in cases])

    lesson.section(
        "The question: what is twice 5?",
        """
        Five was in neither set of examples. A neuron that has found the rule does not mind. One that has
        only come part of the way is wrong by the same share of every x.
        """,
    )
    questions = np.array([[5.0], [0.5], [-3.0], [1000.0]])
    answers = zip(questions, one.network.predict(questions), four.network.predict(questions), strict=True)
    header = ["x", "one example, 30 steps", "four examples, 100 steps"]
    lesson.table(header, [[x.item(), f"{a.item():.6f}", f"{b.item():.6f}"] for x, a, b in answers])

    lesson.section(
        "What to try next",
        """
        - Change 0.03 to 0.13, nearly 1 / mean(x²): how many steps does the second run need, and why so few?
        - Add the pair (1, 3), which contradicts (1, 2). Where does ``w`` come to rest, and what is left of L?
        - Ask for y = 2x + 1. The neuron cannot give it: let ``Dense`` keep its bias, and it can.
        - No straight line is y = x². The bend that is missing comes with the next lesson.
        """,
    )
    return Figures(one, four, factors, four.network.predict(questions)[0].item())


def _rows(training: Training, iterations: list[int]) -> list[list[str]]:
    """Weight, error and gradient at some iterations; the gradient is what the step was made of."""
    return [
        [
            str(k),
            f"{training.weights[k]:.8f}",
            f"{training.errors[k]:.8g}",
            f"{(training.weights[k] - training.weights[k + 1]) / LEARNING_RATE:.6f}",
        ]
        for k in iterations
    ]


def _descent(name: str, pairs: Pairs, learning_rate: float) -> Descent:
    """Ten steps, with the factor of the error in the title."""
    factor = f"{1 - learning_rate * mean_square(pairs):.3g}".replace("-", "−")
    title = f"{name.capitalize()}, α = {learning_rate}: error × {factor}"
    return Descent(title, mean_square(pairs), train(pairs, 10, learning_rate).weights)


def _compare(lesson: Lesson) -> dict[str, tuple[float, float]]:
    """The factor of the error in a step, calculated and measured, for four sets of examples."""
    sets = {"(1, 2)": ONE, "(1, 2) four times": [*ONE] * 4, "the four pairs": FOUR, "(4, 8) alone": [(4, 8)]}
    factors, rows = {}, []
    for name, pairs in sets.items():
        errors = train(pairs, 2).errors
        calculated, measured = 1 - LEARNING_RATE * mean_square(pairs), errors[1] / errors[0]
        factors[name] = calculated, measured
        steps = math.log(10) / -math.log(calculated)
        rows.append([name, mean_square(pairs), f"{calculated:.6f}", f"{measured:.6f}", f"{steps:.1f}"])
    header = ["examples", "mean(x²)", "1 − α·mean(x²)", "factor measured", "steps to a tenth of the error"]
    lesson.table(header, rows)
    return factors


if __name__ == "__main__":
    main(run, __doc__)
