"""How well labelled pictures are read: whole numbers, digits, and pictures that show none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ImageError
from digitnet.evaluation import auroc, error_interval, rejection_at
from digitnet.labelled_images import LabelledImage
from digitnet.recognizer import Recognizer

#: ``progress(items, name)`` gives the items again, and may draw a bar meanwhile.
Progress = Callable[[Sequence[Any], str], Iterable[Any]]

#: Of the real digits, so many may be rejected where the rejection of non-digits is measured.
LOST = 0.04


@dataclass(frozen=True)
class Reading:
    """What the recognizer said of a picture; the fields are those of its Prediction.

    >>> image = LabelledImage(Path("42_a.png"), label="42", group="mine", source="mine")
    >>> Reading(image, text="42", confidence=0.9, accepted=True).right
    True
    """

    image: LabelledImage
    text: str
    confidence: float
    accepted: bool

    @property
    def right(self) -> bool:
        """Whether the whole number was read."""
        return self.text == self.image.label


def read_images(
    recognizer: Recognizer, images: Sequence[LabelledImage], progress: Progress
) -> tuple[list[Reading], dict[Path, str]]:
    """Read all pictures; those that cannot be read are told apart, each with a sentence that says why.

    >>> image = LabelledImage(Path("docs/number.jpg"), label="42", group="docs", source="docs")
    >>> recognizer = Recognizer.load("models/mnist.safetensors")
    >>> readings, failures = read_images(recognizer, [image], progress=lambda items, name: items)
    >>> readings[0].text, failures
    ('42', {})
    """
    readings, failures = [], {}
    for image in progress(images, "images"):
        try:
            prediction = recognizer.recognize(image.path)
        except ImageError as error:
            failures[image.path] = str(error)
        except Exception as error:
            # A defect that one picture brings to light must not cost the figures of all others.
            failures[image.path] = f"digitnet failed: {type(error).__name__}: {error}"
        else:
            readings.append(Reading(image, prediction.text, prediction.confidence, prediction.accepted))
    return readings, failures


def edit_distance(read: str, label: str) -> int:
    """Levenshtein's (1966) distance: the fewest insertions, deletions and substitutions between the two.

    >>> edit_distance("1234", "134"), edit_distance("", "42"), edit_distance("7", "1")
    (1, 2, 1)
    """
    # Row i of the table holds the distances of read[:i] from all beginnings of the label.
    above = list(range(len(label) + 1))
    for i, digit in enumerate(read, 1):
        row = [i]
        for j, wanted in enumerate(label, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (digit != wanted)))
        above = row
    return above[-1]


def score_numbers(readings: Sequence[Reading]) -> dict[str, Any]:
    """The figures of some pictures of digits.

    Returns:
        ``pictures``; ``right``, how many numbers were read without a mistake; ``exact``, their share, and
        ``exact_interval_95``, Wilson's; ``digit_accuracy = 1 - Σ edit distance / Σ label length`` (below
        0 where more is read than there is); ``accepted``, a share; ``errors_accepted``, how many wrong
        numbers were accepted; ``nothing_found``, how many pictures were taken to have no digit.

    >>> image = LabelledImage(Path("a.png"), label="42", group="mine", source="mine")
    >>> scores = score_numbers([Reading(image, "42", 0.9, True), Reading(image, "47", 0.6, True)])
    >>> scores["right"], scores["exact"], scores["digit_accuracy"], scores["errors_accepted"]
    (1, 0.5, 0.75, 1)
    """
    right = sum(reading.right for reading in readings)
    edits = sum(edit_distance(reading.text, reading.image.label) for reading in readings)
    return {
        "pictures": len(readings),
        "right": right,
        "exact": right / len(readings),
        "exact_interval_95": error_interval(right, len(readings)),
        "digit_accuracy": 1.0 - edits / sum(len(reading.image.label) for reading in readings),
        "accepted": sum(reading.accepted for reading in readings) / len(readings),
        "errors_accepted": sum(reading.accepted and not reading.right for reading in readings),
        "nothing_found": sum(not reading.text for reading in readings),
    }


def score_non_digits(readings: Sequence[Reading]) -> dict[str, Any]:
    """The figures of some pictures without digits: ``pictures``, ``accepted`` and ``nothing_found``.

    >>> image = LabelledImage(Path("cat.png"), label="", group="mine", source="mine")
    >>> scores = score_non_digits([Reading(image, "", 0.0, False), Reading(image, "8", 0.2, False)])
    >>> scores["accepted"], scores["nothing_found"]
    (0.0, 1)
    """
    accepted = sum(reading.accepted for reading in readings)
    return {
        "pictures": len(readings),
        "accepted": accepted / len(readings),
        "accepted_interval_95": error_interval(accepted, len(readings)),
        "nothing_found": sum(not reading.text for reading in readings),
    }


def by_source(
    readings: Sequence[Reading], score: Callable[[Sequence[Reading]], dict[str, Any]]
) -> dict[str, Any]:
    """A score source by source, their plain mean and the score over all pictures.

    Returns:
        ``sources``, by the name of the source (behind that of its group, if there is more than one);
        ``mean_over_sources``, of every share; ``all``.

    >>> images = [LabelledImage(Path("a.png"), "4", "mine", source) for source in ("anna", "anna", "bert")]
    >>> readings = [Reading(image, text, 0.9, True) for image, text in zip(images, "414", strict=True)]
    >>> scores = by_source(readings, score_numbers)
    >>> scores["mean_over_sources"]["exact"], round(scores["all"]["exact"], 3)
    (0.75, 0.667)
    """
    groups = {reading.image.group for reading in readings}
    parts: dict[str, list[Reading]] = {}
    for reading in readings:
        image = reading.image
        name = image.source if len(groups) == 1 else f"{image.group}/{image.source}"
        parts.setdefault(name, []).append(reading)
    scores = {name: score(parts[name]) for name in sorted(parts)}
    shares = [name for name, value in next(iter(scores.values())).items() if isinstance(value, float)]
    return {
        "sources": scores,
        "mean_over_sources": {
            share: float(np.mean([values[share] for values in scores.values()])) for share in shares
        },
        "all": score(readings),
    }


def compare_confidence(digits: Sequence[Reading], others: Sequence[Reading]) -> dict[str, Any]:
    """How well confidence tells digits from non-digits; None in place of what cannot be compared.

    The digits are the pictures of a single one; if there are none of those, all numbers. A picture in
    which nothing was found has confidence 0.

    Returns:
        ``digits`` and ``non_digits``, how many; ``auroc``; and where 4 % of the digits may be rejected,
        the ``threshold`` for that, the share ``rejected`` of all non-digits and its mean over their
        sources; beside them the shares rejected as the model is set up.

    >>> seven = LabelledImage(Path("7.png"), "7", "mine", "mine")
    >>> cat = LabelledImage(Path("cat.png"), "", "mine", "mine")
    >>> compared = compare_confidence([Reading(seven, "7", 0.9, True)], [Reading(cat, "8", 0.2, False)])
    >>> compared["auroc"], compared["rejected"]
    (1.0, 1.0)
    """
    single = [reading for reading in digits if len(reading.image.label) == 1] or list(digits)
    real, other = confidences(single), confidences(others)
    threshold, rejected = rejection_at(real, other, LOST)
    sources: dict[tuple[str, str], list[float]] = {}
    for reading in others:
        sources.setdefault((reading.image.group, reading.image.source), []).append(reading.confidence)
    return {
        "digits": len(real),
        "non_digits": len(other),
        "auroc": auroc(real, other),
        "digits_that_may_be_rejected": LOST,
        "threshold": threshold,
        "rejected": rejected,
        "rejected_mean_over_sources": float(
            np.mean([np.mean(np.array(part) < threshold) for part in sources.values()])
        ),
        "digits_rejected_as_set_up": float(np.mean([not reading.accepted for reading in single])),
        "rejected_as_set_up": float(np.mean([not reading.accepted for reading in others])),
    }


def confidences(readings: Sequence[Reading]) -> NDArray[np.float64]:
    """``(n,)``: how sure each reading is.

    >>> seven = LabelledImage(Path("7.png"), "7", "mine", "mine")
    >>> confidences([Reading(seven, "7", 0.9, True)])
    array([0.9])
    """
    return np.array([reading.confidence for reading in readings], np.float64)
