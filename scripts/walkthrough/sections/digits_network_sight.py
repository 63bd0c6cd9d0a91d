"""What the layers of the networks that read digits look for, and the way of a picture through them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from page.lesson import Lesson

from digitnet import Recognizer
from digitnet.data import Dataset
from digitnet.imaging import normalize, to_inputs
from digitnet.model_file import Model
from digitnet.network_plots import first_layer, way_through
from digitnet.nn import Network
from digitnet.synthesis.handwriting import draw_digit
from sections import digits_network_pictures as pictures
from sections.digits_network_learning import Watched

PHOTOGRAPH = Path(__file__).resolve().parents[3] / "docs" / "number.jpg"
DIGITS = [str(digit) for digit in range(10)]
Array = NDArray[Any]


def look_for(lesson: Lesson, watched: Watched, inputs: Array, large: Model) -> None:
    """The weights of the first layers, as pictures."""
    network = watched.network
    first = network.layers[0].weight
    start = watched.snapshots[0][: first.size].reshape(first.shape)
    lesson.section(
        "What the first layer looks for",
        """
        A unit of the first layer has one weight for each pixel, so its weights are a picture too. Where
        they are positive (orange), ink makes the unit fire; where they are negative (blue), ink keeps it
        from firing.

        On 8×8 pixels one looks for loops and strokes in vain. Weights start at random, and much of that is
        still there at the end: 256 random questions about 64 pixels are worth asking, and the layers above
        learn what to make of the answers. What training adds is smoother than what was there.
        """,
    )
    cosine = (first * start).sum(axis=0) / np.linalg.norm(first, axis=0) / np.linalg.norm(start, axis=0)
    lesson.say(
        "Correlation of a unit's weights with those it began with: "
        f"{np.median(cosine):.2f} for the median unit, {cosine.min():.2f} at the least."
    )
    with lesson.picture(
        "first-layer-8x8",
        "Twelve much-used units. From top to bottom: the weights drawn at random, what training added to "
        "them, their sum, and the mean of the ten test pictures to which the unit answers most strongly.",
        size=(8, 3.2),
    ) as figure:
        pictures.units(figure, network, start, inputs)

    lesson.section(
        "The same on 28×28 pixels",
        f"""
        The large model has {large.network.parameters.size:,} parameters and was trained for an hour, on
        MNIST and on pictures drawn for it. Here the weights were worth moving far: what looked like noise
        has become stripes, edges and arcs of a certain place and direction. Nobody asked for them. The
        cells of the visual cortex that Hubel and Wiesel found in 1959 look for much the same.
        """,
    )
    rng = np.random.default_rng(0)
    drawn = [normalize(draw_digit(digit % 10, rng), large.geometry) for digit in range(200)]
    lesson.figure(
        "first-layer-28x28",
        f"The sixty most used of {large.network.layers[0].out_features:,} units. Stripes answer to a stroke "
        "of their direction in their place, blue arcs forbid ink where a digit ends, and a few wait for much "
        "ink or for none.",
        first_layer(large.network, (28, 28), to_inputs(np.stack(drawn), large.geometry)),
    )


def ways(lesson: Lesson, network: Network, data: Dataset, inputs: Array, large: Recognizer) -> str:
    """One digit's way through the small network, and one through the large."""
    lesson.section(
        "The way of one digit",
        """
        From left to right: the pixels, the units of each hidden layer (dark ones fire, white ones are
        silent), a logit for each digit, and the probabilities. The square into which the units are put is for
        the eye only: they have no neighbours.
        """,
    )
    chosen = int(np.argmax(data.test.labels == 3))
    lesson.figure(
        "way-8x8",
        f"A {data.test.labels[chosen]} of the test split on its way through the small network.",
        way_through(network, (8, 8), inputs[chosen], DIGITS),
    )
    prediction = large.recognize(PHOTOGRAPH)
    lesson.say(f"The large network reads {prediction.text!r} in docs/number.jpg.")
    for position, digit in enumerate(prediction.digits, 1):
        lesson.figure(
            f"way-28x28-{position}",
            f"Digit {position} of the photograph: found, scaled and centred, then sent through the large "
            "network, whose eleventh output stands for what is no digit.",
            way_through(
                large.model.network,
                (28, 28),
                to_inputs(digit.pixels[None], large.model.geometry)[0],
                [*DIGITS, "none"],
            ),
        )
    return prediction.text
