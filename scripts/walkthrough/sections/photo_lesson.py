"""The part of lesson 5 in which one unit learns to tell crops of two photographs apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from page.lesson import Lesson

from digitnet.data import Batches
from digitnet.evaluation import error_interval
from digitnet.nn import SGD, BinaryCrossEntropy, Dense, Network, Sigmoid, TimeDecay, dense_layers
from digitnet.nn.initializers import zeros
from digitnet.progress import EpochReport
from digitnet.training import Trainer
from sections.photo_pictures import draw_crops, draw_curves, draw_split, draw_weight
from sections.photos import NAMES, Crops, cut
from sections.yes_or_no import right

EPOCHS = 300
RATE = 0.1
DECAY = 0.01


@dataclass(frozen=True)
class PhotoFigures:
    """What the unit learns from the photographs.

    Attributes:
        limit: the largest learning rate that is safe everywhere.
        decaying, constant: the reports of both trainings.
        errors, count: wrong and all held-out crops, with decay.
    """

    limit: float
    decaying: list[EpochReport]
    constant: list[EpochReport]
    errors: int
    count: int

    @property
    def accuracy(self) -> float:
        """Share of held-out crops that are told right."""
        return 1.0 - self.errors / self.count


def show_photographs(lesson: Lesson) -> PhotoFigures:
    """Data, training with and without decay, the weights, and what the unit says of some crops."""
    lesson.section(
        "Palace or flower?",
        """
        Two photographs, cut into crops of 32 by 32 pixels: which of the two is a crop from? To hold out
        crops honestly, no pixel may be in both sets: the photographs are ruled into blocks, one block in
        five is for testing, and no crop crosses a border.
        """,
    )
    training, test = cut()
    lesson.say(
        f"training: pictures {training.images.shape} → inputs {training.inputs.shape}, targets "
        f"{training.targets.shape}\nheld out: pictures {test.images.shape} → inputs {test.inputs.shape}"
    )
    with lesson.picture(
        "photographs", "The two photographs; the framed blocks are held out.", size=(9.5, 3.4)
    ) as figure:
        draw_split(figure)

    lesson.section(
        "Decay at work",
        """
        How long may a step be? In a valley of curvature c a rate below 2/c comes to rest. For the logistic
        unit c is at most λ/4: the slope of σ is at most ¼, and λ, the largest eigenvalue of ``XᵀX/m``, is the
        mean square of the inputs along the direction in which they are largest. So any rate below 8/λ is
        safe, and slow. We start above it on purpose, once with decay and once without.
        """,
    )
    limit = 8.0 / float(np.linalg.norm(training.inputs, 2) ** 2 / len(training.inputs))
    network, decaying = train(training, test, DECAY)
    _, constant = train(training, test, decay=0.0)
    lesson.say(f"safe below α = 8/λ = {limit:.4f}; both start at {RATE}")
    lesson.table(
        ["epoch", "α", "cost", "held-out cost", "held out right", "constant α: cost", "held out right"],
        [
            [
                one.epoch,
                f"{one.learning_rate:.4f}",
                f"{one.training_loss:.3f}",
                f"{one.validation_loss:.3f}",
                f"{one.validation_metric:.3f}",
                f"{other.training_loss:.3f}",
                f"{other.validation_metric:.3f}",
            ]
            for one, other in zip(decaying, constant, strict=True)
            if one.epoch in (1, 2, 5, 10, 25, 50, 100, 150, 200, 250, EPOCHS)
        ],
    )
    with lesson.picture(
        "learning",
        "Cost and share of held-out crops told right. With a constant rate each step overshoots, and where "
        "training stops is luck; with decay the same start settles, long before the rate is small enough to "
        "be safe everywhere.",
        size=(8.5, 3.8),
    ) as figure:
        draw_curves(figure, decaying, constant, limit)

    lesson.section(
        "What the unit has learned",
        """
        It has a weight for each number of the vector, so the weights can be rolled up again into a
        picture of the same size. Where it is orange, light of that colour speaks for the flower, where it is
        blue, for the palace. One unit can only add up evidence, pixel by pixel. It cannot say "dark or
        orange, but neither sky nor leaves": that takes an or, and an or takes hidden units. Which crops fool
        it shows what is missing.
        """,
    )
    wrong = int(((network.predict(test.inputs) > 0.5) != (test.targets > 0.5)).sum())
    low, high = (1.0 - error for error in reversed(error_interval(wrong, len(test.images))))
    figures = PhotoFigures(limit, decaying, constant, wrong, len(test.images))
    lesson.say(
        f"{len(test.images) - wrong} of {len(test.images)} held-out crops right, {figures.accuracy:.0%} "
        f"(95% interval {low:.0%} to {high:.0%}); guessing gives half."
    )
    (dense,) = dense_layers(network.layers)
    with lesson.picture(
        "weights", "The learned weights, rolled up again: one matrix for each colour.", size=(9, 3.2)
    ) as figure:
        draw_weight(figure, dense.weight[:, 0].reshape(training.images.shape[1:]))
    with lesson.picture(
        "crops",
        "Held-out crops; above each, what it is and the unit's probability of flower. Those it is surest of, "
        "those it cannot decide, and those it gets most wrong; orange frames are mistakes.",
        size=(8, 3.9),
    ) as figure:
        draw_crops(figure, test, network.predict(test.inputs)[:, 0])
    lesson.say(
        "Right by photograph: "
        + ", ".join(f"{name} {_share(network, test, label):.0%}" for label, name in enumerate(NAMES))
    )
    return figures


def _share(network: Network, crops: Crops, label: int) -> float:
    chosen = crops.targets[:, 0] == label
    return right(network.predict(crops.inputs[chosen]), crops.targets[chosen])


def train(training: Crops, test: Crops, decay: float) -> tuple[Network, list[EpochReport]]:
    """Gradient descent from zero weights: one step an epoch, over all training crops."""
    inputs = training.inputs
    dense = Dense(inputs.shape[1], 1, initializer=zeros)
    network = Network([dense, Sigmoid()], rng=np.random.default_rng(0), dtype=np.float64)
    trainer = Trainer(
        network,
        BinaryCrossEntropy(),
        SGD(),
        TimeDecay(RATE, decay=decay, steps_per_epoch=1),
        Batches(inputs, training.targets, batch_size=len(inputs), seed=0, shuffle=False, dtype=np.float64),
        validation=(test.inputs, test.targets),
        metric=right,
    )
    return network, list(trainer.epochs(EPOCHS))
