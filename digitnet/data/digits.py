"""scikit-learn's digits: 1,797 pictures of 8×8 pixels that need no download."""

from __future__ import annotations

from typing import Literal

import numpy as np

from digitnet.data.dataset import Dataset, Split
from digitnet.errors import ConfigurationError, DataError
from digitnet.geometry import DIGITS_GEOMETRY

#: How :func:`load_digits` cuts the data set in two.
DigitsSplit = Literal["writers", "shuffled"]

_SOURCE = (
    'scikit-learn\'s digits: the test part of the UCI set "Optical Recognition of Handwritten Digits" '
    "(Alpaydin & Kaynak 1998), 1,797 pictures by 13 writers"
)
_WRITERS = (
    "The first half of the file trains and the second half tests, in file order. The file groups the "
    "writers, so the test asks about hands that were not trained on, save perhaps the one at the cut."
)
_SHUFFLED = (
    "Shuffled with seed {seed}, then cut in half. The same writers stand on both sides, which flatters "
    "the figure: expect worse on a hand that was not trained on."
)


def load_digits(split: DigitsSplit = "writers", *, seed: int = 0) -> Dataset:
    """scikit-learn's digits, cut into 898 images to train on and 899 to test on.

    Args:
        split: ``"writers"`` cuts the file in the middle, unshuffled, as scikit-learn's own example of
            digit recognition does. The file groups the writers, so this tells how well strange hands
            are read. ``"shuffled"`` mixes the writers first, which is easier and flatters the figure.
        seed: order of ``"shuffled"``; the same seed gives the same splits.

    Returns:
        A data set of geometry ``DIGITS_GEOMETRY``: images uint8 ``(n, 8, 8)`` with values 0 to 16,
        labels int64 ``(n,)``.

    Raises:
        ConfigurationError: there is no such split, or the seed is negative.
        DataError: scikit-learn is not installed.

    Reference: E. Alpaydin and C. Kaynak, "Cascading classifiers", Kybernetika 34 (1998).

    >>> load_digits().test.images.shape, load_digits("shuffled", seed=3).train.labels[:4].tolist()
    ((899, 8, 8), [2, 8, 8, 3])
    """
    if split not in ("writers", "shuffled"):
        raise ConfigurationError(f"The digits are split by 'writers' or 'shuffled'; got {split!r}.")
    if seed < 0:
        raise ConfigurationError(f"A seed must not be negative; got {seed}.")
    try:
        from sklearn.datasets import load_digits as load_bunch
    except ImportError as error:
        raise DataError(
            "The digits data set comes with scikit-learn, which is not installed; "
            "run `pip install 'digitnet[train]'`."
        ) from error
    bunch = load_bunch()
    images, labels = bunch.images.astype(np.uint8), bunch.target.astype(np.int64)
    how = _WRITERS
    if split == "shuffled":
        order = np.random.default_rng(seed).permutation(len(labels))
        images, labels = images[order], labels[order]
        how = _SHUFFLED.format(seed=seed)
    half = len(labels) // 2
    return Dataset(
        name="digits",
        geometry=DIGITS_GEOMETRY,
        train=Split("training", images[:half], labels[:half], how),
        test=Split("test", images[half:], labels[half:], how),
        description=f"{_SOURCE}. {how}",
        grouped=split == "writers",
    )
