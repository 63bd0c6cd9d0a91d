"""Square crops of the two colour photographs that scikit-learn ships, cut so that none is seen twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_images

Array = NDArray[np.float64]

SIZE = 32
BLOCK = 64
#: What the photographs show: class 0 and class 1.
NAMES = ("palace", "flower")


def photographs() -> list[NDArray[np.uint8]]:
    """Both photographs, ``(427, 640, 3)`` each: rows, columns, and red, green, blue from 0 to 255."""
    return load_sample_images().images


@dataclass(frozen=True)
class Crops:
    """Crops ``(n, 32, 32, 3)`` as cut from the photographs, and which photograph each is from ``(n, 1)``."""

    images: NDArray[np.uint8]
    targets: Array

    @property
    def inputs(self) -> Array:
        """One row a crop, ``(n, 32 · 32 · 3)``, from -0.5 to 0.5: around zero, where a unit learns best."""
        return self.images.reshape(len(self.images), -1) / 255.0 - 0.5


def held_out(row: int, column: int) -> bool:
    """Whether a block of the photographs is for testing: one in five, spread evenly."""
    return (row + 2 * column) % 5 == 0


def cut() -> tuple[Crops, Crops]:
    """Training and test crops.

    Each photograph is ruled into blocks of 64 × 64 pixels, and every block is for one purpose only. No crop
    crosses the border of its block, so no pixel is in both sets. In training blocks the crops overlap by
    half, which gives more of them; in test blocks they do not, so that each counts for itself.
    """
    training: list[list[NDArray[np.uint8]]] = [[], []]
    test: list[list[NDArray[np.uint8]]] = [[], []]
    for label, image in enumerate(photographs()):
        height, width, _ = image.shape
        for row in range(height // BLOCK):
            for column in range(width // BLOCK):
                block = image[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK]
                if held_out(row, column):
                    test[label] += _tiles(block, stride=SIZE)
                else:
                    training[label] += _tiles(block, stride=SIZE // 2)
    return _crops(training), _crops(test)


def _tiles(block: NDArray[np.uint8], stride: int) -> list[NDArray[np.uint8]]:
    places = range(0, BLOCK - SIZE + 1, stride)
    return [block[top : top + SIZE, left : left + SIZE] for top in places for left in places]


def _crops(tiles: list[list[NDArray[np.uint8]]]) -> Crops:
    labels = np.repeat([0.0, 1.0], [len(each) for each in tiles]).reshape(-1, 1)
    return Crops(np.array(tiles[0] + tiles[1]), labels)
