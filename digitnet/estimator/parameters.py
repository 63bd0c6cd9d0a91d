"""The hyperparameters of the estimator: their defaults, and the sentences for values that cannot work."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator

from digitnet.errors import ConfigurationError
from digitnet.nn.schedules import Schedule
from digitnet.progress import EpochReport

#: Called after every epoch; training ends when it returns True.
Callback = Callable[[EpochReport], bool | None]

ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "leaky_relu")
SOLVERS = ("adam", "adamw", "sgd")
LEARNING_RATES = ("constant", "invscaling", "adaptive", "cosine", "one_cycle")


class Parameters(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Holds every hyperparameter under scikit-learn's name, unchanged, as its conventions ask for.

    What each of them does is told at :class:`~digitnet.estimator.classifier.MLPClassifier`.
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Literal["identity", "logistic", "tanh", "relu", "leaky_relu"] = "relu",
        *,
        solver: Literal["adam", "adamw", "sgd"] = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: Literal["constant", "invscaling", "adaptive", "cosine", "one_cycle"]
        | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int | float = 10,
        dropout: float = 0.0,
        batch_norm: bool = False,
        label_smoothing: float = 0.0,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        scoring: str | Callable[..., float] = "loss",
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.scoring = scoring
        self.callbacks = callbacks

    def _check_parameters(self) -> None:
        """Refuse what cannot work; called by ``fit``, since scikit-learn wants constructors to check nothing.

        Raises:
            ConfigurationError: a ValueError that says which parameter was given what.
        """
        if str(self.solver) == "lbfgs":
            raise ConfigurationError(
                "solver='lbfgs' is not offered: this network learns from batches. Take 'adam', 'adamw' or "
                "'sgd'; for a full batch set batch_size to the number of samples."
            )
        for name, (is_right, wanted) in _RULES.items():
            value = getattr(self, name)
            if not is_right(value):
                raise ConfigurationError(f"{name} is {wanted}; got {value!r}.")

    def _hidden_widths(self) -> list[int]:
        """``hidden_layer_sizes`` as a list: one number means one layer."""
        sizes = self.hidden_layer_sizes
        return [int(size) for size in (sizes if isinstance(sizes, Iterable) else [sizes])]

    def _callbacks(self) -> list[Callback]:
        """``callbacks`` as a list: one function counts as a list of one."""
        if self.callbacks is None:
            return []
        return [self.callbacks] if callable(self.callbacks) else list(self.callbacks)

    def _batch_size(self, samples: int) -> int:
        """Rows of a batch for a training split of so many rows."""
        return min(200 if self.batch_size == "auto" else int(self.batch_size), samples)


Rule = tuple[Callable[[Any], bool], str]


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _are_sizes(value: Any) -> bool:
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return np.ndim(np.asarray(value)) == 1 and all(map(_is_count, value))
    return _is_count(value)


def _one_of(*words: str) -> Rule:
    return lambda value: isinstance(value, str) and value in words, "one of " + ", ".join(map(repr, words))


_SWITCH: Rule = (lambda value: isinstance(value, (bool, np.bool_)), "True or False")
_AT_LEAST_ZERO: Rule = (lambda value: _is_real(value) and value >= 0, "zero or a positive number")
_POSITIVE: Rule = (lambda value: _is_real(value) and value > 0, "a positive number")
_COUNT: Rule = (_is_count, "a whole number of at least 1")
_SHARE: Rule = (lambda value: _is_real(value) and 0 <= value < 1, "a number in [0, 1)")

_RULES: dict[str, Rule] = {
    "hidden_layer_sizes": (_are_sizes, "a whole number of at least 1 or a sequence of them"),
    "activation": _one_of(*ACTIVATIONS),
    "solver": _one_of(*SOLVERS),
    "alpha": _AT_LEAST_ZERO,
    "batch_size": (
        lambda value: _is_count(value) or (isinstance(value, str) and value == "auto"),
        "'auto' or a whole number of at least 1",
    ),
    "learning_rate": (
        lambda value: callable(value) or (isinstance(value, str) and value in LEARNING_RATES),
        "one of " + ", ".join(map(repr, LEARNING_RATES)) + ", or a schedule, a function of the step",
    ),
    "learning_rate_init": _POSITIVE,
    "power_t": _AT_LEAST_ZERO,
    "max_iter": _COUNT,
    "shuffle": _SWITCH,
    "tol": _AT_LEAST_ZERO,
    "verbose": (
        lambda value: isinstance(value, (Integral, np.bool_)) and int(value) >= 0,
        "True, False or a whole number",
    ),
    "warm_start": _SWITCH,
    "momentum": _SHARE,
    "nesterovs_momentum": _SWITCH,
    "early_stopping": _SWITCH,
    "validation_fraction": _SHARE,
    "beta_1": _SHARE,
    "beta_2": _SHARE,
    "epsilon": _POSITIVE,
    "n_iter_no_change": (
        lambda value: _is_count(value) or (isinstance(value, Real) and value == math.inf),
        "a whole number of at least 1 or infinity",
    ),
    "dropout": _SHARE,
    "batch_norm": _SWITCH,
    "label_smoothing": _SHARE,
    "class_weight": (
        lambda value: (
            value is None or isinstance(value, Mapping) or (isinstance(value, str) and value == "balanced")
        ),
        "None, 'balanced' or a dict of class labels and their weights",
    ),
    "scoring": (
        lambda value: isinstance(value, str) or callable(value),
        "'loss', the name of a scorer or a function of estimator, X and y",
    ),
    "callbacks": (
        lambda value: (
            value is None or callable(value) or (isinstance(value, Iterable) and all(map(callable, value)))
        ),
        "None, a function or a list of functions",
    ),
}
