"""What a model makes of test pictures that were sent as files, and of those that were spoilt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.corruptions import CORRUPTIONS, MNIST_C, corrupt
from digitnet.data.dataset import Split
from digitnet.image_scores import Progress
from digitnet.recognizer import Recognizer
from digitnet.renderings import AS_IT_IS, RENDERINGS

Pixels = NDArray[np.uint8]


def sample(split: Split, most: int) -> NDArray[np.int64]:
    """Places of at most so many pictures, evenly over the split: its start and end may differ in writers."""
    return np.unique(np.linspace(0, len(split) - 1, min(most, len(split))).astype(np.int64))


def as_image_files(recognizer: Recognizer, split: Split, most: int, progress: Progress) -> dict[str, Any]:
    """A sample of the test pictures sent the whole way, by kind of file.

    Returns:
        A row ``pictures``, ``accuracy``, ``accepted`` for each of :data:`RENDERINGS`, and one for the
        network alone; nothing if ``most`` is 0.
    """
    if most == 0:
        return {}
    chosen = sample(split, most)
    images, labels, levels = split.images[chosen], split.labels[chosen], recognizer.model.geometry.levels
    rows = {}
    for name, render in RENDERINGS.items():
        files = [render(picture, levels) for picture in images]
        rows[name] = _whole_way(recognizer, files, labels, progress, name)
    return rows | {"the same pictures without files": _network(recognizer, images, labels)}


def on_corrupted(
    recognizer: Recognizer, split: Split, most: int, progress: Progress, *, seed: int = 0
) -> dict[str, Any]:
    """A sample of the test pictures, corrupted in every way of :data:`CORRUPTIONS`.

    The same spoilt pixels are given to the network as they are, and sent the whole way as a PNG file,
    where the digit is found, cut out and brought to size anew.

    Args:
        recognizer: to measure.
        split: its pictures are in the model's geometry.
        most: so many pictures; evenly chosen.
        progress: may draw a bar.
        seed: of all noise.

    Returns:
        ``pictures``, ``seed``; ``rows``: for each corruption, and for ``none``, a row for the ``network``
        and one for the ``whole_way``, each with ``accuracy``, ``accepted`` (shares) and
        ``errors_accepted`` (a share of all pictures); ``mean_of_mnist_c``: such a row, averaged over the
        fifteen of MNIST-C. Nothing if ``most`` is 0.
    """
    if most == 0:
        return {}
    chosen = sample(split, most)
    images, labels, levels = split.images[chosen], split.labels[chosen], recognizer.model.geometry.levels
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for number, name in enumerate(("none", *CORRUPTIONS)):
        rng = np.random.default_rng([seed, number])
        spoilt = images if name == "none" else corrupt(name, images, rng, levels=levels)
        files = [RENDERINGS[AS_IT_IS](picture, levels) for picture in spoilt]
        rows[name] = {
            "network": _network(recognizer, spoilt, labels),
            "whole_way": _whole_way(recognizer, files, labels, progress, name),
        }
    mean = {
        way: {
            figure: float(np.mean([rows[name][way][figure] for name in MNIST_C]))
            for figure in ("accuracy", "accepted", "errors_accepted")
        }
        for way in ("network", "whole_way")
    }
    return {"pictures": len(chosen), "seed": seed, "rows": rows, "mean_of_mnist_c": mean}


def _network(recognizer: Recognizer, images: Pixels, labels: NDArray[np.int64]) -> dict[str, Any]:
    probabilities = recognizer.probabilities(images)
    right = probabilities.argmax(axis=1) == labels
    return _row(right, probabilities.max(axis=1) >= recognizer.model.rejection_threshold)


def _whole_way(
    recognizer: Recognizer, files: list[bytes], labels: NDArray[np.int64], progress: Progress, name: str
) -> dict[str, Any]:
    predictions = [recognizer.recognize(content) for content in progress(files, name)]
    right = [prediction.text == str(label) for prediction, label in zip(predictions, labels, strict=True)]
    return _row(np.array(right), np.array([prediction.accepted for prediction in predictions]))


def _row(right: NDArray[np.bool_], accepted: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "pictures": len(right),
        "accuracy": float(right.mean()),
        "accepted": float(accepted.mean()),
        "errors_accepted": float((accepted & ~right).mean()),
    }
