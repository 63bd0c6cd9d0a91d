"""What a network practises when it learns something new: the new, and enough of the old."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.data.augment import Deformation
from digitnet.data.dataset import Dataset, Split
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.model_file import Model
from digitnet.recipes import RECIPES, Recipe
from digitnet.synthesis.corpus import Examples, font_digits, font_signs, non_digits, written_digits
from digitnet.synthesis.font_files import FontFile

#: The share of an epoch's pictures that corrections make up, if none has to come too often for it.
SHARE = 0.25
#: How often a correction comes in an epoch, at most, each time deformed anew.
MOST_OFTEN = 40
#: From so many corrections on, some are held out.
ENOUGH = 20
#: The share of them that is.
HELD_OUT = 0.2


def recipe_of(model: Model, dataset: Dataset) -> Recipe:
    """The recipe that a model was trained by, as its provenance has it, else the data set's own.

    >>> from digitnet.data import load_digits
    >>> from digitnet.model_file import load_model
    >>> recipe_of(load_model("models/digits.safetensors"), load_digits()) == RECIPES["digits"]
    True
    """
    values: Any = model.provenance.get("recipe")
    try:
        deformation = values["deformation"]
        return Recipe(
            **{
                **values,
                "hidden": tuple(values["hidden"]),
                "deformation": Deformation(**deformation) if deformation else None,
            }
        )
    except (KeyError, TypeError, ValueError):  # of another version, or no digitnet's
        return RECIPES["handwriting" if model.knows_non_digits else dataset.name]


def replay(
    train: Split,
    model: Model,
    recipe: Recipe,
    fonts: Sequence[FontFile] = (),
    *,
    count: int,
    rng: np.random.Generator,
) -> Examples:
    """Pictures of all the kinds that a model was trained on, in the shares that they had.

    The kinds that need handwriting fonts are left out where there are no fonts, and the others of their
    family take their place.

    Args:
        train: what it was trained on of the data set; drawn from in turn, so that all come equally often.
        model: the pictures are for.
        recipe: it was trained by.
        fonts: handwriting fonts, or none.
        count: how many pictures.
        rng: decides everything.

    >>> from digitnet.data import load_digits
    >>> from digitnet.model_file import load_model
    >>> model, digits = load_model("models/digits.safetensors"), load_digits()
    >>> rng = np.random.default_rng(0)
    >>> replay(digits.train, model, RECIPES["digits"], count=1000, rng=rng).images.shape
    (1000, 8, 8)
    """
    written = others = 0
    if model.geometry == MNIST_GEOMETRY:
        total = len(train) + recipe.written + recipe.non_digits
        written = round(count * recipe.written / total)
        others = round(count * recipe.non_digits / total) if model.knows_non_digits else 0
    rows = _in_turn(len(train), count - written - others, rng)
    examples = Examples(train.images[rows], train.labels[rows])
    if written:
        examples += written_digits(train, font_digits(fonts), written, rng)
    if others:
        examples += non_digits(examples, font_signs(fonts), others, rng)
    return examples


def _in_turn(total: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``count`` numbers below ``total``, each of them once before any comes again."""
    rounds = -(-count // total)
    return np.concatenate([rng.permutation(total) for _ in range(rounds)])[:count]


def hold_out_some(corrections: Examples, rng: np.random.Generator) -> tuple[Examples, Examples]:
    """Corrections to practise and to measure on: equal pictures are on the same side, few are all practised.

    >>> corrections = Examples(np.arange(25 * 64).reshape(25, 8, 8) // 64, np.zeros(25, np.int64))
    >>> [len(part.labels) for part in hold_out_some(corrections, np.random.default_rng(0))]
    [20, 5]
    """
    total = len(corrections.labels)
    held = np.zeros(total, np.bool_)
    if total >= ENOUGH:
        _, group = np.unique(corrections.images.reshape(total, -1), axis=0, return_inverse=True)
        groups = int(group.max()) + 1
        held = np.isin(group.reshape(-1), rng.permutation(groups)[: int(HELD_OUT * groups)])
    return _rows(corrections, ~held), _rows(corrections, held)


def _rows(examples: Examples, rows: NDArray[Any]) -> Examples:
    return Examples(examples.images[rows], examples.labels[rows])


def mixed(corrections: Examples, old: Examples) -> Examples:
    """Each correction as often as its share asks for, and what is replayed once.

    >>> corrections = Examples(np.ones((2, 8, 8), np.uint8), np.array([3, 7]))
    >>> old = Examples(np.ones((30, 8, 8), np.uint8), np.zeros(30, np.int64))
    >>> np.bincount(mixed(corrections, old).labels)
    array([30,  0,  0,  5,  0,  0,  0,  5])
    """
    wanted = round(SHARE / (1 - SHARE) * len(old.labels) / len(corrections.labels))
    times = min(max(wanted, 1), MOST_OFTEN)
    return _rows(corrections, np.tile(np.arange(len(corrections.labels)), times)) + old
