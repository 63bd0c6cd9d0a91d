"""From a trained network to one that knows how sure it is: temperature and rejection threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from digitnet.data.dataset import Split
from digitnet.evaluation import accuracy, fit_temperature, rejection_threshold
from digitnet.geometry import CLASSES
from digitnet.imaging import to_inputs
from digitnet.model_file import Model
from digitnet.synthesis.corpus import Examples

#: Shares of right answers that may come back as not sure: of the data set's own digits, which are cut out
#: cleanly, and of other people's handwriting.
LOST_OF_DATA_SET = 0.01
LOST_OF_HANDWRITING = 0.025


def calibrate(model: Model, validation: Split, handwriting: Examples | None = None) -> Model:
    """The model with a temperature and a rejection threshold that were fitted on held-out pictures.

    The temperature is fitted on the validation split. So is the threshold, unless there is handwriting from
    elsewhere to choose it on: a threshold that loses one in a hundred of the data set's digits loses far
    more of those that another pen wrote and a camera took.

    Args:
        model: a trained model; its own temperature and threshold are not looked at.
        validation: digits that it was not trained on.
        handwriting: digits of other origin that it was not trained on, or None.
    """
    logits = np.asarray(model.network.predict(to_inputs(validation.images, model.geometry)), np.float64)
    warm = replace(model, temperature=fit_temperature(logits, validation.labels))
    if handwriting is None:
        images, labels, lost = validation.images, validation.labels, LOST_OF_DATA_SET
    else:
        images, labels, lost = handwriting.images, handwriting.labels, LOST_OF_HANDWRITING
    metrics = {"validation_accuracy": accuracy(logits[:, :CLASSES], validation.labels)}
    probabilities = warm.probabilities(images)
    if handwriting is not None:
        metrics["handwriting_accuracy"] = accuracy(probabilities, labels)
    return replace(
        warm,
        rejection_threshold=rejection_threshold(probabilities, labels, lost=lost),
        metrics=model.metrics | metrics,
    )
