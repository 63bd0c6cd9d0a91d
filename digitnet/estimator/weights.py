"""How much each row counts: sample weights and class weights made into one number a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.estimator.classes import Classes

Weights = NDArray[np.float64]


def row_weights(sample_weight: Any, rows: int) -> Weights:
    """Weights ``(rows,)``: those given, or ones; a single number counts for all.

    Raises:
        ConfigurationError: another number of them, none above zero, or one that is negative, NaN or infinite.

    >>> row_weights([1, 0, 2], 3)
    array([1., 0., 2.])
    """
    if sample_weight is None:
        return np.ones(rows)
    weights = np.array(sample_weight, np.float64)
    if weights.ndim == 0:
        weights = np.full(rows, float(weights))
    if weights.shape != (rows,):
        raise ConfigurationError(
            f"sample_weight has one number for each of the {rows} rows; got shape {weights.shape}."
        )
    if not (np.isfinite(weights).all() and weights.min() >= 0):
        raise ConfigurationError("sample_weight is made of finite numbers, zero or positive; got others.")
    if not weights.any():
        raise ConfigurationError(
            "Each sample_weight is zero, which leaves no row to learn from; give some row a positive weight."
        )
    return weights


def class_factors(
    class_weight: Mapping[Any, float] | str | None,
    classes: Classes,
    codes: NDArray[np.int64],
    weights: Weights,
) -> Weights:
    """The factor of each class's rows, ``(classes,)``.

    ``"balanced"`` gives class c of k the factor ``Σw / (k Σ_c w)``: all classes then weigh the same in
    sum, and all rows together what they weighed before (King & Zeng 2001). A class that a dict does not
    name has factor 1.

    Raises:
        ConfigurationError: a multilabel problem, a label that is no class, a negative factor, or all zero.

    >>> y = np.array([0, 0, 0, 1])
    >>> class_factors("balanced", Classes.of(y), y, np.ones(4))
    array([0.66666667, 2.        ])
    """
    if class_weight is None:
        return np.ones(len(classes.labels))
    if classes.multilabel:
        raise ConfigurationError(
            "class_weight weighs rows by their one class; with several labels a row give sample_weight "
            "instead, for example sklearn.utils.class_weight.compute_sample_weight('balanced', y)."
        )
    if isinstance(class_weight, str):
        totals = np.bincount(codes, weights, minlength=len(classes.labels))
        # A class without rows (all of them set aside for validation, say) has nothing to balance.
        balanced: Weights = np.ones(len(totals))
        np.divide(weights.sum(), len(totals) * totals, out=balanced, where=totals > 0)
        return balanced
    known = set(classes.labels.tolist())
    # As in scikit-learn: a name too many is a slip only if some class has been left without its own.
    if known - class_weight.keys() and (unknown := class_weight.keys() - known):
        raise ConfigurationError(
            f"class_weight names {', '.join(map(repr, unknown))}, which is none of the classes "
            f"{', '.join(map(repr, classes.labels.tolist()))}."
        )
    factors = np.array([class_weight.get(label, 1.0) for label in classes.labels.tolist()], np.float64)
    if not (np.isfinite(factors).all() and factors.min() >= 0 and factors[codes].any()):
        raise ConfigurationError(
            "The weights in class_weight are finite, zero or positive, and above zero for some class in y; "
            f"got {dict(class_weight)!r}."
        )
    return factors
