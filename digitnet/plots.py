"""Pictures of training and testing, with matplotlib (the extra ``plots``).

Every function returns a ``Figure`` that is not tied to any window; :func:`save` writes it as PNG.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digitnet.data.dataset import Split
from digitnet.evaluation import confusion_matrix
from digitnet.training import EpochReport


def save(figure: Figure, path: Path) -> Path:
    """Write the figure as PNG, making its folder if need be, and return the path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(sheet("One picture", [np.eye(8)], ["a line"]), Path(folder) / "new" / "sheet.png").name
    'sheet.png'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def save_test_pictures(folder: Path, split: Split, probabilities: NDArray[Any]) -> list[Path]:
    """Draw the confusion matrix and the worst mistakes of a split into a folder.

    >>> import tempfile
    >>> from digitnet.data import load_digits
    >>> split = load_digits().test
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = save_test_pictures(Path(folder), split, np.eye(10)[split.labels])
    >>> [path.name for path in paths]
    ['confusion-matrix.png', 'worst-mistakes.png']
    """
    return [
        save(confusion(split.labels, probabilities), folder / "confusion-matrix.png"),
        save(worst_mistakes(split, probabilities), folder / "worst-mistakes.png"),
    ]


def learning_curves(history: Sequence[EpochReport]) -> Figure:
    """Loss, error rate and learning rate against the epoch.

    The training curves are of deformed pictures, which are harder: with deformation they lie above
    those of validation.

    >>> report = EpochReport(1, 10, 0.01, 0.9, 0.7, 0.8, 0.75, best=True, seconds=1.0)
    >>> [axes.get_title() for axes in learning_curves([report]).axes]
    ['cross-entropy', 'errors, %', 'learning rate']
    """
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    loss, error, rate = figure.subplots(1, 3)
    epochs = [report.epoch for report in history]
    _logarithmic(loss, epochs, [report.training_loss for report in history], "training")
    _logarithmic(loss, epochs, [report.validation_loss for report in history], "validation")
    _logarithmic(error, epochs, [_error_rate(report.training_metric) for report in history], "training")
    _logarithmic(error, epochs, [_error_rate(report.validation_metric) for report in history], "validation")
    rate.plot(epochs, [report.learning_rate for report in history])
    for axes, title in ((loss, "cross-entropy"), (error, "errors, %"), (rate, "learning rate")):
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.grid(visible=True, alpha=0.3)
    for axes in (loss, error):
        if axes.get_lines():
            axes.legend()
    return figure


def _error_rate(accuracy: float | None) -> float | None:
    return None if accuracy is None else 100 * (1 - accuracy)


def _logarithmic(axes: Axes, epochs: list[int], values: Sequence[float | None], label: str) -> None:
    """A curve on a logarithmic axis, where zero has no place: it leaves a gap. Nothing if nothing is left."""
    positive = [value if value else np.nan for value in values]
    if not np.isnan(positive).all():
        axes.semilogy(epochs, positive, label=label)


def confusion(labels: NDArray[np.int64], probabilities: NDArray[Any]) -> Figure:
    """What was taken for what: mistakes are coloured, right answers only counted.

    >>> confusion(np.array([0, 1, 1]), np.eye(10)[[0, 1, 7]]).axes[0].get_title()
    '1 mistakes in 3'
    """
    counts = confusion_matrix(probabilities.argmax(axis=1), labels)
    figure = Figure(figsize=(6, 5.6), layout="constrained")
    axes = figure.subplots()
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    axes.imshow(mistakes, cmap="OrRd", vmax=max(1, mistakes.max()))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = row != column and mistakes[row, column] > 0.6 * mistakes.max()
            axes.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    axes.set_xlabel("read as")
    axes.set_ylabel("written")
    axes.set_title(f"{mistakes.sum():,} mistakes in {counts.sum():,}")
    return figure


def worst_mistakes(split: Split, probabilities: NDArray[Any], most: int = 40) -> Figure:
    """The mistakes that were made with the most confidence, surest first.

    >>> from digitnet.data import load_digits
    >>> split = load_digits().test
    >>> worst_mistakes(split, np.eye(10)[split.labels]).get_suptitle()
    'No mistakes'
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != split.labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    return sheet(
        "The surest mistakes: written → read as" if len(wrong) else "No mistakes",
        [split.images[index] for index in wrong],
        [f"{split.labels[index]} → {predicted[index]}  {confidence[index]:.0%}" for index in wrong],
    )


def sheet(title: str, pictures: Sequence[NDArray[Any]], captions: Sequence[str], columns: int = 8) -> Figure:
    """Pictures row by row, each with its caption above it; grey ones ``(h, w)`` show ink as dark.

    Colour pictures ``(h, w, 3)`` are shown as they are.

    >>> len(sheet("Two lines", [np.eye(8), np.eye(8)[::-1]], ["down", "up"], columns=2).axes)
    2
    """
    rows = max(1, -(-len(pictures) // columns))
    figure = Figure(figsize=(columns * 1.25, rows * 1.6 + 0.4), layout="constrained")
    figure.suptitle(title)
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.set_axis_off()
    for axes, picture, caption in zip(figure.axes, pictures, captions, strict=False):
        axes.imshow(picture, cmap="gray_r")
        axes.set_title(caption, fontsize=9)
    return figure
