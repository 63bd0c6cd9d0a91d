"""A race between Python's loops and NumPy's matrix products over the same sums."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from page.lesson import COLORS

from digitnet.nn import BinaryCrossEntropy, Dense, Network, Sigmoid, dense_layers

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Race:
    """Seconds of a loop and of a product that compute the same, and how far their results differ."""

    name: str
    loop: float
    product: float
    difference: float

    @property
    def factor(self) -> float:
        """How many times faster the product is."""
        return self.loop / self.product


def fastest(function: Callable[[], object], attempts: int) -> float:
    """Seconds of processor time, the least of several attempts: that disturbs the measurement least.

    Processor time does not pass while other programs have the processor.
    """
    seconds = []
    for _ in range(attempts):
        started = time.process_time()
        function()
        seconds.append(time.process_time() - started)
    return min(seconds)


def dot_by_loop(first: Array, second: Array) -> float:
    """``Σ_i a_i b_i``, one product after the other."""
    total = 0.0
    for i in range(len(first)):
        total += first[i] * second[i]
    return float(total)


def dot_by_list(first: list[float], second: list[float]) -> float:
    """The same over Python's own lists, which hand out their numbers faster than arrays do."""
    total = 0.0
    for a, b in zip(first, second, strict=True):
        total += a * b
    return total


def forward_by_loop(inputs: Array, weight: Array, bias: float) -> list[float]:
    """``a_k = σ(Σ_i x_ki w_i + b)`` for each sample k."""
    outputs = []
    for k in range(len(inputs)):
        z = bias
        for i in range(len(weight)):
            z += inputs[k, i] * weight[i]
        outputs.append(1.0 / (1.0 + math.exp(-z)))
    return outputs


def gradient_by_loop(inputs: Array, outputs: list[float], targets: Array) -> tuple[list[float], float]:
    """``dw_i = 1/m Σ_k (a_k − y_k) x_ki`` and ``db = 1/m Σ_k (a_k − y_k)``."""
    samples, features = inputs.shape
    grad_weight, grad_bias = [0.0] * features, 0.0
    for k in range(samples):
        error = outputs[k] - targets[k, 0]
        grad_bias += error / samples
        for i in range(features):
            grad_weight[i] += error * inputs[k, i] / samples
    return grad_weight, grad_bias


def races(elements: int = 1_000_000, samples: int = 400, features: int = 192) -> list[Race]:
    """A dot product of a million elements, from arrays and lists; forward pass and gradient of a unit.

    The products are those of the library: ``Dense``, ``Sigmoid``, ``BinaryCrossEntropy``.
    """
    rng = np.random.default_rng(0)
    first, second = rng.random(elements), rng.random(elements)
    lists = first.tolist(), second.tolist()
    exact, product = float(first @ second), fastest(lambda: first @ second, 30)
    found = [
        Race(
            f"dot product, {elements:,} elements",
            fastest(lambda: dot_by_loop(first, second), 3),
            product,
            abs(dot_by_loop(first, second) / exact - 1.0),
        ),
        Race(
            f"dot product, {elements:,} elements in lists",
            fastest(lambda: dot_by_list(*lists), 3),
            product,
            abs(dot_by_list(*lists) / exact - 1.0),
        ),
    ]

    network = Network([Dense(features, 1), Sigmoid()], rng=rng, dtype=np.float64)
    (dense,) = dense_layers(network.layers)
    loss = BinaryCrossEntropy()
    inputs = rng.standard_normal((samples, features))
    targets = (rng.random((samples, 1)) > 0.5).astype(float)
    weight, bias = dense.weight[:, 0], float(dense.bias[0])

    def gradient() -> None:
        # The forward pass has been made: the layers remember it.
        network.backward(loss.backward())

    outputs = forward_by_loop(inputs, weight, bias)
    expected = network.forward(inputs, training=True)
    loss.forward(expected, targets)
    gradient()
    grad_weight, _ = gradient_by_loop(inputs, outputs, targets)
    found.append(
        Race(
            f"forward pass, {samples} samples · {features} features",
            fastest(lambda: forward_by_loop(inputs, weight, bias), 3),
            fastest(lambda: network.forward(inputs), 30),
            float(np.abs(np.array(outputs) - expected[:, 0]).max()),
        )
    )
    found.append(
        Race(
            f"gradient, {samples} samples · {features} features",
            fastest(lambda: gradient_by_loop(inputs, outputs, targets), 3),
            fastest(gradient, 30),
            float(np.abs(np.array(grad_weight) - dense.grad_weight[:, 0]).max()),
        )
    )
    return found


def draw_races(figure: Figure, found: list[Race]) -> None:
    """Seconds of the loop and of the product, on a logarithmic axis, with the way between them."""
    axes = figure.subplots()
    places = range(len(found))
    loops, products = [1e3 * race.loop for race in found], [1e3 * race.product for race in found]
    axes.hlines(places, products, loops, color=COLORS["grey"], linewidth=1.5, zorder=1)
    axes.scatter(products, places, s=90, color=COLORS["blue"], label="matrix product")
    axes.scatter(loops, places, s=90, color=COLORS["orange"], marker="s", label="loop in Python")
    for place, race, loop, product in zip(places, found, loops, products, strict=True):
        middle = math.sqrt(loop * product)
        axes.text(middle, place - 0.1, f"{race.factor:.0f} times faster", ha="center", va="bottom")
    axes.set(xscale="log", xlabel="milliseconds, logarithmic", ylim=(len(found) - 0.5, -0.6), yticks=places)
    axes.set_yticklabels([race.name.replace(", ", "\n", 1) for race in found])
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside upper center", ncols=2)
