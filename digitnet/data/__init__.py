"""Data sets of handwritten digits, in splits that say how they were made."""

from __future__ import annotations

import os
from typing import Literal

from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches, EpochPlan, RowAugmentation
from digitnet.data.dataset import Dataset, Split, hold_out, hold_out_last
from digitnet.data.digits import DigitsSplit, load_digits
from digitnet.data.idx import read_idx
from digitnet.data.mnist import load_mnist
from digitnet.errors import ConfigurationError

__all__ = [
    "Augmenter",
    "Batches",
    "Dataset",
    "Deformation",
    "EpochPlan",
    "RowAugmentation",
    "Split",
    "hold_out",
    "hold_out_last",
    "load",
    "load_digits",
    "load_mnist",
    "read_idx",
]


def load(
    name: Literal["digits", "mnist"],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    split: DigitsSplit = "writers",
    progress: bool = False,
) -> Dataset:
    """Load a data set by its name.

    Args:
        name: ``"digits"`` for :func:`load_digits`, ``"mnist"`` for :func:`load_mnist`.
        data_dir: folder with the four MNIST files; the digits need none.
        split: how the digits are cut; MNIST comes in a split of its own, whose writers differ too.
        progress: whether to draw progress bars on standard error while downloading.

    Raises:
        ConfigurationError: there is no such data set, or it does not take what was given.
        DataError: the data cannot be found or are damaged.

    >>> load("digits").train.images.shape
    (898, 8, 8)
    """
    if name == "digits":
        if data_dir is not None:
            raise ConfigurationError(
                f"The digits come with scikit-learn and take no data folder; got {os.fspath(data_dir)}. "
                "Leave the folder out, or ask for the data set 'mnist'."
            )
        return load_digits(split)
    if name == "mnist":
        if split != "writers":
            raise ConfigurationError(
                f"MNIST comes in a split of its own, by writers; got the split {split!r}. "
                "Leave the split out, or ask for the data set 'digits'."
            )
        return load_mnist(data_dir, progress=progress)
    raise ConfigurationError(f"The data sets are 'digits' and 'mnist'; got {name!r}.")
