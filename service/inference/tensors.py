"""The tensors of a request: what is said of one is checked before anything is made of it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from werkzeug.exceptions import BadRequest

from service.inference.json_body import member
from service.inference.sentences import listed, quoted

MAX_RANK = 4
MAX_DIMENSION = 2**31 - 1
# Of the numbers that are taken; little-endian, as the protocol has it. NumPy has no BF16: it is the upper
# half of an FP32.
NUMBERS = {"FP16": "<f2", "BF16": "<u2", "FP32": "<f4", "FP64": "<f8", "UINT8": "u1"}
FLOATS = ("FP16", "BF16", "FP32", "FP64")
OTHERS = ("BOOL", "INT8", "INT16", "INT32", "INT64", "UINT16", "UINT32", "UINT64", "BYTES")


@dataclass(frozen=True)
class Tensor:
    """An input as the request describes it: its shape makes sense, its elements have not been looked at.

    Attributes:
        name: of the input.
        datatype: one that the protocol knows.
        shape: one to four sizes from 0 on.
        data: the elements in the request's JSON, or None …
        raw: … and then their bytes, as the binary extension has them.
        whole: whether the bytes are one element without its length, as in a request without JSON.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | None
    raw: bytes | memoryview = b""
    whole: bool = False

    @property
    def elements(self) -> int:
        """How many there must be."""
        return prod(self.shape)


def described(entry: dict[str, Any]) -> Tensor:
    """The tensor that an entry of `inputs` describes, without data that follow the JSON; or a 400."""
    name = entry.get("name")
    if type(name) is not str:
        raise BadRequest('An input of the request has no "name", which must be a string.')
    datatype, shape = entry.get("datatype"), entry.get("shape")
    if datatype not in (*NUMBERS, *OTHERS):
        raise BadRequest(
            f'The "datatype" of the input {quoted(name)} is none of the protocol, such as "FP32" or "UINT8".'
        )
    if type(shape) is not list or not 1 <= len(shape) <= MAX_RANK:
        raise BadRequest(
            f'The "shape" of the input {quoted(name)} must be an array of one to four sizes: say, [1, 784].'
        )
    if not all(type(size) is int and 0 <= size <= MAX_DIMENSION for size in shape):
        raise BadRequest(
            f'The "shape" of the input {quoted(name)} has a size that is no whole number from 0 on, '
            "or one beyond all bounds."
        )
    data = member(entry, "data", list, f'The "data" of the input {quoted(name)}')
    return Tensor(name, str(datatype), tuple(shape), data)


def numbers(tensor: Tensor, levels: int) -> NDArray[np.float32]:
    """The elements as ink from 0 to 1, in one row: floats as they are, UINT8 as parts of `levels`.

    Raises a 400 for another datatype, another number of elements than the shape says, and for an element
    that is no number or beyond its range.
    """
    if tensor.datatype not in NUMBERS:
        raise BadRequest(
            f"The input {quoted(tensor.name)} is {tensor.datatype}, but ink is sent as {listed(FLOATS)} "
            f"from 0 to 1, or as UINT8 from 0 to {levels}."
        )
    most = levels if tensor.datatype == "UINT8" else 1
    values = _numbers_of_json(tensor) if tensor.data is not None else _numbers_of_bytes(tensor)
    with np.errstate(invalid="ignore"):
        wrong = ~((values >= 0) & (values <= most))  # in this form, NaN is wrong too
    if wrong.any():
        place = int(wrong.argmax())
        raise BadRequest(
            f"Element {place:,} of the input {quoted(tensor.name)} is {float(values[place]):g}, but "
            f"{tensor.datatype} is taken from 0, which is ground, to {most}, which is ink."
        )
    if tensor.datatype == "FP16":
        values = values.astype(np.float16)  # also where JSON gave more digits
    inputs = values.astype(np.float32)
    return inputs / np.float32(levels) if tensor.datatype == "UINT8" else inputs


def _numbers_of_json(tensor: Tensor) -> NDArray[Any]:
    elements = flat(tensor)
    kinds = {int} if tensor.datatype == "UINT8" else {int, float}
    if not kinds.issuperset(map(type, elements)):
        what = "a whole number" if tensor.datatype == "UINT8" else "a number"
        raise BadRequest(f"An element of the input {quoted(tensor.name)} is not {what}.")
    try:
        return np.array(elements, np.float64)
    except OverflowError as error:
        raise BadRequest(f"An element of the input {quoted(tensor.name)} is beyond all bounds.") from error


def _numbers_of_bytes(tensor: Tensor) -> NDArray[Any]:
    dtype = np.dtype(NUMBERS[tensor.datatype])
    expected = tensor.elements * dtype.itemsize
    if len(tensor.raw) != expected:
        raise BadRequest(
            f"The input {quoted(tensor.name)} has {len(tensor.raw):,} bytes of binary data, but its shape "
            f"and datatype need {expected:,}."
        )
    values = np.frombuffer(tensor.raw, dtype)
    return (values.astype("<u4") << 16).view("<f4") if tensor.datatype == "BF16" else values


def flat(tensor: Tensor) -> list[Any]:
    """The elements in the request's JSON, row by row; a 400 where they do not fill the shape.

    They may be one array, or arrays in arrays just as the shape says.
    """
    level = tensor.data or []
    nested = bool(level) and type(level[0]) is list
    for depth, size in enumerate(tensor.shape[1:], start=1) if nested else ():
        if len(level) != prod(tensor.shape[:depth]) or not all(
            type(entry) is list and len(entry) == size for entry in level
        ):
            raise BadRequest(
                f"The arrays in the data of the input {quoted(tensor.name)} do not have the sizes of its "
                "shape. Nest them so, or send all elements in one array."
            )
        level = list(chain.from_iterable(level))
    if len(level) != tensor.elements:
        raise BadRequest(
            f"The input {quoted(tensor.name)} has {len(level):,} elements, but its shape has room for "
            f"{tensor.elements:,}."
        )
    return level


def byte_strings(tensor: Tensor) -> list[bytes]:
    """The elements of a BYTES tensor in binary form, each behind its length; a 400 where they are not so."""
    if tensor.whole:
        return [bytes(tensor.raw)]
    found = list(islice(_byte_strings(memoryview(tensor.raw)), tensor.elements + 1))
    if len(found) != tensor.elements or sum(map(len, found)) + 4 * len(found) != len(tensor.raw):
        raise BadRequest(
            f"The binary data of the input {quoted(tensor.name)} are not {tensor.elements:,} elements, each "
            "behind its length in four bytes, the lowest first."
        )
    return found


def _byte_strings(raw: memoryview) -> Iterator[bytes]:
    """Elements up to the end, or to one that is cut off."""
    place = 0
    while place + 4 <= len(raw):
        (length,) = struct.unpack_from("<I", raw, place)
        place += 4 + length
        if place > len(raw):
            return
        yield bytes(raw[place - length : place])
