"""The part of lesson 4 that computes a network in three ways and finds that they agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from page.lesson import Lesson

from digitnet.nn import BinaryCrossEntropy, dense_layers
from sections.matrix_maths import backwards, layer_by_layer, sample_by_sample, unit_by_unit
from sections.plane import NARROW, Points, build


@dataclass(frozen=True)
class Equality:
    """Largest differences between the three ways and the library.

    Attributes:
        unit, layer, matrix: of the outputs, unit by unit, layer by layer, all samples at once.
        gradient: of the matrix formulas from ``Network.gradients``.
        mean: of the mean of the samples' own gradients from the matrix formulas.
    """

    unit: float
    layer: float
    matrix: float
    gradient: float
    mean: float


def show_maths(lesson: Lesson, points: Points) -> Equality:
    """Forwards and backwards by hand, beside the library."""
    lesson.section(
        "One sample, one unit at a time",
        """
        A unit's sum is a weighted vote, ``z_j = x₁·w₁j + x₂·w₂j + … + b_j``. Nothing stops us from writing
        the whole network as loops over units and their inputs, in plain Python.
        """,
    )
    network, inputs, targets = build(NARROW, seed=1), points.inputs, points.targets
    expected = network.predict(inputs)
    by_unit = [unit_by_unit(network, sample.tolist()) for sample in inputs[:50]]
    sample = inputs[0]
    lesson.say(f"x = ({sample[0]:+.4f}, {sample[1]:+.4f})  →  ŷ = {by_unit[0][0]:.12f}")

    lesson.section(
        "One sample, one layer at a time",
        """
        The weights of a layer's units, side by side as columns, are a matrix W of shape (inputs, units). The
        votes of all units are one product, ``z = x·W + b``.
        """,
    )
    by_layer = layer_by_layer(network, sample)
    for number, (here, dense) in enumerate(zip(by_layer, dense_layers(network.layers), strict=True), 1):
        outputs = np.array2string(here.outputs, precision=3, suppress_small=True)
        lesson.say(
            f"layer {number}:  {here.inputs.shape!s:5} · {dense.weight.shape} + {dense.bias.shape!s:5}"
            f" = {here.sums.shape!s:5}   a = {outputs}"
        )

    lesson.section(
        "All samples as one matrix product",
        """
        Stack the samples as rows and the same line computes all of them: row by column, each number of
        ``Z = X·W + b`` is one unit's vote on one sample. The bias is added to every row.
        """,
    )
    passes = layer_by_layer(network, inputs)
    gradients = backwards(network, passes, targets)
    lesson.table(
        ["layer", "A before", "W", "b", "Z = A·W + b", "Δ = ∂L/∂Z", "∂L/∂W = Aᵀ·Δ", "∂L/∂b"],
        [
            [
                number,
                here.inputs.shape,
                dense.weight.shape,
                dense.bias.shape,
                here.sums.shape,
                gradient.error.shape,
                gradient.weight.shape,
                gradient.bias.shape,
            ]
            for number, (here, dense, gradient) in enumerate(
                zip(passes, dense_layers(network.layers), gradients, strict=True), 1
            )
        ],
    )
    lesson.section(
        "Do they agree?",
        """
        The gradient of a mean is the mean of the gradients: each sample has its own ``aᵀ·δ``, a column times
        a row, and ``Aᵀ·Δ`` adds up all of them in one product. Here everything is compared with the library.
        """,
    )
    loss = BinaryCrossEntropy()
    loss.forward(network.forward(inputs, training=True), targets)
    network.backward(loss.backward())
    alone = sample_by_sample(network, inputs, targets)
    pairs = list(zip(dense_layers(network.layers), gradients, alone, strict=True))
    equality = Equality(
        unit=float(np.abs(np.array(by_unit) - expected[:50]).max()),
        layer=float(np.abs(by_layer[-1].outputs - expected[0]).max()),
        matrix=float(np.abs(passes[-1].outputs - expected).max()),
        gradient=max(
            float(np.abs(ours - theirs).max())
            for dense, gradient, _ in pairs
            for ours, theirs in ((gradient.weight, dense.grad_weight), (gradient.bias, dense.grad_bias))
        ),
        mean=max(float(np.abs(gradient.weight - mean).max()) for _, gradient, mean in pairs),
    )
    lesson.table(
        ["compared", "largest difference"],
        [
            ["outputs, unit by unit (50 samples), and the library", f"{equality.unit:.1e}"],
            ["outputs, layer by layer (one sample), and the library", f"{equality.layer:.1e}"],
            [f"outputs of all {len(inputs)} samples at once, and the library", f"{equality.matrix:.1e}"],
            ["gradients by matrix products, and the library", f"{equality.gradient:.1e}"],
            [f"mean of {len(inputs)} gradients, and one matrix product", f"{equality.mean:.1e}"],
        ],
    )
    return equality
