"""A stand-in for a GPU array library: NumPy's numbers behind a class that NumPy may not touch.

It offers what :mod:`digitnet.nn.arrays` says that a library must offer, in CuPy's signatures, and nothing
else. Its arrays are no ndarrays, refuse to become one other than by ``get()``, and refuse ndarrays and
NumPy's scalars as operands. Fresh memory is full of NaN, so that reading it shows.
"""

import numpy as np


class StrictArray:
    """An array that only this library's functions and its own operators can compute with."""

    __array_ufunc__ = None  # any NumPy ufunc raises TypeError
    __hash__ = None

    def __init__(self, values):
        self._values = values

    def __array__(self, *args, **kwargs):
        raise TypeError("NumPy reached for an array of the other library.")

    def __array_function__(self, function, types, args, kwargs):
        raise TypeError(f"numpy.{function.__name__} was called on an array of the other library.")

    def __array_namespace__(self, **_):
        return xp

    # --- attributes -----------------------------------------------------------------------------------

    shape = property(lambda self: self._values.shape)
    dtype = property(lambda self: self._values.dtype)
    size = property(lambda self: self._values.size)
    ndim = property(lambda self: self._values.ndim)
    T = property(lambda self: StrictArray(self._values.T))

    def __len__(self):
        return len(self._values)

    # --- what leaves the device -----------------------------------------------------------------------

    def get(self):
        return self._values.copy()

    def __float__(self):
        if self._values.size != 1:
            raise TypeError("Only one number can become a float.")
        return float(self._values.reshape(())[()])

    def __bool__(self):
        raise TypeError("A branch on a number of the device waits for the device.")

    def __iter__(self):
        raise TypeError("A loop over an array of the device waits for the device in every turn.")

    def __eq__(self, other):
        raise TypeError("No comparisons are part of the interface.")

    # --- indexing -------------------------------------------------------------------------------------

    def __getitem__(self, key):
        return StrictArray(np.asarray(self._values[_index(key)]))

    def __setitem__(self, key, value):
        self._values[_index(key)] = _operand(value)

    # --- operators ------------------------------------------------------------------------------------

    def __add__(self, other):
        return StrictArray(self._values + _operand(other))

    def __sub__(self, other):
        return StrictArray(self._values - _operand(other))

    def __mul__(self, other):
        return StrictArray(self._values * _operand(other))

    def __truediv__(self, other):
        return StrictArray(self._values / _operand(other))

    def __matmul__(self, other):
        return StrictArray(self._values @ _operand(other))

    def __iadd__(self, other):
        self._values += _operand(other)
        return self

    def __isub__(self, other):
        self._values -= _operand(other)
        return self

    def __imul__(self, other):
        self._values *= _operand(other)
        return self

    def __itruediv__(self, other):
        self._values /= _operand(other)
        return self

    # --- methods --------------------------------------------------------------------------------------

    def copy(self):
        return _used("copy", StrictArray(self._values.copy()))

    def reshape(self, *shape):
        return _used("reshape", StrictArray(self._values.reshape(*shape)))

    def sum(self, axis=None, dtype=None, out=None, keepdims=False):
        return _used("sum", _reduced(self._values.sum, axis, out, keepdims, dtype=dtype))

    def mean(self, axis=None, dtype=None, out=None, keepdims=False):
        return _used("mean", _reduced(self._values.mean, axis, out, keepdims, dtype=dtype))

    def max(self, axis=None, out=None, keepdims=False):
        return _used("max", _reduced(self._values.max, axis, out, keepdims))


class StrictModule:
    """The library: the functions below, and a record of which of them and of the methods were used."""

    __name__ = "strict"

    def __init__(self):
        self.used = set()

    def __getattr__(self, name):
        if name not in _FUNCTIONS:
            raise AttributeError(f"strict.{name} is not part of what digitnet.nn says that it needs.")
        self.used.add(name)
        return _FUNCTIONS[name]


xp = StrictModule()


def _used(name, result):
    xp.used.add(name)
    return result


def _operand(value):
    """The numbers behind an operand: a StrictArray's, or a builtin number itself."""
    if type(value) is StrictArray:
        return value._values
    if type(value) in (int, float):
        return value
    raise TypeError(f"A {type(value).__module__}.{type(value).__name__} met an array of the other library.")


def _index(key):
    if isinstance(key, tuple):
        return tuple(_index(part) for part in key)
    return key if key is Ellipsis or isinstance(key, slice) else _operand(key)


def _reduced(reduce, axis, out, keepdims, **options):
    if out is None:
        return StrictArray(np.asarray(reduce(axis=axis, keepdims=keepdims, **options)))
    reduce(axis=axis, keepdims=keepdims, out=_operand(out), **options)
    return out


def _elementwise(function):
    def call(*operands, out=None):
        values = [_operand(operand) for operand in operands]
        if out is None:
            return StrictArray(function(*values))
        function(*values, out=_operand(out))
        return out

    return call


def _clip(a, a_min, a_max, out=None):
    return _elementwise(np.clip)(a, a_min, a_max, out=out)


def _asarray(a, dtype=None):
    """An array as it is, or numbers of the host, copied."""
    if type(a) is StrictArray:
        return a if dtype in (None, a.dtype) else StrictArray(a._values.astype(dtype))
    return StrictArray(np.array(a, dtype))


def _empty(shape, dtype=float):
    return StrictArray(np.full(shape, np.nan, dtype))


_FUNCTIONS = {
    "arange": lambda stop: StrictArray(np.arange(stop)),
    "asarray": _asarray,
    "clip": _clip,
    "concatenate": lambda tup, axis=0: StrictArray(np.concatenate([_operand(a) for a in tup], axis)),
    "empty": _empty,
    "empty_like": lambda a: _empty(a.shape, a.dtype),
    "zeros": lambda shape, dtype=float: StrictArray(np.zeros(shape, dtype)),
    **{
        name: _elementwise(getattr(np, name))
        for name in (
            *("abs", "divide", "exp", "greater", "heaviside", "log", "log1p", "matmul", "maximum"),
            *("multiply", "negative", "reciprocal", "sign", "sqrt", "subtract", "tanh"),
        )
    },
}
