"""The part of lesson 5 about a single logistic unit: its cost, its chain rule, the mean over its samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from page.lesson import Lesson

from digitnet.data import Batches
from digitnet.nn import SGD, BinaryCrossEntropy, Constant, Dense, Network, Sigmoid
from digitnet.training import Trainer
from sections.computation_graph import Partial, backwards, draw_graph, forwards

Array = NDArray[np.float64]

INPUTS = np.array([[1.0, 3.0], [2.0, 4.0], [-1.0, -3.2]])
TARGETS = np.array([[1.0], [0.0], [1.0]])
#: The sample whose chain rule is printed: the unit is quite wrong about it.
SAMPLE = 2


@dataclass(frozen=True)
class UnitFigures:
    """The unit at w = (1, 2), b = 2: cost and gradient, and its parameters after a hundred steps."""

    cost: float
    grad_weight: list[float]
    grad_bias: float
    weight: list[float]
    bias: float


def logistic_unit() -> tuple[Network, Dense]:
    """The unit of the textbook figures: two inputs, w = (1, 2), b = 2."""
    dense = Dense(2, 1)
    network = Network([dense, Sigmoid()], rng=None, dtype=np.float64)
    dense.weight[...], dense.bias[...] = [[1.0], [2.0]], 2.0
    return network, dense


def gradient(network: Network, inputs: Array, targets: Array) -> float:
    """One pass forwards and one backwards: the cost; the gradients are left in the layers."""
    loss = BinaryCrossEntropy()
    cost = loss.forward(network.forward(inputs, training=True), targets)
    network.backward(loss.backward())
    return cost


def train_unit(lesson: Lesson) -> UnitFigures:
    """Cost, gradient and a hundred steps."""
    lesson.section(
        "One unit, three samples",
        """
        Before the photographs, numbers small enough to check with a pocket calculator: two features, three
        samples, w = (1, 2), b = 2. The unit is sure of itself, and right only about the first sample.
        """,
    )
    network, dense = logistic_unit()
    lesson.say(f"X {INPUTS.shape} · w {dense.weight.shape} + b {dense.bias.shape} = z {(len(INPUTS), 1)}")
    sums, answers = dense.forward(INPUTS), network.predict(INPUTS)
    lesson.table(
        ["x1", "x2", "y", "z", "a = σ(z)", "loss"],
        [
            [
                *x,
                int(y),
                f"{z:.2f}",
                f"{a:.8f}",
                f"{BinaryCrossEntropy().forward(np.array([[a]]), np.array([[y]])):.6f}",
            ]
            for x, (y,), (z,), (a,) in zip(INPUTS, TARGETS, sums, answers, strict=True)
        ],
    )
    cost = gradient(network, INPUTS, TARGETS)
    grad_weight, grad_bias = dense.grad_weight[:, 0].tolist(), float(dense.grad_bias[0])
    lesson.say(f"cost J = {cost:.12f}")
    lesson.say(f"dw = ({grad_weight[0]:.8f}, {grad_weight[1]:.8f})   db = {grad_bias:.14f}")
    lesson.say("\nA hundred steps of rate 0.009:")
    batches = Batches(INPUTS, TARGETS, batch_size=3, seed=0, shuffle=False, dtype=np.float64)
    rows = [[0, *dense.weight[:, 0], *dense.bias, cost]]
    for report in Trainer(network, BinaryCrossEntropy(), SGD(), Constant(0.009), batches).epochs(100):
        if report.epoch in (1, 10, 50, 100):
            now = BinaryCrossEntropy().forward(network.predict(INPUTS), TARGETS)
            rows.append([report.epoch, *dense.weight[:, 0], *dense.bias, now])
    lesson.table(
        ["steps", "w1", "w2", "b", "cost"], [[row[0], *(f"{value:.8f}" for value in row[1:])] for row in rows]
    )
    return UnitFigures(cost, grad_weight, grad_bias, dense.weight[:, 0].tolist(), float(dense.bias[0]))


def chain_rule(lesson: Lesson) -> list[Partial]:
    """The derivatives of one sample's loss, operation by operation."""
    lesson.section(
        "The chain rule, step by step",
        """
        Take the unit apart into operations that anybody can differentiate: two products, a sum, a sigmoid, a
        loss. Values are computed to the right. Then each derivative is that of its neighbour on the right
        times the slope of the one operation between them. Beside each, the same derivative measured: move the
        value by h both ways, recompute what lies to its right, and divide, ``(L(v + h) − L(v − h)) / 2h``.
        """,
    )
    network, dense = logistic_unit()
    (x1, x2), (y,) = INPUTS[SAMPLE].tolist(), TARGETS[SAMPLE].tolist()
    (w1, w2), (b,) = dense.weight[:, 0].tolist(), dense.bias.tolist()
    values = forwards({"x1": x1, "x2": x2, "y": y, "w1": w1, "w2": w2, "b": b})
    lesson.say(
        "forwards:   " + "   ".join(f"{name} = {values[name]:.6g}" for name in ("u1", "u2", "z", "a", "L"))
    )
    partials = backwards(values)
    lesson.table(
        ["backwards", "chain rule", "slope", "value", "by differences"],
        [
            [f"dL/d{each.name}", each.chain, each.formula, f"{each.value:.8f}", f"{each.difference:.8f}"]
            for each in partials
        ],
    )
    gradient(network, INPUTS[SAMPLE : SAMPLE + 1], TARGETS[SAMPLE : SAMPLE + 1])
    lesson.say(
        f"The library's backward pass: dw = ({dense.grad_weight[0, 0]:.8f}, {dense.grad_weight[1, 0]:.8f}), "
        f"db = {dense.grad_bias[0]:.8f}"
    )
    with lesson.picture(
        "graph",
        "The unit as a graph. Blue, above each edge: the value that flows to the right. Orange, below: the "
        "derivative of the loss by that value, which flows back to the left. The sum hands its derivative "
        "on unchanged, a product multiplies it by the other factor.",
        size=(9, 5),
    ) as figure:
        draw_graph(figure, values, partials)
    return partials


def mean_of_samples(lesson: Lesson, unit: UnitFigures) -> list[float]:
    """The mean over the samples of dw1, dw2 and db, each sample alone."""
    lesson.section(
        "Many samples: the mean of the derivatives",
        """
        The cost is a mean, and the derivative of a mean is the mean of the derivatives. Each sample alone
        pulls in its own direction; the network's one pass over all three gives what is left together.
        """,
    )
    rows = []
    for index in range(len(INPUTS)):
        network, dense = logistic_unit()
        gradient(network, INPUTS[index : index + 1], TARGETS[index : index + 1])
        rows.append([*dense.grad_weight[:, 0], *dense.grad_bias])
    mean = np.mean(rows, axis=0).tolist()
    together = [*unit.grad_weight, unit.grad_bias]
    named = [*((f"sample {index + 1} alone", row) for index, row in enumerate(rows)), ("mean", mean)]
    lesson.table(
        ["", "dw1", "dw2", "db"],
        [[name, *(f"{value:.10f}" for value in row)] for name, row in [*named, ("all at once", together)]],
    )
    return mean
