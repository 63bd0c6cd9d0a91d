"""Neurons by hand: what one computes, what two layers compute, and how sixteen people teach them.

A neuron takes numbers in, multiplies each by a weight, adds a bias and bends the sum::

    output = σ(w · x + b)        σ(z) = 1 / (1 + e⁻ᶻ)

σ turns any number into one between 0 and 1: very negative sums become nearly 0, very positive ones
nearly 1, and 0 becomes ½. A weight says how much an input matters and in which direction, and
the bias how easily the neuron says yes.

A network is neurons that listen to neurons. Ours has two inputs, two hidden neurons ``h₁`` and
``h₂``, and one output neuron, so nine numbers to learn: six weights, three biases. In digitnet
that is ``Dense(2, 2)``, ``Sigmoid()``, ``Dense(2, 1)``, ``Sigmoid()``. A column of a Dense layer's weight
holds the weights of one neuron, so that many examples, a row each, go through in one product::

    hidden  = σ(inputs · W1 + b1)          (n, 2) · (2, 2) → (n, 2)
    outputs = σ(hidden · W2 + b2)          (n, 2) · (2, 1) → (n, 1)

This lesson does everything once with numbers small enough for a pocket calculator: forwards, backwards, and
then over and over, until the network can tell women from men by height and weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import click
import numpy as np
from page.lesson import Lesson, main
from sections.neurons_by_hand_derivative import Derivative, derive, single_pass
from sections.neurons_by_hand_people import MEAN, PEOPLE, SOMEBODY, Array, Course, build, finished
from sections.neurons_by_hand_pictures import draw_losses, draw_regions, draw_seeds, frames

from digitnet.nn import Dense, Network, Sigmoid

EPOCHS, SHORT, SEEDS = 5_000, 1_000, range(6)


@dataclass(frozen=True)
class Figures:
    """What the lesson finds.

    Attributes:
        neuron: output of one neuron.
        hidden, output: of the network whose neurons all weigh with [0, 1].
        derivative: of the network of ones.
        course: the training on the sixteen.
        raw, centred: shorter trainings from six seeds.
    """

    neuron: float
    hidden: Array
    output: float
    derivative: Derivative
    course: Course
    raw: list[Course]
    centred: list[Course]


def run(lesson: Lesson) -> Figures:
    """The lesson: one neuron, a network, a derivative, a training, and luck."""
    lesson.section(
        "One neuron",
        """
        Weights [0, 1], bias 4, inputs [2, 3]. The weight 0 makes the neuron deaf to its first input::

            z      = 0 · 2 + 1 · 3 + 4 = 7
            output = σ(7)
        """,
    )
    single = Network([Dense(2, 1), Sigmoid()], rng=None, dtype=np.float64)
    single.parameters[...] = [0.0, 1.0, 4.0]  # the two weights, then the bias
    x = np.array([[2.0, 3.0]])
    neuron = single.predict(x).item()
    lesson.say(f"output = {neuron:.10f}")

    lesson.section(
        "Five numbers forwards",
        """
        Now three such neurons, all with weights [0, 1] and bias 0. Both hidden neurons hear the same 3, so
        both say σ(3). The output neuron listens to ``h₂`` alone: σ(0 · h₁ + 1 · h₂) = σ(σ(3)). A large
        network does nothing more than this, only more often.
        """,
    )
    network = build(rng=None)
    first, _, second, _ = network.layers
    first.weight[...], second.weight[...] = [[0.0, 0.0], [1.0, 1.0]], [[0.0], [1.0]]
    hidden, output = single_pass(network, x)
    lesson.say(f"hidden = {hidden[0]:.10f}  {hidden[1]:.10f}\noutput = {output:.10f}")

    derivative = derive(lesson)

    lesson.section(
        "Sixteen people",
        f"""
        Height above 150 cm and weight above 50 kg of sixteen people; 1 is a woman, 0 a man. The network
        starts with weights from the standard normal distribution, is shown one person at a time, in order,
        and takes a step of 0.05 against the gradient of (y − ŷ)² after each: {EPOCHS:,} epochs of sixteen
        steps. After every tenth epoch the terminal shows the mean squared error of all sixteen; here is an
        excerpt.
        """,
    )
    course = Course.begin(seed=0)
    for epoch, error in course.epochs(EPOCHS):
        if not lesson.quiet:
            click.echo(f"epoch {epoch:5,d}   mean squared error {error:.6f}")
    moments = [0, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
    lesson.table(["epoch", "mean squared error"], [[f"{k:,}", f"{course.losses[k]:.6f}"] for k in moments])
    lesson.say(f"{course.right()} of {len(PEOPLE)} right")
    with lesson.picture(
        "loss",
        "The mean squared error against the epoch. On the left it looks as if nothing happened after epoch "
        "1,000. The logarithmic axes show the slow start near ¼, which is the price of answering ½ to "
        "everybody, then the fall, and that learning never quite ends.",
    ) as figure:
        draw_losses(figure, course.losses)
    lesson.animation(
        "training",
        "The answers over all heights and weights while the network learns, with more pictures of the early "
        "epochs. Orange circles are women, blue squares men.",
        frames(course),
        size=(8, 4),
    )

    lesson.section(
        "Somebody new",
        "161 cm and 65 kg, between the two groups. The network has never seen anyone like that, and says so.",
    )
    answer = course.answers(SOMEBODY).item()
    sure = "a woman" if answer > 0.5 else "a man"
    lesson.say(f"({SOMEBODY[0, 0]:.0f}, {SOMEBODY[0, 1]:.0f}) → {answer:.3f}: rather {sure}")

    lesson.section(
        "Luck, and how not to need it",
        f"""
        Was that skill? Train again from the initial weights of six seeds, {SHORT:,} epochs each. Then once
        more with one difference: the mean height and weight of the sixteen are taken away first, so that the
        inputs lie around zero instead of between 5 and 25.
        """,
    )
    raw, centred = [], []
    for seed in lesson.progress(SEEDS, "seeds"):
        raw.append(finished(seed, SHORT))
        centred.append(finished(seed, SHORT, MEAN))
    header = ["seed", "right, as given", "error", "right, centred", "error ", "somebody new"]
    lesson.table(
        header,
        [
            [
                seed,
                *(a.right(), f"{a.losses[SHORT]:.5f}", b.right(), f"{b.losses[SHORT]:.5f}"),
                f"{b.answers(SOMEBODY).item():.3f}",
            ]
            for seed, a, b in zip(SEEDS, raw, centred, strict=True)
        ],
    )
    with lesson.picture(
        "seeds",
        "Six starts, each trained twice. As given, some never leave the plateau, where all sixteen get the "
        "same answer. Centred, all six learn, and within tens of epochs instead of hundreds.",
    ) as figure:
        draw_seeds(figure, [each.losses for each in raw], [each.losses for each in centred])
    lesson.section(
        "Why the unlucky ones stay stuck",
        """
        Look into one of them. All inputs are positive and large, so the sum of a hidden neuron is far from
        zero, on the same side for everybody. There σ is flat: the neuron says nearly the same to all sixteen,
        its slope h · (1 − h) is almost 0, and with it every gradient that would have to pass through. Inputs
        around zero start where σ is steep. This is why real networks are fed with centred inputs, and why
        ``BatchNorm`` exists, which centres the inputs of every layer.
        """,
    )
    stuck = min(raw, key=Course.right)
    lesson.table(
        ["hidden neuron", "its smallest answer", "its largest", "largest slope"],
        [
            [f"h{'₁₂'[unit]}", f"{h.min():.7f}", f"{h.max():.7f}", f"{(h * (1 - h)).max():.1e}"]
            for unit, h in enumerate(stuck.hidden().T)
        ],
    )
    with lesson.picture(
        "regions",
        "The sixteen, the network's answers, and the one who is new (star). The thin lines are where the "
        "six centred networks change their minds: all are right about the sixteen, and in the gap, where "
        "there is no data, each draws its own line.",
        size=(7, 5),
    ) as figure:
        draw_regions(figure, course, centred)

    lesson.section(
        "What to try next",
        """
        - Find a seed that gets stuck and give it 50,000 epochs. Does patience help?
        - Replace (y − ŷ)² by ``BinaryCrossEntropy()``: its gradient cancels the slope of the output's σ.
          How many epochs until all sixteen are right?
        - Go on to what this lesson is the start of: the same layers with 784 inputs and ten outputs read
          handwritten digits. The last lesson looks into that network.
        """,
    )
    return Figures(neuron, hidden, output, derivative, course, raw, centred)


if __name__ == "__main__":
    main(run, __doc__)
