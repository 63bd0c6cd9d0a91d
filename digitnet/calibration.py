"""From a trained network to one that knows how sure it is: temperature, scale and rejection threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from digitnet.confidence import ConfidenceScale, fit_confidence_scale
from digitnet.data.dataset import Split
from digitnet.evaluation import accuracy, auroc, fit_temperature, rejection_threshold
from digitnet.geometry import CLASSES
from digitnet.imaging import to_inputs
from digitnet.model_file import Model
from digitnet.probabilities import digit_probabilities
from digitnet.synthesis.corpus import Examples

#: The share of right answers that may come back as not sure, of the data set's own digits.
LOST_OF_DATA_SET = 0.01
#: The same of other people's handwriting, which is not cut out as cleanly.
LOST_OF_HANDWRITING = 0.04


def calibrate(
    model: Model, validation: Split, handwriting: Examples | None = None, signs: Examples | None = None
) -> Model:
    """The model with a temperature and a rejection threshold that were fitted on held-out pictures.

    Temperature and confidence scale are fitted on the validation split. So is the threshold, unless there
    is handwriting from elsewhere to choose it on: a threshold that loses one in a hundred of the data set's
    digits loses far more of those that another pen wrote and a camera took.

    Args:
        model: a trained model; its own temperature and threshold are not looked at.
        validation: digits that it was not trained on.
        handwriting: digits of other origin that it was not trained on, or None.
        signs: pictures of the same origin that show no digit, to measure what is rejected, or None.

    Returns:
        The model with ``temperature``, ``confidence_scale``, ``rejection_threshold`` and ``metrics`` set.

    >>> from digitnet.data import load_digits
    >>> from digitnet.model_file import load_model
    >>> model = replace(load_model("models/digits.safetensors"), temperature=9.0)  # far too modest
    >>> calibrated = calibrate(model, load_digits().test)
    >>> bool(calibrated.temperature < 2 and 0.3 < calibrated.rejection_threshold < 1)
    True
    """
    logits = np.asarray(model.network.predict(to_inputs(validation.images, model.geometry)), np.float64)
    warm = replace(
        model, temperature=fit_temperature(logits, validation.labels), confidence_scale=ConfidenceScale()
    )
    if model.knows_non_digits:
        scale = fit_confidence_scale(digit_probabilities(logits, warm.temperature), validation.labels)
        warm = replace(warm, confidence_scale=scale)
    if handwriting is None:
        images, labels, lost = validation.images, validation.labels, LOST_OF_DATA_SET
    else:
        images, labels, lost = handwriting.images, handwriting.labels, LOST_OF_HANDWRITING
    probabilities = warm.probabilities(images)
    threshold = rejection_threshold(probabilities, labels, lost=lost)
    metrics = {"validation_accuracy": accuracy(logits[:, :CLASSES], validation.labels)}
    if handwriting is not None:
        metrics["handwriting_accuracy"] = accuracy(probabilities, labels)
    if handwriting is not None and signs is not None:
        digits, others = probabilities.max(axis=1), warm.probabilities(signs.images).max(axis=1)
        metrics["handwriting_accepted"] = float(np.mean(digits >= threshold))
        metrics["signs_rejected"] = float(np.mean(others < threshold))
        metrics["signs_auroc"] = auroc(digits, others)
    return replace(warm, rejection_threshold=threshold, metrics=model.metrics | metrics)
