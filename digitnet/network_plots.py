"""Pictures of what a network has learned and of what it does, with matplotlib (the extra ``plots``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn import Dense, Network, dense_layers, softmax

Array = NDArray[Any]

#: Signed numbers in colours that everybody tells apart: blue below zero, white, orange above.
BLUE_TO_ORANGE = LinearSegmentedColormap.from_list("blue_to_orange", ["#0072B2", "#ffffff", "#D55E00"])


def stages(network: Network, inputs: Array) -> list[Array]:
    """What each hidden layer makes of the inputs, and the network's outputs last.

    A stage ends where the next Dense layer begins: Dense, BatchNorm and ReLU are one.

    Args:
        inputs: ``(n, network.in_features)``.

    Returns:
        One ``(n, width)`` for each Dense layer, in the network's dtype.

    >>> from digitnet.nn import ReLU
    >>> network = Network([Dense(4, 3), ReLU(), Dense(3, 2)], rng=np.random.default_rng(0))
    >>> [stage.shape for stage in stages(network, np.ones((5, 4)))]
    [(5, 3), (5, 2)]
    """
    values = np.asarray(inputs, network.dtype)
    found: list[Array] = []
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Dense) and index:
            found.append(values)
        values = layer.forward(values)
    return [*found, values]


def most_used(network: Network, inputs: Array) -> NDArray[np.int64]:
    """The units of the first hidden layer, those that the next layer hears most from first.

    Unit i counts as its mean activity times the strength of what leaves it, ``mean|hᵢ| · ‖Wᵢ‖``, where
    ``Wᵢ`` is row i of the next Dense layer's weight.

    Args:
        inputs: ``(n, network.in_features)``, pictures such as the network is meant for.

    Returns:
        Numbers of units, ``(width,)``.

    Raises:
        ConfigurationError: the network has no hidden layer.

    >>> from digitnet.nn import ReLU
    >>> network = Network([Dense(2, 3), ReLU(), Dense(3, 1)], rng=None)
    >>> network.layers[0].weight[...] = [[1, 0, 5], [1, 0, 5]]
    >>> network.layers[2].weight[...] = [[1], [1], [1]]
    >>> most_used(network, np.ones((1, 2)))
    array([2, 0, 1])
    """
    dense = dense_layers(network.layers)
    if len(dense) < 2:
        raise ConfigurationError("A network without a hidden layer has no hidden units; got one Dense layer.")
    activity = np.abs(stages(network, inputs)[0]).mean(axis=0)
    strength = activity * np.linalg.norm(dense[1].weight, axis=1)
    return np.argsort(-strength, kind="stable").astype(np.int64)


def mosaic(pictures: Array, columns: int, *, gap: int = 1) -> Array:
    """Pictures row by row in one, each divided by its own largest magnitude.

    Args:
        pictures: ``(n, height, width)``.
        columns: pictures in a row.
        gap: pixels between them, which are NaN: they stay empty.

    Returns:
        float64 in [-1, 1].

    >>> mosaic(np.array([[[2.0]], [[-4.0]], [[0.0]]]), columns=2)
    array([[ 1., nan, -1.],
           [nan, nan, nan],
           [ 0., nan, nan]])
    """
    count, height, width = pictures.shape
    rows = -(-count // columns)
    canvas = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    largest = np.abs(pictures).max(axis=(1, 2), keepdims=True)
    for index, picture in enumerate(pictures / np.where(largest, largest, 1)):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        canvas[top : top + height, left : left + width] = picture
    return canvas


def show_signed(axes: Axes, values: Array, *, limit: float | None = None) -> None:
    """Show numbers ``(height, width)`` as pixels, blue below zero and orange above, without ticks.

    Args:
        limit: the magnitude that is drawn in full colour; None takes the largest.

    >>> axes = Figure().subplots()
    >>> show_signed(axes, np.array([[-2.0, 1.0]]))
    >>> axes.images[0].get_clim()
    (-2.0, 2.0)
    """
    limit = limit or float(np.nanmax(np.abs(values))) or 1.0
    axes.imshow(values, cmap=BLUE_TO_ORANGE, vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set_axis_off()


def first_layer(network: Network, shape: tuple[int, int], inputs: Array, *, most: int = 60) -> Figure:
    """What the most used units of the first layer look for: their weights, as pictures of the input.

    Ink on orange pixels makes a unit fire, ink on blue ones keeps it from it. Each unit has its own scale.

    Args:
        shape: of a picture, such as (28, 28).
        inputs: ``(n, height * width)``, to measure by which units are used; see :func:`most_used`.
        most: units to show.

    >>> from digitnet.nn import ReLU
    >>> network = Network([Dense(64, 32), ReLU(), Dense(32, 10)], rng=np.random.default_rng(0))
    >>> figure = first_layer(network, (8, 8), np.ones((1, 64)), most=24)
    >>> figure.axes[0].images[0].get_array().shape  # two rows of twelve, a pixel between them
    (17, 107)
    """
    units = most_used(network, inputs)[:most]
    weights = dense_layers(network.layers)[0].weight.T[units].reshape(-1, *shape)
    values = mosaic(weights, columns=12, gap=max(1, shape[0] // 10))
    figure = Figure(figsize=(8, 0.2 + 8 * values.shape[0] / values.shape[1]), layout="constrained")
    show_signed(figure.subplots(), values, limit=1)
    return figure


def way_through(network: Network, shape: tuple[int, int], inputs: Array, names: Sequence[str]) -> Figure:
    """One picture on its way: its pixels, each hidden layer's units, the logits and the probabilities.

    A hidden layer's units are shown as a square of dots, row by row, the darker the more active; their
    places in it mean nothing.

    Args:
        shape: of the picture, such as (28, 28).
        inputs: ``(height * width,)`` of one picture.
        names: of the outputs.

    >>> from digitnet.nn import ReLU
    >>> network = Network([Dense(4, 6), ReLU(), Dense(6, 2)], rng=np.random.default_rng(0))
    >>> figure = way_through(network, (2, 2), np.ones(4), ["cat", "dog"])
    >>> [axes.get_title().splitlines()[0] for axes in figure.axes]
    ['4 pixels', '6 units', '2 logits', 'probabilities']
    """
    *hidden, logits = stages(network, np.asarray(inputs)[None])
    probabilities = softmax(logits)
    figure = Figure(figsize=(1.4 * (3 + len(hidden)), 2.3), layout="constrained")
    pixels, *layers, raw, shares = figure.subplots(1, 3 + len(hidden))
    pixels.imshow(np.reshape(inputs, shape), cmap="gray_r")
    pixels.set_title(f"{network.in_features:,} pixels", fontsize=9)
    for axes, activity in zip(layers, hidden, strict=True):
        axes.imshow(_square(activity[0]), cmap="gray_r", vmin=0)
        axes.set_title(f"{activity.size:,} units\n{(activity > 0).mean():.0%} active", fontsize=9)
    for axes in (pixels, *layers):
        axes.set_xticks([])
        axes.set_yticks([])
    for axes, values, title in ((raw, logits, "logits"), (shares, probabilities, "probabilities")):
        colours = ["#D55E00" if index == logits.argmax() else "#8A8A8A" for index in range(logits.size)]
        axes.barh(range(logits.size), values[0], color=colours)
        axes.set_yticks(range(logits.size), names)
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(title if values is probabilities else f"{logits.size} {title}", fontsize=9)
        axes.tick_params(labelsize=8)
    shares.set(xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"])
    raw.axvline(0, color="black", linewidth=0.8)
    return figure


def _square(values: Array) -> Array:
    """Numbers ``(n,)`` row by row in a square, or a little less; places that are left stay empty."""
    columns = math.ceil(math.sqrt(values.size))
    rows = math.ceil(values.size / columns)
    canvas = np.full(rows * columns, np.nan)
    canvas[: values.size] = values
    return canvas.reshape(rows, columns)
