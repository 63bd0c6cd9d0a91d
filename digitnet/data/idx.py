"""The IDX format of the MNIST files, plain or gzipped: a wrong file is an error, never a wrong array."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import DataError

MAX_BYTES = 2**30
"""No array of more bytes is read. MNIST has 47 MB, the largest of its relatives 640 MB."""

_GZIP_MAGIC = b"\x1f\x8b"
_UBYTE = 0x08
_DTYPES = {0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
_NUMPY_MAX_DIMENSIONS = 64
_CHUNK = 2**20


def read_idx(path: str | PathLike[str], *, dimensions: int | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not; its content decides which, not its name.

    Args:
        path: the file.
        dimensions: how many dimensions there must be; any number if None.

    Returns:
        uint8, of the shape in the file's header.

    Raises:
        DataError: the file cannot be read, or is not exactly one IDX array of unsigned bytes.

    Reference: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits" (1998).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels"
    ...     _ = path.write_bytes(encode_idx(np.array([5, 0, 4], np.uint8)))
    ...     read_idx(path, dimensions=1)
    array([5, 0, 4], dtype=uint8)
    """
    try:
        with Path(path).open("rb") as file:
            return parse_idx(file, str(path), dimensions=dimensions)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def parse_idx(file: io.BufferedIOBase, source: str, *, dimensions: int | None = None) -> NDArray[np.uint8]:
    """Read one IDX array, gzipped or not, from an open and seekable binary file.

    Errors name ``source``; otherwise as :func:`~digitnet.data.read_idx`.

    Raises:
        DataError: as :func:`~digitnet.data.read_idx` does.

    >>> parse_idx(io.BytesIO(encode_idx(np.eye(2, dtype=np.uint8))), "a square")
    array([[1, 0],
           [0, 1]], dtype=uint8)
    """
    start = file.read(len(_GZIP_MAGIC))
    file.seek(0)
    if start != _GZIP_MAGIC:
        return _parse(file, source, dimensions)
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            return _parse(unpacked, source, dimensions)
    except EOFError as error:
        raise DataError(f"{source} is truncated: its gzip stream breaks off.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{source} is corrupt: its gzip stream cannot be unpacked ({error}).") from error


def encode_idx(array: NDArray[np.uint8]) -> bytes:
    """The unpacked IDX file that holds ``array``; there is exactly one.

    >>> encode_idx(np.array([5, 0, 4], np.uint8)).hex(" ")
    '00 00 08 01 00 00 00 03 05 00 04'
    """
    return struct.pack(f">HBB{array.ndim}I", 0, _UBYTE, array.ndim, *array.shape) + array.tobytes()


def _parse(file: io.BufferedIOBase, source: str, dimensions: int | None) -> NDArray[np.uint8]:
    shape = _parse_header(file, source, dimensions)
    expected = math.prod(shape)
    described = "×".join(map(str, shape))
    if expected > MAX_BYTES:
        raise DataError(
            f"{source} promises {described} bytes, more than the {MAX_BYTES:,} that are read; "
            "it is corrupt or not a set of digits."
        )
    # In pieces, so that memory follows what is really there and not what the header promises. One byte
    # more than expected is asked for: it shows a file that is too long, and takes gzip to its checksum.
    content = bytearray()
    while len(content) <= expected and (chunk := file.read(min(_CHUNK, expected + 1 - len(content)))):
        content += chunk
    if len(content) < expected:
        raise DataError(
            f"{source} is truncated: its header promises {described} bytes after it, it has {len(content):,}."
        )
    if len(content) > expected:
        raise DataError(f"{source} is too long: it goes on after the {described} bytes its header promises.")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _parse_header(file: io.BufferedIOBase, source: str, dimensions: int | None) -> tuple[int, ...]:
    head = file.read(4)
    if len(head) < 4:
        raise DataError(f"{source} is truncated: an IDX header has at least 4 bytes, it has {len(head)}.")
    zeros, code, ndim = struct.unpack(">HBB", head)
    if zeros != 0 or (code != _UBYTE and code not in _DTYPES):
        raise DataError(
            f"{source} is not an IDX file: it begins with the bytes {head.hex(' ')}, "
            f"where 00 00 {_UBYTE:02x} and the number of dimensions are expected."
        )
    if code != _UBYTE:
        raise DataError(
            f"{source} holds {_DTYPES[code]} values (IDX type {code:02x}); "
            f"digit images and labels are unsigned bytes (IDX type {_UBYTE:02x})."
        )
    if dimensions is not None and ndim != dimensions:
        raise DataError(
            f"{source} must have {dimensions} dimension(s); its header says {ndim}. Images have 3 "
            "(count, rows, columns) and labels 1: check that the two have not been swapped."
        )
    if not 1 <= ndim <= _NUMPY_MAX_DIMENSIONS:
        raise DataError(
            f"{source} must have 1 to {_NUMPY_MAX_DIMENSIONS} dimensions; its header says {ndim}."
        )
    sizes = file.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise DataError(f"{source} is truncated: its header of {4 + 4 * ndim} bytes breaks off.")
    shape: tuple[int, ...] = struct.unpack(f">{ndim}I", sizes)
    if 0 in shape:
        raise DataError(f"{source} is empty: its header says {'×'.join(map(str, shape))}.")
    return shape
