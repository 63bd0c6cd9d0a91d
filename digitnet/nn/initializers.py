"""Where weights start: each initializer is a function ``(rng, shape) -> array`` in float64.

Weights have shape ``(in_features, out_features)``, so ``fan_in = shape[0]`` and ``fan_out = shape[1]``.
Numbers are drawn in float64 and rounded to the network's dtype afterwards, so that one seed gives the
same network in float32 and float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

#: ``initializer(rng, shape) -> array``: any function will do, such as one that returns given numbers.
Initializer = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]


def zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:  # noqa: ARG001
    """All zeros: for biases. Weights that start equal stay equal, so never for a hidden layer's.

    >>> zeros(np.random.default_rng(0), (2,))
    array([0., 0.])
    """
    return np.zeros(shape)


def ones(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:  # noqa: ARG001
    """All ones: for the gain of a BatchNorm.

    >>> ones(np.random.default_rng(0), (2,))
    array([1., 1.])
    """
    return np.ones(shape)


def he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """N(0, 2 / fan_in): keeps the variance of signals through ReLU layers (He et al. 2015).

    >>> w = he_normal(np.random.default_rng(0), (800, 500))
    >>> bool(abs(w.std() - (2 / 800) ** 0.5) < 1e-3)
    True
    """
    return rng.standard_normal(shape) * math.sqrt(2.0 / shape[0])


def he_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """U(-b, b) with b = √(6 / fan_in): the variance of :func:`he_normal` (He et al. 2015).

    >>> w = he_uniform(np.random.default_rng(0), (96, 50))
    >>> bool(abs(w).max() <= 0.25), bool(abs(w.var() - 2 / 96) < 1e-3)
    (True, True)
    """
    bound = math.sqrt(6.0 / shape[0])
    return rng.uniform(-bound, bound, shape)


def glorot_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """N(0, 2 / (fan_in + fan_out)): for tanh and sigmoid layers (Glorot & Bengio 2010).

    >>> w = glorot_normal(np.random.default_rng(0), (800, 500))
    >>> bool(abs(w.std() - (2 / 1300) ** 0.5) < 1e-3)
    True
    """
    return rng.standard_normal(shape) * math.sqrt(2.0 / (shape[0] + shape[1]))


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """U(-b, b) with b = √(6 / (fan_in + fan_out)) (Glorot & Bengio 2010).

    >>> w = glorot_uniform(np.random.default_rng(0), (100, 50))
    >>> bool(abs(w).max() <= (6 / 150) ** 0.5)
    True
    """
    bound = math.sqrt(6.0 / (shape[0] + shape[1]))
    return rng.uniform(-bound, bound, shape)


def normal(scale: float) -> Initializer:
    """N(0, scale²), whatever the shape: the textbooks' ``scale * randn``.

    >>> w = normal(0.1)(np.random.default_rng(0), (800, 500))
    >>> bool(abs(w.std() - 0.1) < 1e-3)
    True
    """

    def initialize(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        return rng.standard_normal(shape) * scale

    return initialize
