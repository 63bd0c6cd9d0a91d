"""The pictures of the lesson on the network that reads digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from page.lesson import COLORS

from digitnet.network_plots import most_used, show_signed, stages
from digitnet.nn import Network
from digitnet.progress import EpochReport

Array = NDArray[Any]


def learning_curves(figure: Figure, history: Sequence[EpochReport]) -> None:
    """Loss and errors of both splits against the epoch."""
    loss, errors = figure.subplots(1, 2)
    epochs = [report.epoch for report in history]
    for split, color in (("training", COLORS["blue"]), ("validation", COLORS["orange"])):
        losses = [getattr(report, f"{split}_loss") for report in history]
        shares = [100 * (1 - getattr(report, f"{split}_metric")) for report in history]
        loss.plot(epochs, losses, color=color, label=split)
        errors.plot(epochs, shares, color=color, label=split)
    loss.set(title="Loss", xlabel="epoch", xscale="log")
    errors.set(title="Errors, %", xlabel="epoch", xscale="log", ylim=(0, None))
    errors.legend()
    for axes in (loss, errors):
        axes.xaxis.set_major_formatter("{x:.0f}")


def untangling(
    network: Network, snapshots: dict[int, Array], inputs: Array, labels: Array
) -> Iterator[Callable[[Figure], None]]:
    """Frames of the digits as the last hidden layer sees them after some epochs."""
    after = {}
    kept = network.parameters.copy()
    for epoch, parameters in snapshots.items():
        network.parameters[...] = parameters
        after[epoch] = stages(network, inputs)[-2]
    network.parameters[...] = kept
    final = after[max(after)]
    middles = np.stack([final[labels == digit].mean(axis=0) for digit in range(10)])
    centre = middles.mean(axis=0)
    directions = np.linalg.svd(middles - centre)[2][:2]
    reach = 1.15 * np.abs((final - centre) @ directions.T).max()
    for epoch, seen in after.items():
        points = (seen - centre) @ directions.T
        yield lambda figure, points=points, epoch=epoch: _digits_in_plane(
            figure, points, labels, epoch, reach
        )


def _digits_in_plane(figure: Figure, points: Array, labels: Array, epoch: int, reach: float) -> None:
    axes = figure.subplots()
    colors = list(COLORS.values())
    for digit in range(10):
        x, y = points[labels == digit].T
        axes.scatter(x, y, s=42, marker=f"${digit}$", color=colors[digit % len(colors)], linewidths=0.2)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_axis_off()
    axes.set_title("drawn at random" if epoch == 0 else f"after epoch {epoch}")


def units(figure: Figure, network: Network, start: Array, inputs: Array, most: int = 12) -> None:
    """Units of the first layer: the weights they began with, what was added, the sum, what excites them."""
    chosen = most_used(network, inputs)[:most]
    first = network.layers[0].weight
    activity = stages(network, inputs)[0]
    rows = figure.subplots(4, most)
    for column, unit in enumerate(chosen):
        exciting = inputs[np.argsort(-activity[:, unit])[:10]].mean(axis=0)
        limit = float(np.abs(first[:, unit]).max())
        for axes, values in zip(rows[:3, column], (start, first - start, first), strict=True):
            show_signed(axes, values[:, unit].reshape(8, 8), limit=limit)
        show_ink(rows[3, column], exciting.reshape(8, 8))
    for axes, name in zip(rows[:, 0], ("at first", "+ learned", "= weights", "excited by"), strict=True):
        axes.text(-0.15, 0.5, name, transform=axes.transAxes, ha="right", va="center", fontsize=9)


def show_ink(axes: Axes, picture: Array) -> None:
    """A picture of ink, dark on white."""
    axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
    axes.set_axis_off()


def corrected(
    figure: Figure,
    before: Sequence[Array],
    pulls: Sequence[Array],
    after: Sequence[Array],
    titles: Sequence[str],
) -> None:
    """Misread digits, what speaks for the wrong answer, and the digits changed until they are read right."""
    rows = figure.subplots(3, len(before))
    for column, title in enumerate(titles):
        show_ink(rows[0, column], before[column])
        show_signed(rows[1, column], pulls[column])
        show_ink(rows[2, column], after[column])
        rows[0, column].set_title(title, fontsize=9)
    for axes, name in zip(
        rows[:, 0], ("as written", "for the wrong\nanswer", "changed\nuntil right"), strict=True
    ):
        axes.text(-0.15, 0.5, name, transform=axes.transAxes, ha="right", va="center", fontsize=9)


def fooling(figure: Figure, fooled: dict[float, tuple[float, float]]) -> None:
    """Accuracy against the size of a change of every pixel, at random and along the gradient."""
    axes = figure.subplots()
    sizes = list(fooled)
    axes.plot(
        sizes, [100 * pair[0] for pair in fooled.values()], "o-", color=COLORS["blue"], label="at random"
    )
    axes.plot(
        sizes,
        [100 * pair[1] for pair in fooled.values()],
        "s-",
        color=COLORS["orange"],
        label="against the network",
    )
    axes.set(xlabel="change of every pixel", ylabel="read right, %", ylim=(0, 102))
    axes.legend()


def strange_pictures(
    figure: Figure, images: Sequence[Array], titles: Sequence[str], columns: int = 6
) -> None:
    """Pictures in rows, each with what was made of it above."""
    rows = -(-len(images) // columns)
    for axes in figure.subplots(rows, columns).flat:
        axes.set_axis_off()
    for axes, image, title in zip(figure.axes, images, titles, strict=False):
        show_ink(axes, image / 255)
        axes.set_title(title, fontsize=8)
