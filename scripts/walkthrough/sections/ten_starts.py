"""The part of lesson 4 that chooses a learning rate on training points and trains from ten starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from page.lesson import Lesson

from sections.plane import NARROW, Points, Start, accuracy, build, moons, rings, trained, trials

RATES = (0.03, 0.1, 0.3, 1.0)
STEPS = (250, 500, 1000)
SEEDS = range(10)


@dataclass(frozen=True)
class Outcome:
    """Ten starts on one data set.

    Attributes:
        points: of the start that is kept.
        chosen: the start with the lowest cost on its training points, which is kept.
        accuracies: of each start, on the held-out points.
        line: the same for a single unit, which can only draw a line.
        held_out: the chosen network's accuracy on the held-out points, by step.
    """

    points: Points
    chosen: Start
    accuracies: list[float]
    line: float
    held_out: dict[int, float]

    @property
    def accuracy(self) -> float:
        """Share of held-out points that the chosen network puts into the right class."""
        return self.accuracies[self.chosen.seed]

    @property
    def good(self) -> int:
        """How many starts get 98 % or more of the held-out points right."""
        return sum(share >= 0.98 for share in self.accuracies)


def choose(lesson: Lesson, points: Points) -> tuple[float, int]:
    """The learning rate and the number of steps, chosen on training points alone."""
    lesson.section(
        "The learning rate, chosen without looking at the answer",
        """
        If the held-out points chose the rate, they would no longer tell how the network does on points that
        nobody has seen. So 200 of the 900 training points are put aside for this question alone, networks
        learn from the other 700, from five starts for each rate, and the mean cost on the 200 decides about
        the rate and the number of steps. A rate that ruins one start in five pays for it in that mean.
        """,
    )
    means = {rate: losses.mean(axis=0) for rate, losses in trials(points, RATES, STEPS, seeds=5).items()}
    lesson.table(
        ["rate", *(f"cost after {steps} steps" for steps in STEPS)],
        [[rate, *(f"{value:.3f}" for value in row)] for rate, row in means.items()],
    )
    rate = min(means, key=lambda each: means[each].min())
    steps = STEPS[int(means[rate].argmin())]
    lesson.say(f"Lowest: rate {rate}, {steps} steps. The rings get the same.")
    return rate, steps


def train(lesson: Lesson, lines: Sequence[float], rate: float, steps: int) -> tuple[Outcome, Outcome]:
    """Both data sets, ten starts each."""
    lesson.section(
        "Training, ten times",
        """
        A network this narrow needs some luck: if the first weights send all points to the negative side of a
        few ReLUs, there is little left to learn with. So it starts ten times, and the start with the lowest
        cost on the training points is kept. The moons are always the same; of the rings, each start gets
        a fresh draw as well. The table counts what every start gets right of its 100 held-out points.
        """,
    )
    outcomes = []
    for make, line in zip((rings, lambda _: moons()), lines, strict=True):
        sets, starts, shares = [make(seed) for seed in SEEDS], [], []
        for seed in lesson.progress(SEEDS, sets[0].name):
            points = sets[seed]
            start = trained(
                NARROW, seed, points.inputs, points.targets, rate=rate, steps=steps, keep=frame_steps(steps)
            )
            starts.append(start)
            shares.append(accuracy(start.network, points.test_inputs, points.test_targets))
        chosen = min(starts, key=lambda start: start.loss)
        points = sets[chosen.seed]
        outcomes.append(Outcome(points, chosen, shares, line, _held_out(points, chosen)))
    lesson.table(
        ["start", *map(str, SEEDS), "98 % or more"],
        [
            [each.points.name, *(f"{share:.2f}" for share in each.accuracies), f"{each.good} of {len(SEEDS)}"]
            for each in outcomes
        ],
    )
    for each in outcomes:
        lesson.say(
            f"{each.points.name}: start {each.chosen.seed} has the lowest cost, {each.chosen.loss:.4f}; "
            f"{100 * each.accuracy:.0f} % of its held-out points are right "
            f"(one unit: {100 * each.line:.0f} %)."
        )
    ring, moon = outcomes
    return ring, moon


def _held_out(points: Points, start: Start) -> dict[int, float]:
    network, shares = build(NARROW, start.seed), {}
    for step, parameters in start.kept.items():
        network.parameters[...] = parameters
        shares[step] = accuracy(network, points.test_inputs, points.test_targets)
    return shares


def frame_steps(steps: int, count: int = 36) -> list[int]:
    """Steps to look at: close together at first, when much happens, and ever further apart.

    >>> frame_steps(1000, count=5)
    [0, 3, 13, 55, 234, 1000]
    """
    return sorted({0, *(round(3 * (steps / 3) ** (k / (count - 1))) for k in range(count))})
