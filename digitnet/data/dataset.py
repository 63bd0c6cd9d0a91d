"""Labelled digit images in splits that say how they were made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError, DataError
from digitnet.geometry import CLASSES, Geometry


@dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels, in one order.

    The arrays are kept without copying, as read-only views: what a split holds does not change.

    Attributes:
        name: what the split is for, such as ``"training"``, ``"validation"`` or ``"test"``.
        images: uint8 of shape ``(n, size, size)``, ink bright on a background of 0.
        labels: int64 of shape ``(n,)``, each from 0 to 9.
        description: how the split was made, for a reader.

    Raises:
        DataError: the arrays have another dtype or shape, differ in length, are empty, or a label is
            not a digit.

    >>> split = Split("training", np.zeros((2, 8, 8), np.uint8), np.array([3, 7], np.int64))
    >>> len(split), split.images.shape
    (2, (2, 8, 8))
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    description: str = ""

    def __post_init__(self) -> None:
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1] != images.shape[2]:
            raise DataError(
                f"The images of the {self.name} split must be uint8 of shape (n, size, size); "
                f"got {images.dtype} of shape {images.shape}."
            )
        if labels.dtype != np.int64 or labels.ndim != 1:
            raise DataError(
                f"The labels of the {self.name} split must be int64 of shape (n,); "
                f"got {labels.dtype} of shape {labels.shape}."
            )
        if len(images) != len(labels):
            raise DataError(
                f"The {self.name} split needs one label for each image; "
                f"got {len(images)} images and {len(labels)} labels."
            )
        if images.size == 0:
            raise DataError(f"The {self.name} split needs at least one image; got none.")
        if labels.min() < 0 or labels.max() >= CLASSES:
            raise DataError(
                f"The labels of the {self.name} split must lie between 0 and {CLASSES - 1}; "
                f"got {labels.min()} to {labels.max()}."
            )
        for field, array in (("images", images), ("labels", labels)):
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self) -> NDArray[np.int64]:
        """How many images there are of each digit: int64 of shape ``(10,)``."""
        return np.bincount(self.labels, minlength=CLASSES).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training split and a test split of one kind of picture.

    Attributes:
        name: the data set's short name, such as ``"mnist"``.
        geometry: size of the pictures, and how a digit sits in them.
        train: what may be learnt from; :func:`hold_out` cuts a validation split from it.
        test: what is only measured on.
        description: where the images come from and how the two splits were made, for a reader.
        grouped: whether the training split's order groups writers. Its end then holds writers that the
            rest does not, and is the honest place to take a validation split from.

    Raises:
        DataError: a split's images have another size, or brighter pixels, than the geometry says.

    >>> from digitnet.data import load_digits
    >>> digits = load_digits()
    >>> digits.name, len(digits.train), len(digits.test), digits.geometry.size, digits.grouped
    ('digits', 898, 899, 8, True)
    """

    name: str
    geometry: Geometry
    train: Split
    test: Split
    description: str
    grouped: bool = False

    def __post_init__(self) -> None:
        size, levels = self.geometry.size, self.geometry.levels
        for split in (self.train, self.test):
            if split.images.shape[1] != size:
                raise DataError(
                    f"The images of {self.name}'s {split.name} split must be {size}×{size} pixels; "
                    f"got {split.images.shape[1]}×{split.images.shape[2]}."
                )
            if (brightest := int(split.images.max())) > levels:
                raise DataError(
                    f"The pixels of {self.name}'s {split.name} split must lie between 0 and {levels}; "
                    f"got a pixel of {brightest}."
                )


def hold_out(split: Split, amount: float, seed: int = 0) -> tuple[Split, Split]:
    """Cut a validation split from a training split, at random but with the same mix of digits.

    Each digit gives its share of the validation split, rounded by largest remainder so that the total
    is exact. Both results keep the order of ``split``; together they hold each of its images once.
    Images are drawn without regard to who wrote them, so writers may stand on both sides.

    Args:
        split: the split to cut.
        amount: how much goes to validation: a number of images if an int, a fraction if a float.
        seed: the same seed gives the same cut.

    Returns:
        The training split and the validation split.

    Raises:
        ConfigurationError: one of the two would be left empty, or the seed is negative.

    >>> whole = Split("training", np.zeros((40, 8, 8), np.uint8), np.arange(40) % 10)
    >>> train, validation = hold_out(whole, 0.25, seed=1)
    >>> len(train), validation.counts().tolist()
    (30, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    """
    total = len(split)
    count = _count(amount, total)
    if seed < 0:
        raise ConfigurationError(f"A seed must not be negative; got {seed}.")
    rng = np.random.default_rng(seed)
    per_class = split.counts()
    # Whole numbers throughout: a fraction's rounding must not depend on the machine.
    quota, remainder = np.divmod(per_class * count, total)
    quota[np.argsort(-remainder, kind="stable")[: count - quota.sum()]] += 1
    held = np.zeros(total, dtype=bool)
    for digit, wanted in enumerate(quota):
        held[rng.permutation(np.flatnonzero(split.labels == digit))[:wanted]] = True
    source = f"of the {total:,} images of the {split.name} split"
    drawn = f"drawn at random with seed {seed}, each digit in proportion"
    return (
        Split(
            "training",
            split.images[~held],
            split.labels[~held],
            f"{total - count:,} {source}; the other {count:,} were {drawn}, for validation.",
        ),
        Split(
            "validation",
            split.images[held],
            split.labels[held],
            f"{count:,} {source}, {drawn}; writers may stand on both sides.",
        ),
    )


def hold_out_last(split: Split, amount: float) -> tuple[Split, Split]:
    """Cut the end of a training split off as validation split.

    For splits whose order groups writers: those at the end are then strangers to the training split,
    as the writers of the test split are.

    Args:
        split: the split to cut.
        amount: how much goes to validation: a number of images if an int, a fraction if a float.

    Returns:
        The training split and the validation split.

    Raises:
        ConfigurationError: one of the two would be left empty.

    >>> whole = Split("training", np.zeros((40, 8, 8), np.uint8), np.arange(40) % 10)
    >>> [len(part) for part in hold_out_last(whole, 10)]
    [30, 10]
    """
    total = len(split)
    kept = total - _count(amount, total)
    source = f"of the {total:,} images of the {split.name} split, in file order"
    return (
        Split("training", split.images[:kept], split.labels[:kept], f"The first {kept:,} {source}."),
        Split(
            "validation",
            split.images[kept:],
            split.labels[kept:],
            f"The last {total - kept:,} {source}: their writers are hardly among the others.",
        ),
    )


def _count(amount: float, total: int) -> int:
    """The amount, a number or a fraction, as a number of images that leaves something on both sides."""
    count = int(amount) if isinstance(amount, (int, np.integer)) else _share(amount, total)
    if not 0 < count < total:
        raise ConfigurationError(
            f"A validation split must leave something on both sides; got {amount} of {total} images. "
            f"Give a count from 1 to {total - 1}, or a fraction between 0 and 1."
        )
    return count


def _share(fraction: float, total: int) -> int:
    """The fraction as a number of images; 0, which is refused, for what is no fraction."""
    return round(fraction * total) if 0 < fraction < 1 else 0
