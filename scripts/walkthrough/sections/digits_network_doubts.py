"""Where the network that reads digits fails: mistakes, tricks, what is no digit, and how sure it may be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from page.lesson import Lesson

from digitnet.data import Dataset
from digitnet.evaluation import accuracy, calibration_error
from digitnet.imaging import normalize, to_inputs
from digitnet.model_file import Model
from digitnet.nn import Network, SoftmaxCrossEntropy, softmax
from digitnet.plots import confusion
from digitnet.probabilities import NO_DIGIT
from digitnet.synthesis.handwriting import draw_digit
from digitnet.synthesis.scribbles import draw_scribble
from sections import digits_network_pictures as pictures

Array = NDArray[Any]
CHANGES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)


def mistakes(lesson: Lesson, model: Model, data: Dataset, inputs: Array) -> dict[float, tuple[float, float]]:
    """Which digits are misread, what would have to change, and how little it takes to fool the network."""
    network, labels = model.network, data.test.labels
    probabilities = model.probabilities(data.test.images)
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    lesson.section(
        "Its mistakes",
        """
        A confusion matrix counts what was taken for what. Mistakes are not spread evenly: they sit where
        digits resemble each other, in an 8 whose loop has closed up or a 3 with a straight back.
        """,
    )
    lesson.figure(
        "confusion",
        "Rows are what was written, columns what was read. Off the diagonal stand the mistakes.",
        confusion(labels, probabilities),
    )
    lesson.table(
        ["picture", "written", "read as", "confidence", "probability of the written one"],
        [
            (
                index,
                labels[index],
                predicted[index],
                f"{probabilities[index].max():.1%}",
                f"{probabilities[index, labels[index]]:.1%}",
            )
            for index in wrong[np.argsort(-probabilities[wrong].max(axis=1))]
        ],
    )

    lesson.section(
        "What would have to change?",
        """
        Backpropagation brings a gradient to every weight. One step further down it reaches the pixels, and
        there it answers another question: which pixels would have to change, to change the answer? For a
        digit misread, take the logit of the answer given less that of the right one::

            g = ∂(z_read − z_written) / ∂x

        Where g is positive (orange), ink speaks for the mistake, and where it is negative (blue), the missing
        ink does. Going against g in small steps we change the picture until it is read right. It does not
        take much, and to the eye it is still the same digit.
        """,
    )
    pulls = _pull(network, inputs[wrong], predicted[wrong], labels[wrong])
    mended = np.stack([_mend(network, inputs[index], int(labels[index])) for index in wrong])
    moved = np.linalg.norm(mended - inputs[wrong], axis=1) / np.linalg.norm(inputs[wrong], axis=1)
    now_right = int((network.predict(mended).argmax(axis=1) == labels[wrong]).sum())
    lesson.say(
        f"Changed by {moved.min():.0%} to {moved.max():.0%} of their length, {now_right} of {len(wrong)} "
        "are read right."
    )
    with lesson.picture(
        "corrected",
        "The misread digits, what speaks for the wrong answer, and the same digits changed just so far that "
        "they are read right.",
        size=(8, 3.3),
    ) as figure:
        titles = [f"{labels[index]} read\nas {predicted[index]}" for index in wrong]
        pictures.corrected(
            figure, *(each.reshape(-1, 8, 8) for each in (inputs[wrong], pulls, mended)), titles
        )

    lesson.section(
        "Fooled on purpose",
        """
        What mends a mistake can also make one. Move every pixel by the same small amount ε, in the
        direction that raises the loss, and keep it between 0 and 1 (Goodfellow, Shlens & Szegedy 2015)::

            x′ = x + ε · sign(∂L/∂x)

        The same amount in random directions hardly matters; against the network it is ruinous. A network
        looks at all 64 pixels at once, and 64 small nudges that all point the wrong way add up.
        """,
    )
    rng = np.random.default_rng(1)
    loss = SoftmaxCrossEntropy()
    loss.forward(network.predict(inputs), labels)
    worst = np.sign(network.input_gradient(inputs, loss.backward()))
    chance = rng.choice([-1.0, 1.0], inputs.shape)
    fooled = {
        size: tuple(
            accuracy(network.predict(np.clip(inputs + size * direction, 0, 1)), labels)
            for direction in (chance, worst)
        )
        for size in CHANGES
    }
    lesson.table(
        ["change of every pixel", "at random: right", "against the network: right"],
        [(f"{size:.2f}", f"{random:.1%}", f"{against:.1%}") for size, (random, against) in fooled.items()],
    )
    with lesson.picture(
        "fooled",
        "Test digits read right against the size of the change. One pixel's full range is 1.",
        size=(6.4, 3.4),
    ) as figure:
        pictures.fooling(figure, fooled)
    return fooled


def _pull(network: Network, inputs: Array, read: Array, written: Array) -> Array:
    """∂(z_read − z_written)/∂x of each row."""
    rows = np.arange(len(inputs))
    grad = np.zeros((len(inputs), network.out_features), network.dtype)
    grad[rows, read] = 1
    grad[rows, written] -= 1
    return network.input_gradient(inputs, grad)


def _mend(network: Network, inputs: Array, written: int, step: float = 0.02, most: int = 500) -> Array:
    """The picture changed in small steps, until what was written is also what is read."""
    changed = inputs[None].copy()
    for _ in range(most):
        read = network.predict(changed).argmax(axis=1)
        if read[0] == written:
            break
        pull = _pull(network, changed, read, np.array([written]))
        changed = np.clip(changed - step * pull / np.linalg.norm(pull), 0, 1)
    return changed[0]


def no_digits(lesson: Lesson, small: Model, large: Model) -> tuple[dict[str, float], float]:
    """What both networks make of pictures that show no digit."""
    lesson.section(
        "What is no digit",
        """
        Show the small network a letter, and it will name a digit: ten outputs whose probabilities sum to 1
        have no way to say *none*. All that is left is to distrust answers that are not sure enough. The
        large network has an eleventh output for it, and was trained on letters, scribbles and blots as well.

        The pictures below come from the same drawing program as those that it was trained on, so they
        flatter it: with scribbles of another kind expect less.
        """,
    )
    rng = np.random.default_rng(5)
    strange = [draw_scribble(rng) for _ in range(200)]
    digits = [draw_digit(number % 10, rng) for number in range(200)]
    refused = {}
    for model in (small, large):
        probabilities = model.probabilities(_seen(strange, model))
        refused[model.name] = float((probabilities.max(axis=1) < model.rejection_threshold).mean())
    drawn = large.probabilities(_seen(digits, large))
    accepted = drawn.max(axis=1) >= large.rejection_threshold
    read = float((accepted & (drawn.argmax(axis=1) == np.arange(200) % 10)).mean())
    lesson.table(
        ["model", "outputs", "no digits refused", "accepted from a confidence of"],
        [
            (
                model.name,
                model.network.out_features,
                f"{refused[model.name]:.1%}",
                f"{model.rejection_threshold:.2f}",
            )
            for model in (small, large)
        ],
    )
    lesson.say(
        f"Of 200 digits drawn by the same program, the model {large.name} reads and accepts {read:.1%}."
    )
    shown = strange[:12] + digits[:6]
    with lesson.picture(
        "no-digits",
        "Twelve drawings of no digit and, in the last row, six of digits. Above each: what the small network "
        "takes it for, and how probable it is for the large one that it is no digit at all.",
        size=(8, 5.4),
    ) as figure:
        few = small.probabilities(_seen(shown, small))
        logits = large.network.predict(to_inputs(_seen(shown, large), large.geometry))
        none = softmax(logits.astype(np.float64) / large.temperature)[:, NO_DIGIT]
        titles = [
            f"small: {row.argmax()}, {row.max():.0%}\nlarge: none, {share:.0%}"
            for row, share in zip(few, none, strict=True)
        ]
        pictures.strange_pictures(figure, _seen(shown, large), titles)
    return refused, read


def _seen(drawings: list[Array], model: Model) -> Array:
    """Drawings as the model sees them: scaled, centred, in its number of pixels."""
    return np.stack([normalize(drawing, model.geometry) for drawing in drawings])


def confidence(lesson: Lesson, model: Model, data: Dataset) -> tuple[float, tuple[int, int]]:
    """Whether answers given with 90 % confidence are right in nine cases of ten, and what refusing gains."""
    lesson.section(
        "How sure may it be?",
        """
        A confidence is worth something if answers given with 90 % are right nine times in ten. Training does
        not see to that. Afterwards one number is fitted, a temperature T by which all logits are divided, on
        pictures that were held out (Guo et al. 2017)::

            p = softmax(z / T)

        An answer below the threshold comes back as not sure, to be looked at by somebody.
        """,
    )
    labels = data.test.labels
    probabilities = model.probabilities(data.test.images)
    right = probabilities.argmax(axis=1) == labels
    sure = probabilities.max(axis=1) >= model.rejection_threshold
    error = calibration_error(probabilities, labels)
    lesson.table(
        ["", "answers", "mean confidence", "right"],
        [
            (
                name,
                int(chosen.sum()),
                f"{probabilities[chosen].max(axis=1).mean():.1%}",
                f"{right[chosen].mean():.1%}",
            )
            for name, chosen in (("all", sure | ~sure), ("accepted", sure), ("not sure", ~sure))
        ],
    )
    lesson.say(
        f"Temperature {model.temperature:.2f}, threshold {model.rejection_threshold:.2f}.\n"
        f"In groups of like confidence, it and the share of right answers are {error:.1%} apart on average.\n"
        f"Giving up {(~sure).sum()} answers leaves {(~right & sure).sum()} of {(~right).sum()} mistakes."
    )
    return error, (int(sure.sum()), int((~right & sure).sum()))
