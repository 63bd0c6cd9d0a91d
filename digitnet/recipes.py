"""Recipes that are known to work: everything about a training run but the data and the seed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from digitnet.data.augment import Deformation
from digitnet.errors import ConfigurationError
from digitnet.geometry import CLASSES, Geometry
from digitnet.nn import BatchNorm, Dense, Dropout, Layer, Network, ReLU


@dataclass(frozen=True)
class Recipe:
    """Everything about a training run but the data and the seed.

    Attributes:
        hidden: widths of the hidden layers, each Dense, BatchNorm if wanted, and ReLU.
        epochs: passes through the training split; the learning rate's cycle spans them.
        batch_size: pictures in a step.
        learning_rate: peak of the one-cycle schedule.
        warmup: share of the steps in which the learning rate rises.
        beta2: of AdamW, how long the mean square of a gradient remembers.
        weight_decay: of AdamW.
        dropout: rate after each hidden layer.
        label_smoothing: share of each target that is spread evenly over the classes (Szegedy et al. 2016).
        batch_norm: whether each hidden layer is normalised over the batch before its ReLU.
        average: decay of the moving average of the weights, or None.
        validation: share of the training split that is held out.
        deformation: applied anew to every picture in every epoch, or None.
        fineness: pictures are deformed on a grid so many times as fine; 1 deforms them as they are.
        settle: share of the epochs, at the end, in which the deformation has half its strength.
        written: so many pictures of other hands, pens and cameras join the training split.
        non_digits: so many pictures of what is no digit join it, and the network has an output for them.
        patience: epochs without progress before training stops early, or None.
        components: the network trains on so many principal components of the pictures, at most, in place of
            their pixels: its first layer is narrow, and takes pixels once training is over. None for pixels.
        threads: of the matrix products, or None for the library's choice. A narrow network's products
            are too short to share: on a busy machine its threads mostly wait for one another.

    >>> Recipe(hidden=(32,), epochs=5, batch_size=64, learning_rate=1e-3).weight_decay
    0.01

    Raises:
        ConfigurationError: no hidden layer or epoch, a negative number of pictures, a share outside [0, 1),
            or components of pictures that are deformed anew in every epoch.
    """

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.2
    beta2: float = 0.999
    weight_decay: float = 0.01
    dropout: float = 0.0
    label_smoothing: float = 0.0
    batch_norm: bool = False
    average: float | None = 0.999
    validation: float = 0.1
    deformation: Deformation | None = field(default_factory=Deformation)
    fineness: int = 1
    settle: float = 0.0
    written: int = 0
    non_digits: int = 0
    patience: int | None = None
    components: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1 or self.epochs < 1:
            raise ConfigurationError(
                "A recipe needs at least one hidden layer, each with at least one unit, and at least one "
                f"epoch; got hidden layers {self.hidden} and {self.epochs} epochs."
            )
        if min(self.written, self.non_digits) < 0 or not 0 <= self.settle < 1:
            raise ConfigurationError(
                "Numbers of pictures are not negative and the share of epochs to settle in lies in [0, 1); "
                f"got {self.written}, {self.non_digits} and {self.settle}."
            )
        if self.components is not None and (self.components < 1 or self.deformation):
            raise ConfigurationError(
                "Principal components are one at least, and are computed once, of pictures that stay as they "
                f"are; got components={self.components} and deformation={self.deformation}. Leave out one of "
                "the two."
            )

    @property
    def wants_fonts(self) -> bool:
        """Whether the recipe needs handwriting fonts."""
        return bool(self.written or self.non_digits)


#: The recipes by name. ``digits`` and ``handwriting`` made the shipped models, ``mnist`` is for MNIST alone.
RECIPES: dict[str, Recipe] = {
    # Distances are in pixels, and those of the 8×8 pictures are three to four times as large.
    "digits": Recipe(
        hidden=(256, 256),
        epochs=200,
        batch_size=64,
        learning_rate=3e-3,
        label_smoothing=0.1,
        average=0.99,
        deformation=Deformation(rotation=10, shear=15, scale=0.1, shift=0.5, elastic=0.45, smoothness=2.0),
        fineness=2,
        threads=1,
    ),
    # The shortest way to 98 % on MNIST: a second instead of minutes. With so few steps the rate is high, and
    # the squares of the gradients are forgotten quickly.
    "fast": Recipe(
        hidden=(384,),
        epochs=4,
        batch_size=192,
        learning_rate=1.6e-2,
        beta2=0.95,
        label_smoothing=0.1,
        average=None,
        validation=1 / 30,
        deformation=None,
        components=64,
    ),
    "mnist": Recipe(hidden=(1024, 512), epochs=40, batch_size=256, learning_rate=2e-3, validation=1 / 12),
    "handwriting": Recipe(
        hidden=(1536, 1024, 512),
        epochs=100,
        batch_size=512,
        learning_rate=2e-3,
        batch_norm=True,
        validation=1 / 12,
        settle=0.15,
        written=35_000,
        non_digits=60_000,
    ),
}


def build_network(geometry: Geometry, recipe: Recipe, rng: np.random.Generator) -> Network:
    """The recipe's network for pictures of the given geometry, with fresh weights.

    It takes pixels, or as many principal components as the recipe trains on. It has ten outputs, or eleven
    with one for what is no digit.

    >>> from digitnet.geometry import DIGITS_GEOMETRY
    >>> network = build_network(DIGITS_GEOMETRY, RECIPES["digits"], np.random.default_rng(0))
    >>> network.in_features, network.out_features, network.parameters.size
    (64, 10, 85002)
    """
    layers: list[Layer] = []
    width = min(recipe.components or geometry.features, geometry.features)
    for hidden in recipe.hidden:
        layers.append(Dense(width, hidden))
        if recipe.batch_norm:
            layers.append(BatchNorm(hidden))
        layers.append(ReLU())
        if recipe.dropout:
            layers.append(Dropout(recipe.dropout))
        width = hidden
    outputs = CLASSES + 1 if recipe.non_digits else CLASSES
    return Network([*layers, Dense(width, outputs)], rng=rng)
