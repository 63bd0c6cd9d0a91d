"""Backpropagation: four rows of zeros and ones, and blame that travels backwards.

How does a weight in the *first* layer learn that it was wrong, if only the last layer is ever compared
with the truth? By asking the layers behind it how much of the error was its fault. That is all
of backpropagation, and a network for it fits in a dozen lines::

    inputs = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
    targets = np.array([[0], [1], [1], [0]], float)
    hidden = [Dense(3, 4, use_bias=False, initializer=uniform), Sigmoid()]
    output = [Dense(4, 1, use_bias=False, initializer=uniform), Sigmoid()]
    network = Network(hidden + output, rng=legacy_rng(1), dtype=np.float64)
    loss = MeanSquaredError(reduction="sum", factor=0.5)
    batches = Batches(inputs, targets, batch_size=4, seed=0, shuffle=False, dtype=np.float64)
    trainer = Trainer(network, loss, SGD(), Constant(1.0), batches)
    for _ in range(60_000):
        trainer.step(inputs, targets)
    print(network.predict(inputs))

``uniform`` draws initial weights between −1 and 1, and ``legacy_rng(1)`` supplies the numbers for it, the
same in every run; both stand in the program at the end. The third input is always 1. There are no biases
here, and the weight of an input that never changes does the same work. Every unit ends in the sigmoid σ(z)
= 1 / (1 + e⁻ᶻ), which squeezes any number into (0, 1); its slope, σ · (1 − σ), needs nothing but its own
output. **Forwards**, a row an example::

    hidden  = σ(inputs · W1)                                  (4, 3) · (3, 4) → (4, 4)
    outputs = σ(hidden · W2)                                  (4, 4) · (4, 1) → (4, 1)
    L       = ½ · Σ (targets − outputs)²

**Backwards**, the same way with the chain rule in hand; ⊙ multiplies number by number::

    grad_z2     = (outputs − targets) ⊙ outputs ⊙ (1 − outputs)            (4, 1)
    grad_W2     = hiddenᵀ · grad_z2                           (4, 4) · (4, 1) → (4, 1)
    grad_hidden = grad_z2 · W2ᵀ                               (4, 1) · (1, 4) → (4, 4)
    grad_z1     = grad_hidden ⊙ hidden ⊙ (1 − hidden)                      (4, 4)
    grad_W1     = inputsᵀ · grad_z1                           (3, 4) · (4, 4) → (3, 4)

The third line is the heart: the blame of the output, sent back through the weights by which each hidden
unit had its say. The factors σ(1 − σ) spare the units that are sure of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from page.lesson import Lesson, main
from sections.backpropagation_pictures import (
    draw_activations,
    draw_curve,
    draw_rates,
    draw_squares,
    draw_weights,
)
from sections.backpropagation_toy import (
    EITHER_OR,
    FIRST_COLUMN,
    INPUTS,
    Array,
    build,
    gradients_by_hand,
    hidden_outputs,
    race,
    train,
)

RATES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
MILESTONES = range(0, 60_000, 10_000)
#: What the toy lacks, how digitnet writes it, and what it is good for.
LACKING = [
    ("learning rate", "Constant(0.1)", "a step as long as the data wants it; schedules lower it in time"),
    ("bias units", "Dense(3, 4, use_bias=True)", "a threshold of its own for each unit"),
    (
        "mini-batches",
        "Batches(inputs, targets, batch_size=2, seed=0)",
        "many steps from one look at all rows",
    ),
    ("delta trimming", "GradientClip(0.1)", "no unit's error signal larger than the limit"),
    ("layer sizes", "Dense(in_features, out_features)", "numbers to choose, not lines to rewrite"),
    ("L1, L2", "SGD(l1=1e-5, weight_decay=1e-4)", "small weights: rules instead of memories"),
    ("dropout", "Dropout(0.5)", "no unit may rely on a single other one"),
    ("momentum", "SGD(momentum=0.9)", "rolls through flat valleys"),
    ("batch normalisation", "BatchNorm(4)", "each unit's input centred and scaled in each batch"),
    ("GPU arrays", "Network(layers, rng=rng, xp=cupy)", "the same network on another array library"),
]


@dataclass(frozen=True)
class Figures:
    """What the lesson finds.

    Attributes:
        first_column: outputs of the 3-1 network in its last, 10,000th, forward pass.
        one_layer: outputs of the 3-1 network on the question that it cannot answer.
        errors: mean absolute error of the 3-4-1 network at iteration 0, 10,000, … 50,000.
        by_hand: largest difference between the gradients of the formulas and those of the network.
        rates: mean absolute error of the 3-4-1 network at iteration 50,000, by learning rate.
        steps: updates until the mean absolute error is below 0.01, by optimiser.
    """

    first_column: Array
    one_layer: Array
    errors: list[float]
    by_hand: float
    rates: dict[float, float]
    steps: dict[str, int]


def run(lesson: Lesson) -> Figures:
    """The lesson: one layer, its limit, a hidden layer, the learning rate, and what is missing."""
    lesson.section(
        "One layer: find the column that matters",
        """
        Three inputs, one unit. The answer wanted is simply the first input; nobody says so. After 10,000
        updates the first weight has grown, the second, which tells nothing, has stayed near zero, and the
        third pulls the sum below zero where the first input is 0. The outputs come close to 0 and 1 and never
        reach them: the sigmoid would need an infinite sum for that.
        """,
    )
    one = train((3, 1), FIRST_COLUMN, 10_000, [9_999])
    header = ["inputs", "wanted", "output in the last forward pass", "one update later"]
    lesson.table(header, _rows(one.targets, one.outputs[9_999], one.outputs[10_000]))
    lesson.say("weights: " + "  ".join(f"{w:.4f}" for w in one.network.parameters))

    lesson.section(
        "The question that one layer cannot answer",
        """
        Now the answer is 1 if either the first or the second input is 1, but not both: XOR. A single unit
        says 1 where its weighted sum is positive. Write z₀₀, z₀₁, z₁₀, z₁₁ for the sums of the four rows; we
        want them negative, positive, positive, negative. But whatever the weights are::

            z₀₀ + z₁₁  =  w₁ + w₂ + 2·w₃  =  z₀₁ + z₁₀

        and a negative number does not equal a positive one. No training helps. The unit does the best it can:
        it gives up, answers ½ to everything and sets all its weights to zero.
        """,
    )
    hopeless = train((3, 1), EITHER_OR, 10_000, ())
    lesson.table(["inputs", "wanted", "output"], _rows(EITHER_OR, hopeless.outputs[10_000]))

    lesson.section(
        "A hidden layer: combine, then decide",
        """
        Four units in between see the inputs first. Each draws its own line through the square, and the
        output unit weighs their answers. Before training, check the formulas from above: the gradients of
        the first step written out in NumPy, against those that ``network.backward`` leaves.
        """,
    )
    by_hand = gradients_by_hand()
    lesson.say(f"largest difference of 16 gradients: {by_hand:.1e}")
    curve = np.unique(np.geomspace(1, 60_000, 150).astype(int)).tolist()
    two = train((3, 4, 1), EITHER_OR, 60_000, {0, *curve, *MILESTONES})
    errors = two.errors()
    lesson.table(["iteration", "mean |error|"], [[f"{k:,}", f"{errors[k]:.14f}"] for k in MILESTONES])
    lesson.table(["inputs", "wanted", "output after 60,000"], _rows(EITHER_OR, two.outputs[60_000]))
    with lesson.picture(
        "squares",
        "What the networks answer at and between the four rows (first and second input; the third is 1). One "
        "layer makes a straight slope; a hidden layer can raise a ridge. The black line is where the answer "
        "is one half.",
        size=(9, 3.2),
    ) as figure:
        draw_squares(figure, [one, hopeless, two])
    with lesson.picture(
        "error",
        "The mean absolute error of the 3-4-1 network on logarithmic axes. For the first hundred steps "
        "hardly anything happens, then the knot opens, and in the end it takes four times the steps to halve "
        "the error. The dots are the numbers in the table.",
        size=(7, 4),
    ) as figure:
        draw_curve(figure, errors, MILESTONES)
    before = build(3, 4, 1)
    with lesson.picture(
        "activations",
        "What the four hidden units say to the four rows, and what the output makes of it, before and after "
        "training. Before, nobody is sure of anything; after, each row has a pattern of its own.",
        size=(8, 5.4),
    ) as figure:
        draw_activations(figure, before, two.network)
    with lesson.picture(
        "weights",
        "The weights before and after. All have grown, some have changed sides, and two hidden units speak "
        "for an answer of 1 (orange), two against it (blue).",
        size=(8, 4.6),
    ) as figure:
        draw_weights(figure, before, two.network)

    lesson.section(
        "How long should a step be?",
        "So far α = 1. The same network from the same initial weights, 50,000 updates, seven learning rates.",
    )
    sweep = {1.0: two}
    for rate in lesson.progress([rate for rate in RATES if rate != 1.0], "learning rates"):
        sweep[rate] = train((3, 4, 1), EITHER_OR, 50_000, {0, *curve[:-1]} & set(range(50_001)), rate)
    rates = {rate: sweep[rate].errors()[50_000] for rate in RATES}
    lesson.table(
        ["α", "mean |error| at 50,000", *(f"output {row[:2]}" for row in ("00", "01", "10", "11"))],
        [
            [f"{rate:g}", f"{error:.12f}", *(f"{out:.3f}" for out in sweep[rate].outputs[50_000].ravel())]
            for rate, error in rates.items()
        ],
    )
    with lesson.picture(
        "rates",
        "Seven learning rates. Left: the error on its way. Right: where it is after 50,000 updates. Small "
        "steps crawl; 10 is best here; 100 and 1000 jump so far that units end where the sigmoid is flat.",
        size=(9, 4.2),
    ) as figure:
        draw_rates(figure, {rate: sweep[rate].errors() for rate in RATES}, rates)
    lesson.section(
        "What goes wrong at 100 and 1000",
        """
        A large step makes large weights, they make large sums, and far from zero the sigmoid is flat:
        σ(1 − σ) is nearly 0 and so is every gradient behind it. With α = 100 the row 1 1 switches all hidden
        units off. Without a bias the output is then σ(0) = ½ whatever its weights are, and nothing calls the
        hidden units back. With α = 1000 the output unit itself answers the same to all rows, and half of
        these answers are wrong: the error is 0.5.
        """,
    )
    hidden = [hidden_outputs(sweep[rate].network)[3] for rate in (1.0, 100.0)]
    rows = [[f"α = {rate}", *(f"{h:.2g}" for h in row)] for rate, row in zip((1, 100), hidden, strict=True)]
    lesson.table(["hidden units for 1 1", "h₁", "h₂", "h₃", "h₄"], rows)

    lesson.section(
        "What the toy lacks",
        """
        A dozen lines cannot hold everything that makes networks work. Two of the missing parts first, at
        work on the same network from the same initial weights: the number of updates until the mean absolute
        error is below 0.01. Then the whole list; in digitnet each of them is one line.
        """,
    )
    steps = race(limit=0.01)
    lesson.table(["follows the gradient by", "updates to 0.01"], [[k, f"{n:,}"] for k, n in steps.items()])
    lesson.table(["missing", "in digitnet", "what it is good for"], LACKING)

    lesson.section(
        "What to try next",
        """
        - Draw the initial weights from ``legacy_rng(2)`` or another seed, and give the network two hidden
          units instead of four, or eight. Not every start arrives: how many of ten do?
        - Train the 3-1 network on AND (0 0 0 1) and OR (0 1 1 1). Why do these work?
        - Put ``use_bias=True`` in and ask again with α = 100: does the row 1 1 come back to life?
        - Four inputs, and the answer is whether the number of ones is odd. How many hidden units are enough?
        """,
    )
    milestones = [errors[k] for k in MILESTONES]
    return Figures(one.outputs[9_999], hopeless.outputs[10_000], milestones, by_hand, rates, steps)


def _rows(targets: Array, *outputs: Array) -> list[list[str]]:
    """A row an example: its inputs, what is wanted, and what came out."""
    return [
        [" ".join(f"{x:.0f}" for x in row), f"{y.item():.0f}", *(f"{out[i].item():.8f}" for out in outputs)]
        for i, (row, y) in enumerate(zip(INPUTS, targets, strict=True))
    ]


if __name__ == "__main__":
    main(run, __doc__)
