"""Two classes of points in the plane, and networks trained on them: what lesson 4 works with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.datasets import make_circles, make_moons
from sklearn.model_selection import train_test_split

from digitnet.data import Batches
from digitnet.nn import SGD, BinaryCrossEntropy, Constant, Dense, Layer, Network, ReLU, Sigmoid
from digitnet.nn.initializers import Initializer, he_normal
from digitnet.training import Trainer
from sections.yes_or_no import right

Array = NDArray[np.float64]

NARROW = (2, 4, 6, 6, 4, 1)
WIDE = (2, 25, 50, 50, 25, 1)
MOON_NOISE = 0.2


@dataclass(frozen=True)
class Points:
    """Points to learn from and points held out; inputs ``(n, 2)``, targets ``(n, 1)`` of zeros and ones."""

    name: str
    inputs: Array
    targets: Array
    test_inputs: Array
    test_targets: Array

    @classmethod
    def split(cls, name: str, points: Array, labels: NDArray[np.int64]) -> Points:
        """Hold out a tenth."""
        pieces = train_test_split(points, labels.reshape(-1, 1).astype(float), test_size=0.1, random_state=42)
        inputs, test_inputs, targets, test_targets = pieces
        return cls(name, inputs, targets, test_inputs, test_targets)


def rings(seed: int = 0) -> Points:
    """A ring and, in it, a smaller one, both blurred; another seed gives other points."""
    return Points.split("rings", *make_circles(1000, factor=0.3, noise=0.1, random_state=seed))


def moons() -> Points:
    """Two half rings that reach into each other."""
    return Points.split("moons", *make_moons(1000, noise=MOON_NOISE, random_state=100))


def fresh_moons(count: int = 20_000) -> tuple[Array, Array]:
    """Points ``(count, 2)`` from where the moons come from, that no network has seen, and their targets."""
    points, labels = make_moons(count, noise=MOON_NOISE, random_state=7)
    return points, labels.reshape(-1, 1).astype(float)


def best_guess(points: Array) -> Array:
    """What to answer ``(n, 1)`` if one knew how the moons are made: no classifier is right more often.

    A point of a moon is a point of a half circle plus normal noise of variance s². So the density of a
    class at x is the mean of ``exp(-|x - c|² / 2s²)`` over the points c of its half circle, and the
    best answer is the class with the larger density (the rule of Bayes).
    """
    angle = np.linspace(0.0, np.pi, 200)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)])
    densities = np.zeros((2, len(points)))
    for density, arc in zip(densities, (upper, lower), strict=True):
        for centre in arc:
            density += np.exp(-((points - centre) ** 2).sum(axis=1) / (2.0 * MOON_NOISE**2))
    return (densities[1] > densities[0]).reshape(-1, 1).astype(float)


def build(
    widths: Sequence[int], seed: int, initializer: Initializer = he_normal, dtype: DTypeLike = np.float64
) -> Network:
    """Dense layers of these widths with ReLU between them and a sigmoid at the end."""
    layers: list[Layer] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs, outputs, initializer=initializer), ReLU()]
    layers[-1] = Sigmoid()
    return Network(layers, rng=np.random.default_rng(seed), dtype=dtype)


def accuracy(network: Network, inputs: Array, targets: Array) -> float:
    """Share of points that the network puts into the right class."""
    return right(network.predict(inputs), targets)


def descent(network: Network, inputs: Array, targets: Array, rate: float) -> Trainer:
    """Plain gradient descent on the cross-entropy: every step sees all points."""
    batches = Batches(inputs, targets, batch_size=len(inputs), seed=0, shuffle=False, dtype=network.dtype)
    return Trainer(network, BinaryCrossEntropy(), SGD(), Constant(rate), batches, metric=right)


@dataclass(frozen=True)
class Start:
    """A network trained from the initial weights of one seed, and what became of it.

    Attributes:
        losses, accuracies: on the training points, before each step.
        kept: the parameters after some steps, by step.
    """

    seed: int
    network: Network
    losses: list[float]
    accuracies: list[float]
    kept: dict[int, Array]

    @property
    def loss(self) -> float:
        """On the training points, in the last step."""
        return self.losses[-1]


def trained(
    widths: Sequence[int],
    seed: int,
    inputs: Array,
    targets: Array,
    *,
    rate: float,
    steps: int,
    initializer: Initializer = he_normal,
    dtype: DTypeLike = np.float64,
    keep: Sequence[int] = (),
) -> Start:
    """Train from the initial weights of one seed, keeping a copy of the parameters after some steps."""
    network = build(widths, seed, initializer, dtype)
    start = Start(seed, network, [], [], {0: network.parameters.copy()} if 0 in keep else {})
    for report in descent(network, inputs, targets, rate).epochs(steps):
        start.losses.append(report.training_loss)
        start.accuracies.append(float(report.training_metric or 0.0))
        if report.epoch in keep:
            start.kept[report.epoch] = network.parameters.copy()
    return start


def trials(points: Points, rates: Sequence[float], steps: Sequence[int], seeds: int) -> dict[float, Array]:
    """How each learning rate does on 200 training points that are kept aside for this question.

    Returns:
        For each rate the losses on the points kept aside ``(seeds, len(steps))``, after so many steps on
        the other training points. The held-out points have no part in it.
    """
    pieces = train_test_split(points.inputs, points.targets, test_size=200, random_state=0)
    inputs, aside, targets, aside_targets = pieces
    loss = BinaryCrossEntropy()
    losses = {rate: np.zeros((seeds, len(steps))) for rate in rates}
    for rate, table in losses.items():
        for seed in range(seeds):
            start = trained(NARROW, seed, inputs, targets, rate=rate, steps=max(steps), keep=steps)
            for column, parameters in enumerate(start.kept.values()):
                start.network.parameters[...] = parameters
                table[seed, column] = loss.forward(start.network.predict(aside), aside_targets)
    return losses
