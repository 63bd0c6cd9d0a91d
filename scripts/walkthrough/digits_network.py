"""The network that reads digits: what it looks for, how it decides, and where it fails.

The five lessons before this one built small networks. The one that reads handwriting is made of the same
parts, only wider. A picture of 8×8 pixels, each between 0 and 1, is written as 64 numbers ``x`` in a row.
Two hidden layers and an output layer follow::

    h₁ = relu(x W₁ + b₁)       (n, 64)  @ (64, 256)   →  (n, 256)
    h₂ = relu(h₁ W₂ + b₂)      (n, 256) @ (256, 256)  →  (n, 256)
    z  = h₂ W₃ + b₃            (n, 256) @ (256, 10)   →  (n, 10)

The ten numbers in ``z``, the logits, are what speaks for each digit. Softmax makes probabilities of them,
which are positive and sum to 1::

    p_d = exp(z_d) / Σ_k exp(z_k)

Training makes the probability of the right digit large, by the cross-entropy −log p of that digit, with
the gradient that backpropagation brings back through the three products. Nobody tells the 85,002 weights
and biases what a loop or a corner is.

The pictures are scikit-learn's digits. The first half of them trains and the second half tests. The file
is ordered by writer, so the test asks about people of whom the network has seen nothing, save perhaps the
one at the cut. Later a larger network joins in, which reads pictures of 28×28 pixels and also knows what
is *no* digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from page.lesson import Lesson, main
from sections.digits_network_doubts import confidence, mistakes, no_digits
from sections.digits_network_learning import layer_by_layer, learning
from sections.digits_network_sight import look_for, ways

from digitnet import Recognizer
from digitnet.data import load_digits
from digitnet.evaluation import accuracy
from digitnet.imaging import to_inputs
from digitnet.model_file import load_model

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Figures:
    """What the lesson finds.

    Attributes:
        accuracy: of the network trained here, on writers that it has not seen.
        difference: largest difference between its weights and those of the shipped model.
        untangled: share of the test digits that lie nearest to the middle of their own class, by layer.
        number: what the large network reads in the photograph.
        fooled: accuracy by the size of a change of every pixel: at random, and against the network.
        refused: share of drawings of no digit that each model refuses to read.
        read: share of drawn digits that the large network reads right, and accepts.
        calibration: expected calibration error of the shipped model on the test split.
        accepted: answers that it accepts on the test split, and how many of those are wrong.
    """

    accuracy: float
    difference: float
    untangled: dict[str, float]
    number: str
    fooled: dict[float, tuple[float, float]]
    refused: dict[str, float]
    read: float
    calibration: float
    accepted: tuple[int, int]


def run(lesson: Lesson) -> Figures:
    """The lesson from the first step of training to the confidence of an answer."""
    data = load_digits()
    inputs = to_inputs(data.test.images, data.geometry)
    model = load_model(ROOT / "models" / "digits.safetensors")
    large = Recognizer.load(ROOT / "models" / "mnist.safetensors")
    watched = learning(lesson, data, inputs, model)
    untangled = layer_by_layer(lesson, watched, data, inputs)
    look_for(lesson, watched, inputs, large.model)
    number = ways(lesson, watched.network, data, inputs, large)
    fooled = mistakes(lesson, model, data, inputs)
    refused, read = no_digits(lesson, model, large.model)
    calibration, accepted = confidence(lesson, model, data)
    lesson.section(
        "What to try next",
        """
        - Leave out the deformation, ``augment=None``. The training loss falls further than before; what
          becomes of the strange hands?
        - Halve the hidden layers, and halve them again. How small may the network be before it reads worse?
        - Shuffle the writers, ``load_digits("shuffled")``. Why are the figures better, and why is that no
          reason to be glad?
        - Draw a digit, photograph it and give it to ``scripts/predict.py``. Then draw something that is none.
        """,
    )
    return Figures(
        accuracy=accuracy(watched.network.predict(inputs), data.test.labels),
        difference=float(np.abs(watched.network.parameters - model.network.parameters).max()),
        untangled=untangled,
        number=number,
        fooled=fooled,
        refused=refused,
        read=read,
        calibration=calibration,
        accepted=accepted,
    )


if __name__ == "__main__":
    main(run, __doc__)
