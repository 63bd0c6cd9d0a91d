"""How much of the old and of the new a model reads right, on either side of a refinement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitnet.data.dataset import Split
from digitnet.evaluation import accuracy
from digitnet.model_file import Model
from digitnet.synthesis.corpus import Examples


@dataclass(frozen=True)
class Standing:
    """How much a model reads right, as shares.

    Attributes:
        test: of the data set's test split.
        practised: of the corrections that were trained on.
        held_out: of those that were held out; None if there are none.
        rejected: of pictures that show no digit those that are not accepted; None if the model was never
            taught what is no digit.

    >>> Standing(test=0.99, practised=0.5).test
    0.99
    """

    test: float
    practised: float
    held_out: float | None = None
    rejected: float | None = None


def standing(
    model: Model, test: Split, practised: Examples, held_out: Examples, signs: Examples | None
) -> Standing:
    """Measure a model.

    Args:
        model: calibrated.
        test: the data set's test split.
        practised, held_out: corrections that were trained on and that were not; the latter may be none.
        signs: pictures that show no digit, or None.

    >>> from digitnet.data import load_digits
    >>> from digitnet.model_file import load_model
    >>> test = load_digits().test
    >>> new, none = Examples(test.images[:8], test.labels[:8]), Examples(test.images[:0], test.labels[:0])
    >>> standing(load_model("models/digits.safetensors"), test, new, none, None).held_out is None
    True
    """

    def right(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        return accuracy(model.probabilities(images), labels)

    rejected = None
    if signs is not None:
        confidence = model.probabilities(signs.images).max(axis=1)
        rejected = float(np.mean(confidence < model.rejection_threshold))
    return Standing(
        test=right(test.images, test.labels),
        practised=right(*practised),
        held_out=right(*held_out) if len(held_out.labels) else None,
        rejected=rejected,
    )
