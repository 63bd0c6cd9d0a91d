"""IDX files: what is written is read back, and whatever is damaged is refused by name."""

from __future__ import annotations

import gzip
import io
import math
import struct
import tracemalloc
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from digitnet.data import idx
from digitnet.data.idx import encode_idx, parse_idx, read_idx
from digitnet.errors import DataError

ARRAYS = arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=6))


def header(shape: Iterable[int], code: int = 0x08, zeros: int = 0) -> bytes:
    """The header by the book, independently of what is tested."""
    sizes = list(shape)
    return zeros.to_bytes(2) + bytes([code, len(sizes)]) + b"".join(size.to_bytes(4) for size in sizes)


PLAIN = header([2, 3, 3]) + bytes(range(18))


def read_bytes(content: bytes, dimensions: int | None = None) -> np.ndarray:
    return parse_idx(io.BytesIO(content), "some-file", dimensions=dimensions)


@given(array=ARRAYS, packed=st.booleans())
def test_what_is_written_is_read_back(array: np.ndarray, packed: bool) -> None:
    content = header(array.shape) + array.tobytes()
    result = read_bytes(gzip.compress(content) if packed else content)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, array, strict=True)


@given(array=ARRAYS)
def test_encoding_is_the_file_itself(array: np.ndarray) -> None:
    assert encode_idx(array) == header(array.shape) + array.tobytes()


def test_encoding_does_not_depend_on_memory_order() -> None:
    array = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    assert encode_idx(array)[-6:] == bytes(range(6))


@pytest.mark.parametrize("name", ["images", "images.gz", "images.txt"])
@pytest.mark.parametrize("packed", [True, False])
def test_content_decides_about_gzip_not_the_name(tmp_path: Path, name: str, packed: bool) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(PLAIN) if packed else PLAIN)
    np.testing.assert_array_equal(read_idx(path), np.arange(18).reshape(2, 3, 3))


def test_gzip_in_several_members_is_one_file() -> None:
    content = gzip.compress(PLAIN[:9]) + gzip.compress(PLAIN[9:])
    np.testing.assert_array_equal(read_bytes(content), np.arange(18).reshape(2, 3, 3))


CORRUPTIONS = {
    "empty": (b"", "truncated"),
    "header of three bytes": (PLAIN[:3], "truncated"),
    "sizes break off": (PLAIN[:9], "truncated"),
    "no content": (PLAIN[:16], "truncated.*2×3×3.*has 0"),
    "one byte short": (PLAIN[:-1], "truncated.*has 17"),
    "one byte too many": (PLAIN + b"\0", "too long"),
    "web page": (b"<!DOCTYPE html><title>404</title>", "not an IDX file.*3c 21 44 4f"),
    "wrong magic": (header([18], zeros=1) + bytes(18), "not an IDX file"),
    "unknown type": (header([18], code=0x0A) + bytes(18), "not an IDX file"),
    "floats": (header([18], code=0x0D) + bytes(72), "float32"),
    "signed bytes": (header([18], code=0x09) + bytes(18), "int8"),
    "no dimension": (header([]) + b"\0", "1 to 64 dimensions.*0"),
    "too many dimensions": (header([1] * 65) + b"\0", "1 to 64 dimensions.*65"),
    "no items": (header([0, 28, 28]), "empty.*0×28×28"),
    "petabytes": (header([2**32 - 1] * 3) + bytes(18), "promises 4294967295×4294967295×4294967295"),
    "just above the limit": (header([2**30 + 1]) + bytes(18), "more than the"),
    "below the limit, not there": (header([2**30]) + bytes(18), "truncated"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("content", "complaint"), CORRUPTIONS.values(), ids=CORRUPTIONS.keys())
def test_corrupt_files_are_refused_by_name(content: bytes, complaint: str, packed: bool) -> None:
    with pytest.raises(DataError, match=rf"some-file .*{complaint}"):
        read_bytes(gzip.compress(content) if packed else content)


GZIPPED = gzip.compress(PLAIN, mtime=0)
GZIP_CORRUPTIONS = {
    "breaks off": (GZIPPED[:-12], "truncated"),
    "checksum missing": (GZIPPED[:-8], "truncated"),
    "checksum wrong": (GZIPPED[:-8] + bytes(8), "corrupt.*CRC"),
    "header only": (GZIPPED[:10], "truncated"),
    "not deflate": (GZIPPED[:2] + b"\xff" + GZIPPED[3:], "corrupt.*method"),
    "bad block": (GZIPPED[:10] + b"\xff" * 20, "corrupt"),
    "rubbish after it": (GZIPPED + b"rubbish", "corrupt"),
    "packed twice": (gzip.compress(GZIPPED), "not an IDX file.*1f 8b"),
}


@pytest.mark.parametrize(("content", "complaint"), GZIP_CORRUPTIONS.values(), ids=GZIP_CORRUPTIONS.keys())
def test_corrupt_gzip_is_refused_by_name(content: bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=rf"some-file .*{complaint}"):
        read_bytes(content)


@given(content=st.binary(max_size=60), prefix=st.sampled_from([b"", PLAIN[:4], PLAIN[:16], GZIPPED[:10]]))
def test_any_bytes_give_their_array_or_a_data_error(content: bytes, prefix: bytes) -> None:
    try:
        result = read_bytes(prefix + content)
    except DataError:
        return
    assert (prefix + content).endswith(result.tobytes())


@given(position=st.integers(0, len(GZIPPED) - 1), value=st.integers(0, 255))
def test_a_changed_byte_of_gzip_never_gives_a_wrong_array(position: int, value: int) -> None:
    changed = bytearray(GZIPPED)
    changed[position] = value
    try:
        result = read_bytes(bytes(changed))
    except DataError:
        return
    np.testing.assert_array_equal(result, np.arange(18).reshape(2, 3, 3))


@given(length=st.integers(0, len(GZIPPED) - 1))
def test_a_shortened_gzip_is_always_refused(length: int) -> None:
    with pytest.raises(DataError, match="some-file"):
        read_bytes(GZIPPED[:length])


def test_dimensions_are_checked_when_asked_for() -> None:
    assert read_bytes(PLAIN, dimensions=3).shape == (2, 3, 3)
    with pytest.raises(DataError, match=r"must have 1 dimension\(s\); its header says 3.*swapped"):
        read_bytes(PLAIN, dimensions=1)


def peak_memory(content: bytes) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            read_bytes(content)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [[2**30], [2**15, 2**15], [2**32 - 1] * 3])
@pytest.mark.parametrize("packed", [False, True])
def test_memory_follows_the_content_not_the_promise(shape: list[int], packed: bool) -> None:
    content = header(shape) + bytes(1000)
    assert peak_memory(gzip.compress(content) if packed else content) < 4 * 2**20


def test_memory_follows_the_promise_when_gzip_goes_on_and_on() -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = packer.compress(header([100])) + packer.compress(bytes(64 * 2**20)) + packer.flush()
    assert len(bomb) < 100_000
    assert peak_memory(bomb) < 4 * 2**20


def test_the_limit_holds_for_what_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx, "MAX_BYTES", 17)
    with pytest.raises(DataError, match="more than the 17"):
        read_bytes(gzip.compress(PLAIN))


def test_a_missing_file_and_a_folder_are_data_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent cannot be read: No such file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_idx(tmp_path)


def test_header_by_the_book_agrees_with_the_specification() -> None:
    assert header([60000, 28, 28]) == struct.pack(">IIII", 2051, 60000, 28, 28)
    assert header([60000]) == struct.pack(">II", 2049, 60000)
    assert math.prod(read_bytes(PLAIN).shape) == 18
