"""Whose arrays the network computes with: NumPy's, or those of another library with its interface.

A :class:`~digitnet.nn.Network` is told once, ``Network(layers, rng=rng, xp=cupy)``. Its layers take their
functions from there; losses, optimisers and averages look at the arrays that they are given
(:func:`array_module`). Random numbers are drawn by NumPy's generator on the host and moved, so that one
seed gives the same network on every library; what leaves the device for a file or a metric goes through
:func:`to_numpy`.

Of the library are used the functions in :data:`FUNCTIONS` and the methods in :data:`METHODS`, with
signatures that NumPy and CuPy share, besides the operators ``@ + - * / += -= *= /=``, slices, indexing
with integer arrays, ``[...] =``, ``float(…)`` of a single number, ``len`` and the attributes ``shape``,
``dtype``, ``size``, ``ndim`` and ``T``.

No GPU was at hand. What was shown is that training and prediction run, to the last bit as with NumPy, on
a stand-in that offers nothing but the above and refuses every touch by NumPy; speed on a GPU, and the
rounding of its arithmetic, were not.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The functions that a library must offer. Those of one array or two take ``out=``.
FUNCTIONS = frozenset(
    {
        *("arange", "asarray", "concatenate", "empty", "empty_like"),
        *("abs", "clip", "divide", "exp", "greater", "heaviside", "log", "log1p", "matmul", "maximum"),
        *("multiply", "negative", "reciprocal", "sign", "sqrt", "subtract", "tanh"),
    }
)

#: The methods that its arrays must have. They are called as ``sum(axis=, out=, keepdims=)``, ``max`` alike,
#: ``mean()``, ``copy()`` and ``reshape(shape)``.
METHODS = frozenset({"copy", "max", "mean", "reshape", "sum"})


def array_module(array: Any) -> ModuleType:
    """The library that an array belongs to: NumPy, what the array names, or the home of its type.

    >>> array_module(np.zeros(3)).__name__
    'numpy'
    """
    if isinstance(array, np.ndarray):
        return np
    named = getattr(array, "__array_namespace__", None)
    module: ModuleType = named() if named else sys.modules[type(array).__module__.partition(".")[0]]
    return module


def to_numpy(array: Any) -> NDArray[Any]:
    """The same numbers as a NumPy array: the array itself, or a copy from the device by its ``get()``.

    >>> host = np.arange(3)
    >>> to_numpy(host) is host
    True
    """
    if isinstance(array, np.ndarray):
        return array
    copied: NDArray[Any] = array.get()
    return copied
