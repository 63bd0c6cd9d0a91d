"""MNIST from a folder: its files are found, its structure is checked, its content is named."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digitnet.data import load, load_mnist
from digitnet.data.download import RemoteFile
from digitnet.data.mnist import MNIST_FILES
from digitnet.errors import DataError
from digitnet.geometry import MNIST_GEOMETRY

NAMES = [file.name for file in MNIST_FILES]


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4) for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def fake_mnist(train: int = 20, test: int = 10) -> dict[str, np.ndarray]:
    """Four arrays in MNIST's format under MNIST's names, small and made up."""
    rng = np.random.default_rng(0)
    return {
        NAMES[0]: rng.integers(0, 256, (train, 28, 28), np.uint8),
        NAMES[1]: np.arange(train, dtype=np.uint8) % 10,
        NAMES[2]: rng.integers(0, 256, (test, 28, 28), np.uint8),
        NAMES[3]: np.arange(test, dtype=np.uint8) % 10,
    }


def write(folder: Path, arrays: dict[str, np.ndarray], suffix: str = ".gz") -> Path:
    for name, array in arrays.items():
        content = idx(array)
        (folder / (name + suffix)).write_bytes(gzip.compress(content, 1) if suffix == ".gz" else content)
    return folder


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dotted", [False, True])
def test_a_folder_is_read_however_its_files_are_spelled(tmp_path: Path, suffix: str, dotted: bool) -> None:
    arrays = fake_mnist()
    spelled = {name.replace("-idx", ".idx") if dotted else name: array for name, array in arrays.items()}
    dataset = load_mnist(write(tmp_path, spelled, suffix))
    assert (dataset.name, dataset.geometry) == ("mnist", MNIST_GEOMETRY)
    assert (dataset.train.name, dataset.test.name) == ("training", "test")
    np.testing.assert_array_equal(dataset.train.images, arrays[NAMES[0]])
    np.testing.assert_array_equal(dataset.train.labels, arrays[NAMES[1]])
    np.testing.assert_array_equal(dataset.test.images, arrays[NAMES[2]])
    np.testing.assert_array_equal(dataset.test.labels, arrays[NAMES[3]])


def test_load_reads_a_folder_given_as_text(tmp_path: Path) -> None:
    assert len(load("mnist", data_dir=str(write(tmp_path, fake_mnist()))).train) == 20


def test_content_that_is_not_the_original_is_read_and_named_so(tmp_path: Path) -> None:
    dataset = load_mnist(write(tmp_path, fake_mnist()))
    assert "not the original MNIST" in dataset.description
    assert "20 images train and 10 test" in dataset.description


def test_content_with_the_known_md5s_is_named_the_original(tmp_path: Path) -> None:
    arrays = fake_mnist()
    md5s = [hashlib.md5(idx(array)).hexdigest() for array in arrays.values()]  # noqa: S324
    files = [RemoteFile(name, md5) for name, md5 in zip(NAMES, md5s, strict=True)]
    write(tmp_path, arrays)
    assert "the original files by their MD5" in load_mnist(tmp_path, files=files).description
    files[3] = RemoteFile(NAMES[3], md5s[2])
    assert "not the original MNIST" in load_mnist(tmp_path, files=files).description


def test_missing_files_are_named_and_nothing_else_is_tried(tmp_path: Path) -> None:
    write(tmp_path, fake_mnist())
    (tmp_path / f"{NAMES[1]}.gz").unlink()
    (tmp_path / f"{NAMES[2]}.gz").unlink()
    with pytest.raises(DataError) as caught:
        load_mnist(tmp_path, mirrors=["http://127.0.0.1:1"], cache_dir=tmp_path)
    message = str(caught.value)
    assert message.startswith(f"The data folder {tmp_path} lacks {NAMES[1]} and {NAMES[2]};")
    assert all(name in message for name in NAMES)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent does not exist.*train-images-idx3-ubyte\.gz"):
        load_mnist(tmp_path / "absent")


def test_folders_that_bear_the_names_of_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, fake_mnist())
    (tmp_path / NAMES[0]).mkdir()
    assert len(load_mnist(tmp_path).train) == 20


@pytest.mark.parametrize(
    ("name", "array", "complaint"),
    [
        (NAMES[0], np.zeros((20, 28, 27)), "must hold images of 28×28 pixels; its images have 28×27"),
        (NAMES[2], np.zeros((10, 8, 8)), "must hold images of 28×28 pixels; its images have 8×8"),
        (NAMES[0], np.zeros((19, 28, 28)), "holds 19 images but .*labels.* holds 20 labels"),
        (NAMES[3], np.zeros(11), "holds 10 images but .*labels.* holds 11 labels"),
        (NAMES[1], np.arange(20), "must hold labels from 0 to 9; it holds 19"),
        (NAMES[1], np.zeros((20, 28, 28)), r"must have 1 dimension\(s\); its header says 3"),
        (NAMES[0], np.zeros(20), r"must have 3 dimension\(s\); its header says 1"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, array: np.ndarray, complaint: str
) -> None:
    write(tmp_path, fake_mnist() | {name: array})
    with pytest.raises(DataError, match=complaint):
        load_mnist(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, fake_mnist())
    path = tmp_path / f"{NAMES[2]}.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is truncated"):
        load_mnist(tmp_path)


def test_importing_loads_neither_scikit_learn_nor_a_downloader() -> None:
    code = (
        "import sys, digitnet.data; "
        "print([name for name in ('sklearn', 'pooch', 'requests', 'tqdm') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.mnist
def test_the_real_mnist(mnist_dir: Path) -> None:
    dataset = load_mnist(mnist_dir)
    assert dataset.train.images.shape == (60_000, 28, 28)
    assert dataset.test.images.shape == (10_000, 28, 28)
    assert dataset.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert dataset.train.counts().tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert dataset.test.counts().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert "the original files by their MD5" in dataset.description


@pytest.mark.mnist
def test_the_real_mnist_with_one_file_unpacked(mnist_dir: Path, tmp_path: Path) -> None:
    for name in NAMES[1:]:
        shutil.copy(mnist_dir / f"{name}.gz", tmp_path)
    (tmp_path / NAMES[0]).write_bytes(gzip.decompress((mnist_dir / f"{NAMES[0]}.gz").read_bytes()))
    assert "the original files by their MD5" in load_mnist(tmp_path).description
