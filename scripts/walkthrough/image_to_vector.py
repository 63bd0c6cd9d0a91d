"""Logistic regression as a network: from a picture to a vector, from a vector to an answer.

The inputs so far were two or three numbers. How does a picture get into a network? A colour picture is a
box of numbers: for each row and column, how much red, green and blue. A network takes no boxes, it takes
vectors. So we read the box out in one long line, always in the same order, and each number becomes a
feature::

    picture (h, w, 3)   →   red (h, w), green (h, w), blue (h, w)   →   x (h · w · 3,)

The smallest network that can say yes or no to such a vector is a single unit. It has one weight for each
feature and a bias; its sigmoid turns the sum into a probability::

    z = w₁·x₁ + w₂·x₂ + … + b = wᵀx + b          a = σ(z) = 1 / (1 + e⁻ᶻ)

Statistics calls it logistic regression. The loss of one sample is the cross-entropy, how surprised the unit
is by the truth y; the cost of m samples is the mean of their losses::

    L(a, y) = −( y · log a + (1 − y) · log(1 − a) )          J = 1/m · Σ L

**The derivatives.** The chain rule goes through the unit from the back::

    dL/da = −y/a + (1 − y)/(1 − a)
    da/dz = a · (1 − a)
    dL/dz = dL/da · da/dz = −y·(1 − a) + (1 − y)·a = a − y
    dL/dw = (a − y) · x             dL/db = a − y

For m samples, one per row of X, with the answers and targets as columns, the mean of these is two products::

    dw = 1/m · Xᵀ·(A − Y)     (n, 1) = (n, m) · (m, 1)          db = 1/m · Σ (A − Y)

Then ``w ← w − α·dw`` and ``b ← b − α·db``, over and over. That is all that this lesson trains, and every
larger network is many of these units. In digitnet the unit is ``Dense(n, 1)`` and ``Sigmoid()``, the cost is
``BinaryCrossEntropy()``. (Some textbooks put each sample into a column of X; here it is a row.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from page.lesson import Lesson, main
from sections.computation_graph import Partial
from sections.one_unit import UnitFigures, chain_rule, mean_of_samples, train_unit
from sections.photo_lesson import PhotoFigures, show_photographs
from sections.photo_pictures import draw_unrolled
from sections.photos import SIZE, cut
from sections.vectorisation import Race, draw_races, races

from digitnet.nn import TimeDecay


@dataclass(frozen=True)
class Figures:
    """What the lesson finds.

    Attributes:
        partials: of one sample, by the chain rule and by differences.
        mean: the mean over the samples of dw1, dw2, db, each sample alone.
        decay: the learning rates of epochs 1 to 4.
    """

    unit: UnitFigures
    partials: list[Partial]
    mean: list[float]
    decay: list[float]
    races: list[Race]
    photographs: PhotoFigures


def run(lesson: Lesson) -> Figures:
    """The lesson, from pixels to a unit that tells two photographs apart."""
    _unroll(lesson)
    unit = train_unit(lesson)
    partials = chain_rule(lesson)
    mean = mean_of_samples(lesson, unit)
    found = _race(lesson)
    decay = _decay(lesson)
    photographs = show_photographs(lesson)
    lesson.section(
        "What to try next",
        """
        - In ``photo_lesson.train``, put ``Dense(inputs.shape[1], 16)`` and ``ReLU()`` before the unit, with a
          smaller rate. Do the leaves still pass for the flower?
        - Give the optimiser ``SGD(weight_decay=0.1)``. What becomes of the picture of the weights?
        - Unroll the crops colour by colour instead of pixel by pixel, with ``transpose(0, 3, 1, 2)``. Why is
          it only the places of the weights that change?
        """,
    )
    return Figures(unit, partials, mean, decay, found, photographs)


def _unroll(lesson: Lesson) -> None:
    lesson.section(
        "A picture is a box of numbers",
        f"""
        A crop of {SIZE} by {SIZE} pixels from the photograph of the palace. Its corner, six by six pixels,
        one matrix for each colour. Unrolled row by row, pixel by pixel, the number of row i, column j and
        colour c stands at place ``3·(width·i + j) + c``.
        """,
    )
    crops, _ = cut()
    # The crop of the palace in which red and blue differ most from place to place.
    palace = crops.images[crops.targets[:, 0] == 0].astype(int)
    contrast = (palace[..., 0] - palace[..., 2]).std(axis=(1, 2))
    image = palace[contrast.argmax()].astype(np.uint8)
    for channel, name in enumerate(("red", "green", "blue")):
        rows = np.array2string(image[:6, :6, channel]).splitlines()
        lesson.say(f"{name:6}" + "\n      ".join(rows))
    vector = image.reshape(-1)
    lesson.say(
        f"picture {image.shape}  →  three matrices {image.shape[:2]}  →  vector {vector.shape}\n"
        f"x = ({', '.join(map(str, vector[:9]))}, …)     red, green, blue of the first three pixels"
    )
    with lesson.picture(
        "vector",
        "The crop, its three matrices, and the start of the vector: the first 48 of its numbers, in the "
        "colour they stand for.",
        size=(10, 4),
    ) as figure:
        draw_unrolled(figure, image)


def _race(lesson: Lesson) -> list[Race]:
    lesson.section(
        "Why nobody writes loops: the same sums, timed",
        """
        A product of matrices is nothing but loops. But Python looks up the type of each number, makes an
        object of each result and decides anew what ``*`` means, millions of times. NumPy decides once and
        hands the whole arrays to a library that computes several numbers in one instruction. (To take single
        numbers out of a NumPy array is slow in itself; a loop over lists does better, and still loses.) The
        times are processor time, the least of several attempts, on the machine that made this page.
        """,
    )
    found = races()
    lesson.table(
        ["the same sums", "loop, ms", "product, ms", "times faster", "difference"],
        [
            [
                r.name,
                f"{1e3 * r.loop:.2f}",
                f"{1e3 * r.product:.4f}",
                f"{r.factor:.0f}",
                f"{r.difference:.0e}",
            ]
            for r in found
        ],
    )
    with lesson.picture("race", "The same results, by loops and by products.", size=(8.5, 3.6)) as figure:
        draw_races(figure, found)
    return found


def _decay(lesson: Lesson) -> list[float]:
    lesson.section(
        "A learning rate that decays",
        """
        Long steps at first, while the goal is far, shorter ones as it comes near::

            α = α₀ / (1 + decay · epoch)
        """,
    )
    schedule = TimeDecay(0.2, decay=1.0, steps_per_epoch=1)
    decay = [schedule(epoch) for epoch in range(1, 5)]
    lesson.say("α₀ = 0.2, decay = 1:  " + ", ".join(f"epoch {k}: {a:.4f}" for k, a in enumerate(decay, 1)))
    return decay


if __name__ == "__main__":
    main(run, __doc__)
