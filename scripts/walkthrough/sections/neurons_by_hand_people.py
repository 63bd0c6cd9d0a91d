"""Sixteen people, the network that learns to tell the women among them from the men, and its training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitnet.data import Batches
from digitnet.nn import SGD, Constant, Dense, MeanSquaredError, Network, Sigmoid
from digitnet.nn.initializers import normal
from digitnet.training import Trainer

Array = NDArray[np.float64]

#: Height in cm above 150 and weight in kg above 50: eight women, then eight men.
PEOPLE = np.array(
    [
        *([10.6, 5.7], [9.8, 6.7], [9.1, 8.0], [8.6, 9.1], [8.0, 9.7], [7.5, 10.1], [7.2, 10.8], [7.0, 10.7]),
        *([22.6, 20.4], [22.1, 22.8], [21.4, 24.3], [20.4, 24.0]),
        *([19.4, 23.2], [18.7, 22.5], [17.9, 21.6], [17.5, 21.0]),
    ]
)
#: 1 is a woman, 0 a man.
FEMALE = np.repeat([[1.0], [0.0]], 8, axis=0)
SOMEBODY = np.array([[161.0 - 150.0, 65.0 - 50.0]])
MEAN = PEOPLE.mean(axis=0)


def build(rng: np.random.Generator | None) -> Network:
    """Two inputs, two hidden units, one output; weights from the standard normal distribution."""
    hidden = [Dense(2, 2, initializer=normal(1.0)), Sigmoid()]
    output = [Dense(2, 1, initializer=normal(1.0)), Sigmoid()]
    return Network([*hidden, *output], rng=rng, dtype=np.float64)


@dataclass
class Course:
    """A network that is trained on the sixteen, one person at a time, and how it gets on.

    Attributes:
        centre: is taken away from every height and weight first; zeros leave them as they are.
        losses: mean squared error after each tenth epoch, by epoch; the first entry is before training.
        snapshots: the network's parameters at the same moments.
    """

    network: Network
    centre: Array
    losses: dict[int, float]
    snapshots: dict[int, Array]

    @classmethod
    def begin(cls, seed: int, centre: Array | None = None) -> Course:
        course = cls(build(np.random.default_rng(seed)), np.zeros(2) if centre is None else centre, {}, {})
        course._note(0)
        return course

    def answers(self, people: Array) -> Array:
        """How likely each is a woman, ``(n, 1)``."""
        return self.network.predict(people - self.centre)

    def right(self) -> int:
        """How many of the sixteen are on the right side of one half."""
        return int(((self.answers(PEOPLE) > 0.5) == (FEMALE == 1.0)).sum())

    def hidden(self) -> Array:
        """What the two hidden units say to the sixteen, ``(16, 2)``."""
        return self.network.layers[1].forward(self.network.layers[0].forward(PEOPLE - self.centre))

    def epochs(self, total: int) -> Iterator[tuple[int, float]]:
        """Train; every tenth epoch gives its number and the mean squared error after it."""
        batches = Batches(PEOPLE - self.centre, FEMALE, batch_size=1, seed=0, shuffle=False, dtype=np.float64)
        trainer = Trainer(self.network, MeanSquaredError(), SGD(), Constant(0.05), batches)
        for report in trainer.epochs(total):
            if report.epoch % 10 == 0:
                yield report.epoch, self._note(report.epoch)

    def _note(self, epoch: int) -> float:
        self.losses[epoch] = MeanSquaredError().forward(self.answers(PEOPLE), FEMALE)
        self.snapshots[epoch] = self.network.parameters.copy()
        return self.losses[epoch]


def finished(seed: int, epochs: int, centre: Array | None = None) -> Course:
    """A course from its first epoch to its last."""
    course = Course.begin(seed, centre)
    for _ in course.epochs(epochs):
        pass
    return course
