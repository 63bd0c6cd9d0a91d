"""The networks of the lesson on backpropagation, how they are trained, and their gradients by hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitnet.data import Batches
from digitnet.nn import SGD, Adam, Constant, Dense, Layer, MeanSquaredError, Network, Optimizer, Sigmoid
from digitnet.training import Trainer

Array = NDArray[np.float64]
INPUTS = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
FIRST_COLUMN = np.array([[0], [0], [1], [1]], float)
EITHER_OR = np.array([[0], [1], [1], [0]], float)


@dataclass(frozen=True)
class Training:
    """A network, and its outputs after so many updates: ``outputs[k]`` is what update k + 1 starts from."""

    network: Network
    outputs: dict[int, Array]
    targets: Array

    def errors(self) -> dict[int, float]:
        """The mean absolute error at each recorded moment."""
        return {step: float(np.abs(self.targets - out).mean()) for step, out in self.outputs.items()}


def legacy_rng(seed: int) -> np.random.Generator:
    """The numbers that follow ``np.random.seed(seed)``, for figures from before NumPy had generators."""
    bits = np.random.MT19937()
    bits.state = np.random.RandomState(seed).get_state(legacy=False)
    return np.random.Generator(bits)


def uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Weights between -1 and 1, with mean 0: zeros would leave all hidden units alike for ever."""
    return rng.uniform(-1.0, 1.0, shape)


def build(*widths: int) -> Network:
    """Layers of sigmoid units without biases, the same initial weights every time."""
    layers: list[Layer] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs, outputs, use_bias=False, initializer=uniform), Sigmoid()]
    return Network(layers, rng=legacy_rng(1), dtype=np.float64)


def teacher(network: Network, targets: Array, optimizer: Optimizer, learning_rate: float) -> Trainer:
    """Trains on half the summed squared error of all four rows."""
    batches = Batches(INPUTS, targets, batch_size=4, seed=0, shuffle=False, dtype=np.float64)
    loss = MeanSquaredError(reduction="sum", factor=0.5)
    return Trainer(network, loss, optimizer, Constant(learning_rate), batches)


def train(
    widths: Sequence[int], targets: Array, steps: int, record: Collection[int], learning_rate: float = 1.0
) -> Training:
    """Train a new network; look at its outputs after the numbers of updates that are to be recorded."""
    network, outputs = build(*widths), {}
    trainer = teacher(network, targets, SGD(), learning_rate)
    moments = {*record, steps}
    for step in range(steps + 1):
        if step in moments:
            outputs[step] = network.predict(INPUTS)
        if step < steps:
            trainer.step(INPUTS, targets)
    return Training(network, outputs, targets)


def race(limit: float) -> dict[str, int]:
    """Updates until the mean absolute error on XOR is below a limit, by what follows the gradient."""
    racers = {
        "SGD(), α = 1": (SGD(), 1.0),
        "SGD(), α = 10": (SGD(), 10.0),
        "SGD(momentum=0.9), α = 1": (SGD(momentum=0.9), 1.0),
        "Adam(), α = 0.1": (Adam(), 0.1),
    }
    for optimizer, rate in racers.values():
        network = build(3, 4, 1)
        trainer = teacher(network, EITHER_OR, optimizer, rate)
        while np.abs(network.predict(INPUTS) - EITHER_OR).mean() >= limit:
            trainer.step(INPUTS, EITHER_OR)
    return {name: optimizer.steps for name, (optimizer, _) in racers.items()}


def gradients_by_hand() -> float:
    """The largest difference between the docstring's formulas and the network's first gradients."""
    network = build(3, 4, 1)
    loss = MeanSquaredError(reduction="sum", factor=0.5)
    loss.forward(network.forward(INPUTS, training=True), EITHER_OR)
    network.backward(loss.backward())
    w1, w2 = network.layers[0].weight, network.layers[2].weight
    hidden = 1 / (1 + np.exp(-INPUTS @ w1))
    outputs = 1 / (1 + np.exp(-hidden @ w2))
    grad_z2 = (outputs - EITHER_OR) * outputs * (1 - outputs)
    grad_z1 = grad_z2 @ w2.T * hidden * (1 - hidden)
    gradients = np.concatenate([(INPUTS.T @ grad_z1).ravel(), (hidden.T @ grad_z2).ravel()])
    return float(np.abs(gradients - network.gradients).max())


def hidden_outputs(network: Network) -> Array:
    """What the hidden units say to the four rows, ``(4, hidden)``."""
    return network.layers[1].forward(network.layers[0].forward(INPUTS))
