"""The middle of the lesson on neurons by hand: one derivative, three ways, and then all nine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from page.lesson import Lesson

from digitnet.nn import MeanSquaredError, Network, check_gradients
from sections.neurons_by_hand_people import Array, build
from sections.neurons_by_hand_pictures import draw_circuit, draw_differences

#: The parameters in the order in which the network keeps them: weights first, then biases.
PARAMETERS = ["x₁→h₁", "x₁→h₂", "x₂→h₁", "x₂→h₂", "h₁→ŷ", "h₂→ŷ", "bias h₁", "bias h₂", "bias ŷ"]


@dataclass(frozen=True)
class Derivative:
    """What is found about the network of ones at x = [-2, -1], target 1.

    Attributes:
        output: ŷ.
        chain: ∂L/∂w₁ by the chain rule, link by link.
        backward: all nine derivatives by backpropagation, ∂L/∂w₁ first.
        differences: the same by central differences.
        worst: the largest relative error that ``check_gradients`` finds.
    """

    output: float
    chain: float
    backward: Array
    differences: Array
    worst: float


def single_pass(network: Network, x: Array) -> tuple[Array, float]:
    """What the hidden neurons and the output neuron say to one example ``(1, 2)``."""
    hidden = network.layers[1].forward(network.layers[0].forward(x))
    return hidden[0], network.predict(x).item()


def central_differences(network: Network, x: Array, target: Array, step: float) -> Array:
    """∂L/∂θ of every parameter: wiggle it and watch the loss."""
    loss, slopes = MeanSquaredError(), np.empty_like(network.parameters)
    for i, value in enumerate(network.parameters.copy()):
        network.parameters[i] = value + step
        above = loss.forward(network.predict(x), target)
        network.parameters[i] = value - step
        below = loss.forward(network.predict(x), target)
        network.parameters[i] = value
        slopes[i] = (above - below) / (2 * step)
    return slopes


def derive(lesson: Lesson) -> Derivative:
    """The part of the lesson that goes backwards."""
    lesson.section(
        "One derivative backwards",
        """
        Another network: all six weights 1, all biases 0. It sees x = [−2, −1] and should say 1. How
        wrong it is, L = (1 − ŷ)², depends on nine numbers. How much would L change if only ``w₁``, the weight
        from ``x₁`` to ``h₁``, grew a little? Follow the change: ``w₁`` moves ``h₁``, that moves ŷ, and that
        moves L. Each link has a slope, and slopes in a row multiply. That is the chain rule::

            ∂L/∂w₁  =  ∂L/∂ŷ · ∂ŷ/∂h₁ · ∂h₁/∂w₁

        The slope of σ is σ · (1 − σ), and ``w₅`` is the weight from ``h₁`` to ŷ: we know every link already.
        """,
    )
    network = build(rng=None)
    network.parameters[:6] = 1.0
    x, target, loss = np.array([[-2.0, -1.0]]), np.array([[1.0]]), MeanSquaredError()
    hidden, output = single_pass(network, x)
    h = hidden[0]
    links = -2 * (1 - output), 1.0 * output * (1 - output), x[0, 0] * h * (1 - h)
    chain = float(np.prod(links))
    lesson.table(
        ["link", "formula", "value"],
        [
            ["h₁ = h₂", "σ(−2 − 1)", f"{h:.10f}"],
            ["ŷ", "σ(h₁ + h₂)", f"{output:.10f}"],
            ["∂L/∂ŷ", "−2 · (1 − ŷ)", f"{links[0]:.10f}"],
            ["∂ŷ/∂h₁", "w₅ · ŷ · (1 − ŷ)", f"{links[1]:.10f}"],
            ["∂h₁/∂w₁", "x₁ · h₁ · (1 − h₁)", f"{links[2]:.10f}"],
            ["∂L/∂w₁", "the product", f"{chain:.10f}"],
        ],
    )
    lesson.section(
        "All nine at once, and a check that needs no calculus",
        """
        ``network.backward`` walks the same chains from the end to the beginning and shares what they have in
        common: all nine derivatives for about the price of one more pass. To trust it, wiggle each parameter,
        θ, and watch L. The central difference has an error of order h², so h = 10⁻⁵ leaves about ten
        digits::

            ∂L/∂θ  ≈  (L(θ + h) − L(θ − h)) / 2h
        """,
    )
    loss.forward(network.forward(x, training=True), target)
    network.backward(loss.backward())
    backward = network.gradients.copy()
    differences = central_differences(network, x, target, step=1e-5)
    rows = zip(PARAMETERS, backward, differences, strict=True)
    lesson.table(
        ["parameter", "backpropagation", "central difference"],
        [[name, f"{a:.12f}".replace("-", "−"), f"{b:.12f}".replace("-", "−")] for name, a, b in rows],
    )
    worst = check_gradients(network, loss, x, target).worst
    lesson.say(f"digitnet.nn.check_gradients does this for any network: worst relative error {worst:.1e}")
    with lesson.picture(
        "circuit",
        "The network at work on x = [−2, −1]. In the circles, what is computed forwards; along the lines, "
        "what comes back: how fast L grows with each weight, all of which are 1. Steps against it make the "
        "hidden weights smaller and the output's weights larger: both raise ŷ towards 1.",
        size=(8, 4),
    ) as figure:
        draw_circuit(figure, x[0], hidden, output, backward)
    with lesson.picture(
        "differences",
        "Left: L against w₁, its tangent by backpropagation, and a central difference with a large h. Right: "
        "how far differences are from the derivative. With a large h the curve is not straight; with a tiny "
        "one L(θ + h) and L(θ − h) agree in so many digits that only rounding is left.",
        size=(9, 4),
    ) as figure:
        draw_differences(figure, _loss_curve(network, x, target), backward[0].item())
    return Derivative(output, chain, backward, differences, worst)


def _loss_curve(network: Network, x: Array, target: Array) -> Callable[[float], float]:
    """L as a function of w₁ alone."""

    def loss(w: float) -> float:
        before = network.parameters[0]
        network.parameters[0] = w
        value = MeanSquaredError().forward(network.predict(x), target)
        network.parameters[0] = before
        return value

    return loss
