"""Pictures of what was measured of a model, with matplotlib (the extra ``plots``)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from digitnet.corruptions import CORRUPTIONS, corrupt
from digitnet.data.dataset import Split
from digitnet.errors import ImageError
from digitnet.evaluation import error_interval, reliability, risk_coverage
from digitnet.image_scores import Reading
from digitnet.imaging import preview
from digitnet.plots import save, save_test_pictures, sheet


def save_measurements(
    folder: Path, split: Split, probabilities: NDArray[Any], *, levels: int, threshold: float
) -> list[Path]:
    """Draw what was measured on a test split: confusion, mistakes, confidence and corruptions.

    Args:
        folder: to write into.
        split: its pictures lie in 0..levels.
        probabilities: ``(n, 10)`` of them.
        levels: the largest value of a pixel.
        threshold: the model's, marked in the rejection curve.
    """
    labels = split.labels
    return [
        *save_test_pictures(folder, split, probabilities),
        save(reliability_diagram(probabilities, labels), folder / "reliability.png"),
        save(rejection(probabilities, labels, threshold), folder / "rejection-curve.png"),
        save(corruptions(split, levels), folder / "corruptions.png"),
    ]


def save_readings(folder: Path, readings: Sequence[Reading]) -> list[Path]:
    """Draw the worst mistakes among labelled pictures, and the non-digits most surely taken for digits."""
    numbers = [reading for reading in readings if reading.image.label]
    others = [reading for reading in readings if not reading.image.label]
    drawn = []
    if numbers:
        wrong = [reading for reading in numbers if not reading.right]
        title = f"{len(wrong)} of {len(numbers):,} numbers are misread; accepted ones, then the surest first"
        drawn.append(save(misread(title, wrong), folder / "image-mistakes.png"))
    if others:
        wrong = [reading for reading in others if reading.text]
        accepted = sum(reading.accepted for reading in others)
        title = f"{accepted} of {len(others):,} pictures without digits are accepted; the surest first"
        drawn.append(save(misread(title, wrong), folder / "non-digits.png"))
    return drawn


def reliability_diagram(probabilities: NDArray[Any], labels: NDArray[Any]) -> Figure:
    """Wrong answers found against wrong answers announced, in bins of equal mass.

    Both axes are logarithmic, since nearly all answers are nearly certain. The bars are 95 % intervals; a bin
    without a mistake has only the upper half of its bar, and its point lies on the lower edge.
    """
    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.subplots()
    bins = reliability(probabilities, labels)
    floor = 0.1 / len(labels)
    for answers, confidence, right in bins:
        announced, found = max(1.0 - confidence, floor), max(1.0 - right, floor)
        low, high = error_interval(round((1.0 - right) * answers), answers)
        axes.plot([announced, announced], [max(low, floor), high], color="tab:blue", alpha=0.4)
        axes.plot([announced], [found], "o", color="tab:blue", clip_on=False)
    axes.plot([floor, 1], [floor, 1], color="black", linewidth=0.8, label="perfectly calibrated")
    axes.set(xscale="log", yscale="log", xlim=(floor, 1), ylim=(floor, 1))
    axes.set_xlabel("announced: 1 - mean confidence of the bin")
    axes.set_ylabel("found: share of the bin that is wrong")
    axes.set_title("Calibration, below the line: better than announced", fontsize=10)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="upper left")
    return figure


def rejection(probabilities: NDArray[Any], labels: NDArray[Any], threshold: float) -> Figure:
    """How many answers are wrong if the least sure ones are rejected."""
    thresholds, coverage, risk = risk_coverage(probabilities, labels)
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(100 * coverage, 100 * risk)
    kept = int((thresholds >= threshold).sum())
    if kept:
        axes.plot(
            [100 * coverage[kept - 1]],
            [100 * risk[kept - 1]],
            "o",
            label=f"the model's threshold, {threshold:.3f}",
        )
        axes.legend()
    shown = coverage >= min(0.9, coverage[max(kept, 1) - 1])
    axes.set_xlim(100 * coverage[shown].min(), 100)
    axes.set_ylim(0, 100 * max(float(risk[shown].max()) * 1.1, 1e-4))
    axes.set_xlabel("accepted, %")
    axes.set_ylabel("wrong among the accepted, %")
    axes.set_title("Rejection curve", fontsize=10)
    axes.grid(visible=True, alpha=0.3)
    return figure


def corruptions(split: Split, levels: int) -> Figure:
    """One picture of each digit, spoilt in every way that the model is measured on."""
    first = np.array([int(np.argmax(split.labels == digit)) for digit in np.unique(split.labels)])
    images = split.images[first]
    rows = {"as it is": images}
    for number, name in enumerate(CORRUPTIONS, 1):
        rows[name] = corrupt(name, images, np.random.default_rng([0, number]), levels=levels)
    figure = Figure(figsize=(6.8, 0.62 * len(rows)), layout="constrained")
    for axes, (name, pictures) in zip(figure.subplots(len(rows), 1), rows.items(), strict=True):
        axes.imshow(np.concatenate(pictures, axis=1), cmap="gray", vmin=0, vmax=levels)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def misread(title: str, readings: Sequence[Reading], most: int = 48) -> Figure:
    """A sheet of pictures with what they show and what was read: accepted ones, then the surest first."""
    order = sorted(readings, key=lambda reading: (not reading.accepted, -reading.confidence))[:most]
    captions = [
        f"{reading.image.label or 'none'} → {reading.text or 'none'}\n{reading.confidence:.0%}"
        + (", accepted" if reading.accepted else "")
        for reading in order
    ]
    return sheet(title, [_picture(reading.image.path) for reading in order], captions)


def _picture(path: Path) -> NDArray[np.uint8]:
    """The upright picture, small; an empty square if the file has gone since it was read."""
    try:
        shown = Image.open(io.BytesIO(preview(path.read_bytes(), 240)))
        return np.asarray(shown.convert("RGB"))
    except (OSError, ImageError):
        return np.full((8, 8, 3), 255, np.uint8)
