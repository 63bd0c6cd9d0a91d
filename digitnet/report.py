"""Everything that is measured of a model, as plain values: what ``scripts/evaluate.py --json`` prints.

Shares and rates lie in [0, 1]. The keys of every report:

- ``model``: ``name`` and ``version``; ``temperature`` and ``rejection_threshold`` of the model;
- ``machine``, ``date``, ``digitnet``: where, when and with which version it was measured.

Of the test split, where it is at hand:

- ``dataset``, ``data``, ``split``: its name, where it comes from, how the split was made;
- ``pictures``, ``errors``, ``accuracy``; ``error_interval_95``: Wilson's, of the error rate;
- ``errors_by_digit``: by the digit that was written;
- ``confusion``: ten rows of ten counts, row = written, column = read;
- ``calibration_error``, of 15 bins of equal mass; ``reliability``: the bins, by rising confidence, each
  with its number of ``answers``, mean ``confidence`` and ``accuracy``;
- ``accepted``: share of the answers; ``errors_accepted``: number of wrong ones among them;
- ``rejection_curve``: if only the surest answers are kept, their share ``coverage``, the ``threshold`` for
  it, the ``errors`` among them and their share ``risk``; ``aurc``: the area under the whole curve;
- ``averaged``: ``errors`` and ``accuracy`` of the mean over ``views`` mild deformations;
- ``as_image_files``: see :func:`digitnet.robustness.as_image_files`;
- ``corrupted``: see :func:`digitnet.robustness.on_corrupted`.

Of folders of labelled pictures, where any were given: ``images``, see :func:`measure_images`.
"""

from __future__ import annotations

import datetime
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import digitnet
from digitnet.data.dataset import Dataset
from digitnet.evaluation import (
    area_under_risk_coverage,
    auroc,
    calibration_error,
    confusion_matrix,
    error_interval,
    reliability,
    risk_coverage,
)
from digitnet.geometry import CLASSES
from digitnet.image_scores import (
    Progress,
    Reading,
    by_source,
    compare_confidence,
    confidences,
    score_non_digits,
    score_numbers,
)
from digitnet.labelled_images import LabelledImages
from digitnet.model_file import Model
from digitnet.recognizer import Recognizer
from digitnet.robustness import as_image_files, on_corrupted
from digitnet.view_averaging import averaged_probabilities, views

#: The shares of answers for which the rejection curve is tabulated.
COVERAGES = (1.0, 0.999, 0.995, 0.99, 0.98, 0.97, 0.95, 0.9, 0.8, 0.7, 0.5)


def describe(model: Model) -> dict[str, Any]:
    """The part of a report that needs no data: which model was measured, where and when."""
    return {
        "model": {"name": model.name, "version": model.version},
        "temperature": model.temperature,
        "rejection_threshold": model.rejection_threshold,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "digitnet": digitnet.__version__,
    }


def measure_test_split(
    recognizer: Recognizer,
    data: Dataset,
    probabilities: NDArray[np.float64],
    *,
    pictures: int,
    progress: Progress,
) -> dict[str, Any]:
    """The part of a report that is about the test split.

    Args:
        recognizer: to measure.
        data: its test split is in the geometry of the recognizer's model.
        probabilities: ``(n, 10)``, the recognizer's of the test pictures.
        pictures: so many of them are also sent the whole way, as image files and corrupted.
        progress: may draw bars.
    """
    labels = data.test.labels
    right = probabilities.argmax(axis=1) == labels
    accepted = probabilities.max(axis=1) >= recognizer.model.rejection_threshold
    errors = int((~right).sum())
    counts = confusion_matrix(probabilities.argmax(axis=1), labels)
    averaged = averaged_probabilities(recognizer, data.test.images).argmax(axis=1) == labels
    return {
        "dataset": data.name,
        "data": data.description,
        "split": data.test.description,
        "pictures": len(labels),
        "errors": errors,
        "accuracy": float(right.mean()),
        "error_interval_95": error_interval(errors, len(labels)),
        "errors_by_digit": {str(d): int(counts[d].sum() - counts[d, d]) for d in range(CLASSES)},
        "confusion": counts.tolist(),
        "calibration_error": calibration_error(probabilities, labels),
        "reliability": [
            {"answers": answers, "confidence": confidence, "accuracy": share}
            for answers, confidence, share in reliability(probabilities, labels)
        ],
        "accepted": float(accepted.mean()),
        "errors_accepted": int((accepted & ~right).sum()),
        "rejection_curve": rejection_curve(probabilities, labels),
        "aurc": area_under_risk_coverage(probabilities, labels),
        "averaged": {
            "views": len(views()),
            "errors": int((~averaged).sum()),
            "accuracy": float(averaged.mean()),
        },
        "as_image_files": as_image_files(recognizer, data.test, pictures, progress),
        "corrupted": on_corrupted(recognizer, data.test, pictures, progress),
    }


def rejection_curve(probabilities: NDArray[Any], labels: NDArray[Any]) -> list[dict[str, Any]]:
    """Points of the risk-coverage curve at :data:`COVERAGES`: keep the surest, how many are wrong?"""
    thresholds, coverage, risk = risk_coverage(probabilities, labels)
    points = []
    for share in COVERAGES:
        last = max(0, round(share * len(labels)) - 1)
        points.append(
            {
                "coverage": float(coverage[last]),
                "threshold": float(thresholds[last]),
                "errors": round(float(risk[last]) * (last + 1)),
                "risk": float(risk[last]),
            }
        )
    return points


def measure_images(
    readings: Sequence[Reading],
    failures: dict[Path, str],
    found: LabelledImages,
    probabilities: NDArray[np.float64] | None = None,
) -> dict[str, Any]:
    """The part of a report that is about folders of labelled pictures.

    Args:
        readings: of the pictures that could be read.
        failures: why the others could not.
        found: what the folders held.
        probabilities: of the test split's pictures, to compare non-digits with; or None.

    Returns:
        ``groups``: for each folder :func:`digitnet.image_scores.by_source` of its numbers, by its name;
        ``numbers``: the same of all; ``non_digits``: the same of the pictures without digits;
        ``confidence``: :func:`digitnet.image_scores.compare_confidence`, with ``auroc_test_split`` for the
        test split in place of the pictures; each None if there are no such pictures.
        ``answers``: ``file``, ``label``, ``source``, ``text``, ``confidence``, ``accepted`` of each.
        ``unreadable``: ``file`` and ``error`` of each. ``unlabelled`` and ``not_images``: names of files.
    """
    numbers = [reading for reading in readings if reading.image.label]
    others = [reading for reading in readings if not reading.image.label]
    groups = dict.fromkeys(reading.image.group for reading in numbers)
    confidence = compare_confidence(numbers, others) if numbers and others else {}
    if others and probabilities is not None:
        confidence["auroc_test_split"] = auroc(probabilities.max(axis=1), confidences(others))
    return {
        "groups": {
            group: by_source([r for r in numbers if r.image.group == group], score_numbers)
            for group in groups
        },
        "numbers": by_source(numbers, score_numbers) if numbers else None,
        "non_digits": by_source(others, score_non_digits) if others else None,
        "confidence": confidence or None,
        "answers": [
            {
                "file": str(reading.image.path),
                "label": reading.image.label,
                "source": reading.image.source,
                "text": reading.text,
                "confidence": reading.confidence,
                "accepted": reading.accepted,
            }
            for reading in readings
        ],
        "unreadable": [{"file": str(path), "error": error} for path, error in failures.items()],
        "unlabelled": [str(path) for path in found.unlabelled],
        "not_images": [str(path) for path in found.others],
    }
