"""From a data set and a recipe to a trainer that is ready to start: split, examples, batches, network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.crew.members import headcount
from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches
from digitnet.data.dataset import Dataset, Split, hold_out, hold_out_last
from digitnet.data.fine_deformation import FineAugmenter
from digitnet.errors import ConfigurationError
from digitnet.evaluation import accuracy
from digitnet.geometry import CLASSES, MNIST_GEOMETRY, Geometry
from digitnet.imaging import to_inputs
from digitnet.nn import AdamW, Network, OneCycle, SoftmaxCrossEntropy, WeightAverage
from digitnet.principal_components import PrincipalComponents
from digitnet.recipes import Recipe, build_network
from digitnet.synthesis.corpus import Examples, font_digits, font_signs, non_digits, written_digits
from digitnet.synthesis.font_files import FontFile
from digitnet.training import EarlyStopping, Trainer


class RecipeTrainer(Trainer):
    """A trainer that knows whether its network sees pixels, or principal components of them.

    Attributes:
        components: or None, where it sees pixels.

    >>> from digitnet.data import load_digits
    >>> data = load_digits()
    >>> recipe = Recipe((8,), 1, 64, 1e-2, deformation=None, components=20)
    >>> trainer = build_trainer(*split(data, recipe, seed=0), data.geometry, recipe, seed=0)
    >>> trainer.network.in_features, trainer.picture_network().in_features
    (20, 64)
    """

    components: PrincipalComponents | None = None

    def picture_network(self) -> Network:
        """The network as one that takes pixels: a new one if it trains on components, else itself."""
        return self.components.folded_into(self.network) if self.components else self.network


def split(dataset: Dataset, recipe: Recipe, *, seed: int) -> tuple[Split, Split]:
    """The training split cut into what is trained on and what is validated on.

    >>> from digitnet.data import load_digits
    >>> from digitnet.recipes import RECIPES
    >>> train, validation = split(load_digits(), RECIPES["digits"], seed=0)
    >>> len(train.labels), len(validation.labels)
    (808, 90)
    """
    if dataset.grouped:
        return hold_out_last(dataset.train, recipe.validation)
    return hold_out(dataset.train, recipe.validation, seed=seed)


def build_trainer(
    train: Split,
    validation: Split,
    geometry: Geometry,
    recipe: Recipe,
    *,
    seed: int,
    checkpoint: Path | None = None,
    fonts: Sequence[FontFile] = (),
    processes: int | None = None,
) -> RecipeTrainer:
    """A trainer that is set up as the recipe says, with a new network.

    Args:
        train, validation: as :func:`split` gives them.
        geometry: of their pictures.
        recipe, seed, checkpoint, fonts, processes: as in :func:`~digitnet.fitting.fit`.

    Raises:
        ConfigurationError, ModelFileError: as :class:`~digitnet.training.Trainer` does.

    >>> from digitnet.data import load_digits
    >>> from digitnet.recipes import RECIPES
    >>> data, recipe = load_digits(), RECIPES["digits"]
    >>> trainer = build_trainer(*split(data, recipe, seed=0), data.geometry, recipe, seed=0)
    >>> next(trainer.epochs(1)).epoch
    1
    """
    network = build_network(geometry, recipe, np.random.default_rng([seed, 1]))
    examples = practice(train, geometry, recipe, fonts, seed=seed)
    components = None
    if recipe.components:
        rng = np.random.default_rng([seed, 3])
        components = PrincipalComponents.of_pictures(examples.images, geometry, recipe.components, rng=rng)

    def inputs(images: NDArray[np.uint8]) -> NDArray[Any]:
        return components.transform_pictures(images, geometry) if components else to_inputs(images, geometry)

    batches = _batches(inputs(examples.images), examples.labels, geometry, recipe, seed)
    trainer = RecipeTrainer(
        network,
        SoftmaxCrossEntropy(label_smoothing=recipe.label_smoothing),
        AdamW(beta2=recipe.beta2, weight_decay=recipe.weight_decay),
        OneCycle(recipe.learning_rate, total_steps=recipe.epochs * len(batches), warmup=recipe.warmup),
        batches,
        validation=(inputs(validation.images), validation.labels),
        metric=digit_accuracy,
        average=WeightAverage(recipe.average) if recipe.average else None,
        early_stopping=EarlyStopping(recipe.patience) if recipe.patience else None,
        checkpoint=checkpoint,
        processes=processes or headcount(network, batches, recipe.epochs),
    )
    trainer.components = components
    return trainer


def practice(
    train: Split, geometry: Geometry, recipe: Recipe, fonts: Sequence[FontFile], *, seed: int
) -> Examples:
    """The pictures that a recipe trains on: the training split, other handwriting and what is no digit.

    Raises:
        ConfigurationError: the recipe wants handwriting fonts and there are none, or another geometry.

    >>> from digitnet.data import load_digits
    >>> from digitnet.recipes import RECIPES
    >>> digits = load_digits()
    >>> practice(digits.train, digits.geometry, RECIPES["digits"], (), seed=0).images.shape
    (898, 8, 8)
    """
    examples = Examples(train.images, train.labels)
    if not recipe.wants_fonts:
        return examples
    if geometry != MNIST_GEOMETRY or not fonts:
        raise ConfigurationError(
            "Other handwriting is made for pictures laid out as MNIST's, from handwriting fonts; got "
            f"{geometry.size}×{geometry.size} pixels and {len(fonts)} fonts."
        )
    rng = np.random.default_rng([seed, 2])
    examples += written_digits(train, font_digits(fonts), recipe.written, rng)
    return examples + non_digits(examples, font_signs(fonts), recipe.non_digits, rng)


def digit_accuracy(outputs: NDArray[Any], labels: NDArray[Any]) -> float:
    """Share of the digits among the rows that are read right; 1 if there are none.

    Args:
        outputs: ``(n, 10)`` or ``(n, 11)`` logits or probabilities.
        labels: ``(n,)``, 10 for what is no digit; those rows do not count.

    >>> digit_accuracy(np.eye(11)[[3, 4, 10]], np.array([3, 5, 10]))
    0.5
    """
    digits = labels < CLASSES
    count = np.count_nonzero(digits)
    if 0 < count == len(labels):
        # Most data sets: nothing to pick out, which takes time, since every step is measured.
        return accuracy(outputs[:, :CLASSES], labels)
    return accuracy(outputs[digits, :CLASSES], labels[digits]) if count else 1.0


def _batches(
    inputs: NDArray[Any], labels: NDArray[np.int64], geometry: Geometry, recipe: Recipe, seed: int
) -> Batches:
    deformation = recipe.deformation
    settled = round(recipe.epochs * (1 - recipe.settle))
    return Batches(
        inputs,
        labels,
        batch_size=recipe.batch_size,
        seed=seed,
        augment=augmenter(geometry, recipe, deformation) if deformation else None,
        late_augment=(settled, augmenter(geometry, recipe, deformation.scaled(0.5)))
        if deformation and recipe.settle
        else None,
    )


def augmenter(geometry: Geometry, recipe: Recipe, deformation: Deformation) -> Augmenter | FineAugmenter:
    """What deforms a batch of pictures of the given geometry, on a grid as fine as the recipe says.

    >>> from digitnet.geometry import DIGITS_GEOMETRY
    >>> from digitnet.recipes import RECIPES
    >>> type(augmenter(DIGITS_GEOMETRY, RECIPES["digits"], Deformation())).__name__
    'FineAugmenter'
    """
    if recipe.fineness > 1:
        return FineAugmenter(geometry.size, deformation, factor=recipe.fineness)
    return Augmenter(geometry.size, deformation)
