"""MNIST: 70,000 pictures of 28×28 pixels, from a folder, from the cache or from the web."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitnet.data.dataset import Dataset, Split
from digitnet.data.download import RemoteFile, default_cache, fetch
from digitnet.data.idx import encode_idx, read_idx
from digitnet.errors import DataError
from digitnet.geometry import MNIST_GEOMETRY

MNIST_FILES = (
    RemoteFile("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"),
    RemoteFile("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"),
    RemoteFile("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"),
    RemoteFile("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637"),
)
"""Training images and labels, test images and labels, each with the MD5 of its unpacked content."""

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)

MIRROR_VARIABLE = "DIGITNET_MNIST_URL"


def load_mnist(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    progress: bool = False,
    cache_dir: Path | None = None,
    mirrors: Sequence[str] | None = None,
    files: Sequence[RemoteFile] = MNIST_FILES,
) -> Dataset:
    """MNIST in its own split: 60,000 images to train on and 10,000 to test on.

    A folder given as ``data_dir`` is the only place looked at. What lies there may also be other digits
    in MNIST's format, so its structure is checked strictly but its content is free; the description of
    the result says whether the content is the original, by its MD5. In the cache and in a download,
    only the original will do.

    Args:
        data_dir: folder with the four files, gzipped or not, spelled ``train-images-idx3-ubyte`` or
            ``train-images.idx3-ubyte``, with or without ``.gz``.
        progress: whether to draw progress bars on standard error while downloading.
        cache_dir: where downloads are kept; ``mnist`` in the user's cache folder for digitnet if None.
        mirrors: addresses to download from, in order; if None, the one in the environment variable
            DIGITNET_MNIST_URL, or else ``MNIST_MIRRORS``.
        files: names and MD5s of training images, training labels, test images and test labels.

    Returns:
        A data set of geometry ``MNIST_GEOMETRY``: images uint8 ``(n, 28, 28)``, labels int64 ``(n,)``.

    Raises:
        DataError: a file is missing, damaged or not of MNIST's format, or cannot be downloaded.

    Reference: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits" (1998).

    Two pictures in MNIST's format, as your own would be:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     images, labels = np.full((2, 28, 28), 9, np.uint8), np.array([4, 2], np.uint8)
    ...     for name in ("train", "t10k"):
    ...         _ = (Path(folder) / f"{name}-images-idx3-ubyte").write_bytes(encode_idx(images))
    ...         _ = (Path(folder) / f"{name}-labels-idx1-ubyte").write_bytes(encode_idx(labels))
    ...     load_mnist(folder).train.labels
    array([4, 2])
    """
    if data_dir is not None:
        paths = _find_files(Path(data_dir), files)
    else:
        if mirrors is None:
            chosen = os.environ.get(MIRROR_VARIABLE)
            mirrors = (chosen,) if chosen else MNIST_MIRRORS
        paths = fetch(files, cache_dir or default_cache() / "mnist", mirrors, progress=progress)
    arrays = [read_idx(path, dimensions=3 if i % 2 == 0 else 1) for i, path in enumerate(paths)]
    original = all(_md5(array) == file.md5 for array, file in zip(arrays, files, strict=True))
    train = _split("training", arrays[0], arrays[1], paths[0], paths[1])
    test = _split("test", arrays[2], arrays[3], paths[2], paths[3])
    return Dataset("mnist", MNIST_GEOMETRY, train, test, _describe(train, test, original))


def _find_files(folder: Path, files: Sequence[RemoteFile]) -> list[Path]:
    if not folder.is_dir():
        raise DataError(
            f"The data folder {folder} does not exist or is not a folder; "
            f"name one that holds {', '.join(file.name + '.gz' for file in files)}."
        )
    found: dict[str, Path] = {}
    for file in files:
        for stem in (file.name, file.name.replace("-idx", ".idx")):
            for name in (stem, f"{stem}.gz"):
                # A folder may bear the name: some unpackers make one for each file.
                if (folder / name).is_file():
                    found.setdefault(file.name, folder / name)
    if missing := [file.name for file in files if file.name not in found]:
        raise DataError(
            f"The data folder {folder} lacks {' and '.join(missing)}; MNIST is the four files "
            f"{', '.join(file.name for file in files)}, each with or without .gz "
            "(the spelling .idx in place of -idx will do)."
        )
    return [found[file.name] for file in files]


def _split(
    name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8], images_path: Path, labels_path: Path
) -> Split:
    size = MNIST_GEOMETRY.size
    if images.shape[1:] != (size, size):
        raise DataError(
            f"{images_path} must hold images of {size}×{size} pixels; "
            f"its images have {images.shape[1]}×{images.shape[2]}."
        )
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images)} images but {labels_path} holds {len(labels)} labels; "
            "there must be one label for each image. Check that the two belong together."
        )
    if labels.max() > 9:
        raise DataError(f"{labels_path} must hold labels from 0 to 9; it holds {labels.max()}.")
    return Split(name, images, labels.astype(np.int64), f"{len(labels):,} images, as in {images_path.name}.")


def _md5(array: NDArray[np.uint8]) -> str:
    return hashlib.md5(encode_idx(array), usedforsecurity=False).hexdigest()


def _describe(train: Split, test: Split, original: bool) -> str:
    sizes = f"{len(train):,} images train and {len(test):,} test"
    if original:
        return (
            f"MNIST (LeCun, Cortes & Burges 1998), the original files by their MD5: {sizes}, in MNIST's own "
            "split, whose test writers are not among its training writers."
        )
    return (
        f"Images in MNIST's format, but not the original MNIST by their MD5: {sizes}, split as the files "
        "are; whether they share writers is not known."
    )
