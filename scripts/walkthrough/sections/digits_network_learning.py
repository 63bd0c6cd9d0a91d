"""How the network that reads digits learns, and how its layers untangle what they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from page.lesson import Lesson
from threadpoolctl import threadpool_limits

from digitnet.data import Dataset
from digitnet.evaluation import accuracy, error_interval
from digitnet.imaging import to_inputs
from digitnet.model_file import Model
from digitnet.network_plots import stages
from digitnet.nn import Network
from digitnet.preparation import build_trainer, split
from digitnet.progress import EpochReport
from digitnet.recipes import RECIPES
from sections import digits_network_pictures as pictures

Array = NDArray[Any]
#: The epochs after which the weights are kept for the animation: often at first, when most happens.
FRAMES = sorted({round(200 ** (step / 40)) for step in range(41)})


@dataclass(frozen=True)
class Watched:
    """A training run that was watched: the parameters after some epochs, by number; 0 are the random ones."""

    network: Network
    history: list[EpochReport]
    snapshots: dict[int, Array]


def learning(lesson: Lesson, data: Dataset, inputs: Array, model: Model) -> Watched:
    """Train as the shipped model was trained, and watch."""
    recipe = RECIPES["digits"]
    train, validation = split(data, recipe, seed=0)
    lesson.section(
        f"{recipe.epochs} times through {len(train.labels)} pictures",
        f"""
        This is the recipe of the shipped model, with nothing left out: mini-batches of {recipe.batch_size},
        the optimiser AdamW, which fits the length of each weight's steps to its past gradients, a learning
        rate that rises and falls, and before every step each picture is
        turned, sheared and bent a little, so that the network never sees the same one twice. The last
        {len(validation.labels)} pictures of the training half are held out, to watch the loss on hands
        that are not trained on.
        """,
    )
    trainer = build_trainer(train, validation, data.geometry, recipe, seed=0)
    network = trainer.network
    snapshots = {0: network.parameters.copy()}
    with threadpool_limits(recipe.threads, user_api="blas"):  # its matrices are too small to share
        for report in lesson.progress(trainer.epochs(recipe.epochs), "training"):
            if report.epoch in FRAMES:
                snapshots[report.epoch] = network.parameters.copy()
    # When the loop has ended, the network holds the average of its weights.
    snapshots[recipe.epochs] = network.parameters.copy()
    lesson.table(
        [
            "epoch",
            "learning rate",
            "training loss",
            "validation loss",
            "training errors",
            "validation errors",
        ],
        [
            (
                report.epoch,
                f"{report.learning_rate:.6f}",
                f"{report.training_loss:.3f}",
                f"{report.validation_loss:.3f}",
                f"{1 - report.training_metric:.1%}",
                f"{1 - report.validation_metric:.1%}",
            )
            for report in trainer.history
            if report.epoch in (1, 2, 5, 10, 20, 50, 100, 150, 200)
        ],
    )
    wrong = int((network.predict(inputs).argmax(axis=1) != data.test.labels).sum())
    low, high = error_interval(wrong, len(inputs))
    difference = np.abs(network.parameters - model.network.parameters).max()
    wanted = 1 - recipe.label_smoothing + recipe.label_smoothing / 10
    lesson.say(
        f"Strange hands: {len(inputs) - wrong} of {len(inputs)} read right, {1 - wrong / len(inputs):.2%}.\n"
        f"So few errors leave room for luck: the error rate lies between {low:.1%} and {high:.1%}.\n"
        f"Largest difference of any weight from those of the shipped model: {difference:.1e}."
    )
    with lesson.picture(
        "learning-curves",
        "Loss and errors against the epoch. Training lies above validation here, because training pictures "
        "are bent and so are harder, and because validation is measured with a running mean of the weights. "
        f"The loss stays above zero by design: smoothed labels ask for a probability of {wanted:.2f}, not 1.",
        size=(8, 3.4),
    ) as figure:
        pictures.learning_curves(figure, trainer.history)
    return Watched(network, trainer.history, snapshots)


def layer_by_layer(lesson: Lesson, watched: Watched, data: Dataset, inputs: Array) -> dict[str, float]:
    """How each layer makes the digits easier to tell apart."""
    lesson.section(
        "Untangled layer by layer",
        """
        What do the layers between do? Ask each of them the simplest question there is: to the middle of
        which digit is this picture nearest? The middle of the sevens is the mean of all sevens of the
        training half, as that layer sees them. If seeing like this layer makes the digits form clouds that
        lie well apart, the question is answered well, without any further training.
        """,
    )
    network = watched.network
    training = to_inputs(data.train.images, data.geometry)
    names = ["the pixels", "the first hidden layer", "the second hidden layer", "the logits"]
    untangled = {
        name: _nearest_middle(seen, data.train.labels, asked, data.test.labels)
        for name, seen, asked in zip(
            names, [training, *stages(network, training)], [inputs, *stages(network, inputs)], strict=True
        )
    }
    lesson.table(
        ["seen by", "read right by the nearest middle"],
        [(name, f"{share:.1%}") for name, share in untangled.items()],
    )
    lesson.animation(
        "untangling",
        "Three hundred test digits as the second hidden layer sees them while the network learns. Of its "
        f"{network.layers[-1].in_features} dimensions two are shown, in every frame the same: in them the "
        "digits differ most in the end.",
        pictures.untangling(network, watched.snapshots, inputs[::3], data.test.labels[::3]),
        size=(6.4, 5.2),
        seconds_per_frame=0.16,
    )
    return untangled


def _nearest_middle(seen: Array, seen_labels: Array, asked: Array, labels: Array) -> float:
    middles = np.stack([seen[seen_labels == digit].mean(axis=0) for digit in range(10)])
    distances = ((asked[:, None] - middles) ** 2).sum(axis=2)
    return accuracy(-distances, labels)
