"""The pictures of lesson 5: a crop unrolled, the photographs and their blocks, curves, weights, answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from page.lesson import BLUE_TO_ORANGE, COLORS

from digitnet.progress import EpochReport
from sections.photos import BLOCK, NAMES, Crops, held_out, photographs

CHANNELS = ("red", "green", "blue")


def _bare(axes: Axes, title: str = "") -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, linewidth=0.8)
    axes.set_title(title, fontsize=10)


def draw_unrolled(figure: Figure, image: NDArray[np.uint8]) -> None:
    """A crop, its three matrices and the first numbers of the vector."""
    height, width, _ = image.shape
    panes = figure.subplot_mosaic([["picture", *CHANNELS], ["vector"] * 4], height_ratios=[4, 1])
    panes["picture"].imshow(image)
    _bare(panes["picture"], f"picture {image.shape}")
    for channel, name in enumerate(CHANNELS):
        tinted = np.zeros_like(image)
        tinted[..., channel] = image[..., channel]
        panes[name].imshow(tinted)
        _bare(panes[name], f"{name} ({height}, {width})")
    strip = np.zeros((1, 48, 3), np.uint8)
    values = image.reshape(-1)[:48]
    strip[0, np.arange(48), np.arange(48) % 3] = values
    panes["vector"].imshow(strip, aspect="auto")
    for place, value in enumerate(values):
        # Green is light to the eye, red and blue are not.
        color = "black" if place % 3 == 1 and value > 120 else "white"
        panes["vector"].text(
            place, 0, str(value), rotation=90, ha="center", va="center", fontsize=7, color=color
        )
    _bare(panes["vector"], f"the first 48 of the {image.size} numbers of the vector")


def draw_split(figure: Figure) -> None:
    """Both photographs with the held-out blocks framed."""
    for axes, image, name in zip(figure.subplots(1, 2), photographs(), NAMES, strict=True):
        axes.imshow(image)
        height, width, _ = image.shape
        for row in range(height // BLOCK):
            for column in range(width // BLOCK):
                if held_out(row, column):
                    place = (column * BLOCK - 0.5, row * BLOCK - 0.5)
                    for color, line in (("white", 3.2), (COLORS["black"], 1.6)):
                        axes.add_patch(
                            Rectangle(place, BLOCK, BLOCK, fill=False, edgecolor=color, linewidth=line)
                        )
        _bare(axes, f"{name}: {image.shape[0]} rows, {image.shape[1]} columns")


def draw_curves(
    figure: Figure, decaying: Sequence[EpochReport], constant: Sequence[EpochReport], limit: float
) -> None:
    """Cost and accuracy with and without decay."""
    cost, share = figure.subplots(1, 2)
    for reports, color, name in (
        (constant, COLORS["orange"], "constant rate"),
        (decaying, COLORS["blue"], "decaying rate"),
    ):
        epochs = [report.epoch for report in reports]
        cost.plot(
            epochs, [report.training_loss for report in reports], color=color, linewidth=1.2, label=name
        )
        share.plot(
            epochs, [report.validation_metric for report in reports], color=color, linewidth=1.2, label=name
        )
    below = next((report.epoch for report in decaying if report.learning_rate < limit), None)
    if below is not None:
        for axes in (cost, share):
            axes.axvline(below, color=COLORS["grey"], linestyle=":", linewidth=1.2)
        share.text(below, 0.52, "safe from here ", ha="right", color=COLORS["grey"], fontsize=9)
    cost.set(xlabel="epoch", ylabel="cost on the training crops", ylim=(0, 2.5))
    share.set(xlabel="epoch", ylabel="held-out crops told right", ylim=(0.45, 1.0))
    cost.legend()


def draw_weight(figure: Figure, weight: NDArray[np.float64]) -> None:
    """The weights of each colour as a matrix; one scale for all."""
    scale = float(np.abs(weight).max())
    panes = figure.subplots(1, 3)
    for channel, (axes, name) in enumerate(zip(panes, CHANNELS, strict=True)):
        image = axes.imshow(weight[..., channel], cmap=BLUE_TO_ORANGE, vmin=-scale, vmax=scale)
        _bare(axes, f"weights of {name}")
    figure.colorbar(image, ax=list(panes), label=f"← {NAMES[0]}   weight   {NAMES[1]} →", shrink=0.9)


def draw_crops(figure: Figure, crops: Crops, probabilities: NDArray[np.float64]) -> None:
    """Held-out crops and their probability: sure and right, undecided, sure and wrong."""
    certainty = np.where(crops.targets[:, 0] == 1, probabilities, 1.0 - probabilities)
    order = np.argsort(certainty)
    # The surest of each photograph: else one row would hold the easier of the two only.
    surest = [index for label in (0, 1) for index in order[crops.targets[order, 0] == label][::-1][:4]]
    groups = {
        "surest": surest,
        "undecided": np.argsort(np.abs(certainty - 0.5))[:8],
        "most wrong": order[:8],
    }
    grid = figure.subplots(3, 8)
    for row, (name, chosen) in zip(grid, groups.items(), strict=True):
        for axes, index in zip(row, chosen, strict=True):
            axes.imshow(crops.images[index])
            truth = NAMES[int(crops.targets[index, 0])]
            _bare(axes)
            axes.set_title(f"{truth}\n{probabilities[index]:.2f}", fontsize=8)
            color = COLORS["orange"] if certainty[index] < 0.5 else COLORS["black"]
            axes.spines[:].set(visible=True, color=color, linewidth=2 if certainty[index] < 0.5 else 0.8)
        row[0].set_ylabel(name, fontsize=10)
