"""A look at an ONNX file's bytes before it is parsed: how much of it is numbers, and how much is not.

Parsed, a number takes the bytes that it has in the file, but an empty node of two bytes takes a hundred and
fifty. So files may be large by their weights alone.
"""

from __future__ import annotations

from typing import Any

from digitnet.errors import ModelFileError

#: Many times what a network's nodes, names and metadata take.
MAX_STRUCTURE = 2**20

_NUMBERS = "numbers"
# Where arrays lie: the numbers of the fields on the way to them, as onnx.proto has them.
_TENSOR = {4: _NUMBERS, 9: _NUMBERS, 10: _NUMBERS}  # float_data, raw_data, double_data
_NODE = {5: {5: _TENSOR}}  # attribute, t
_MODEL = {7: {1: _NODE, 5: _TENSOR}}  # graph; node, initializer

# How a field is stored: the last three bits of its key.
_VARINT, _EIGHT_BYTES, _LENGTH_FIRST, _FOUR_BYTES = 0, 1, 2, 5


def check_structure(content: bytes) -> None:
    """Refuse a file that has more than a MiB beside its arrays; takes no memory, and time for what it reads.

    Reference: https://protobuf.dev/programming-guides/encoding/

    Raises:
        ModelFileError: so it is, or the bytes are no protocol buffer.

    >>> check_structure(b"\\x3a\\x04" + b"\\x0a\\x00" * 2)  # a graph of four bytes: two empty nodes
    >>> check_structure(b"\\x3a\\x7f" + b"\\x0a\\x00" * 2)
    Traceback (most recent call last):
    ...
    digitnet.errors.ModelFileError: it is damaged, truncated or no ONNX file.
    """
    place, structure = 0, 0
    messages: list[tuple[int, dict[int, Any]]] = [(len(content), _MODEL)]
    while messages:
        end, parts = messages[-1]
        if place >= end:
            messages.pop()
            continue
        start = place
        key, place = _varint(content, place, end)
        field, kind = key >> 3, key & 7
        if kind == _LENGTH_FIRST:
            length, place = _varint(content, place, end)
            inside = parts.get(field)
            if place + length > end:
                raise damaged()
            if isinstance(inside, dict):
                messages.append((place + length, inside))
            else:
                structure += length * (inside != _NUMBERS)
                start, place = start + length, place + length
        elif kind == _VARINT:
            _, place = _varint(content, place, end)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            place += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise damaged()
        structure += place - start
        if structure > MAX_STRUCTURE:
            raise ModelFileError(
                f"it has more than {MAX_STRUCTURE // 2**20} MiB beside its arrays, which no network needs."
            )


def damaged() -> ModelFileError:
    """What to raise for bytes that cannot be read at all."""
    return ModelFileError("it is damaged, truncated or no ONNX file.")


def _varint(content: bytes, place: int, end: int) -> tuple[int, int]:
    """A number of up to ten bytes, seven bits each, the lowest first; and the place behind it."""
    number = 0
    for shift in range(0, 70, 7):
        if place >= end:
            break
        byte = content[place]
        number, place = number | (byte & 127) << shift, place + 1
        if byte < 128:
            return number, place
    raise damaged()
