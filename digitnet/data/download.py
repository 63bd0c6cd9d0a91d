"""IDX files from the web into a cache: whatever the packing, the unpacked content must have a known MD5."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digitnet.data.idx import MAX_BYTES, encode_idx, parse_idx
from digitnet.errors import DataError

CONNECT_AND_READ_SECONDS = (5.0, 30.0)
"""How long to wait for a connection, and then for each piece of an answer."""

_INSTALL = (
    "Downloading needs the packages pooch and tqdm, which are not installed; run `pip install "
    "'digitnet[train]'`, or name a folder that holds the files with --data-dir."
)


class RemoteFile(NamedTuple):
    """A file by its unpacked name and the MD5 of its unpacked content, in hexadecimal digits.

    >>> RemoteFile("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637").name
    't10k-labels-idx1-ubyte'
    """

    name: str
    md5: str


def default_cache() -> Path:
    """The user's cache folder for digitnet: ``~/.cache/digitnet`` on Linux; XDG_CACHE_HOME is honoured.

    Raises DataError if pooch is not installed.

    >>> default_cache().name
    'digitnet'
    """
    try:
        import pooch
    except ImportError as error:
        raise DataError(_INSTALL) from error
    return Path(pooch.os_cache("digitnet"))


def fetch(
    files: Iterable[RemoteFile], cache_dir: Path, mirrors: Sequence[str], *, progress: bool = False
) -> list[Path]:
    """Make sure that intact, unpacked copies of the files lie in the cache, downloading what does not.

    A mirror serves each file as ``<mirror>/<name>.gz``, packed anyhow or not at all. A file enters the
    cache by an atomic rename after its MD5 has been checked, so that a broken download leaves nothing
    behind and several processes may fetch at once. A damaged file in the cache is fetched again.

    Args:
        files: what is wanted.
        cache_dir: folder of the cache; made if need be.
        mirrors: addresses, tried in order; one that fails is tried last for the files that follow.
        progress: whether to draw a progress bar on standard error for each download.

    Returns:
        The path of each file in the cache, in the order of ``files``.

    Raises:
        DataError: no mirror gave the right content, the cache cannot be written, or pooch is not
            installed.
    """
    try:
        import pooch

        download = pooch.HTTPDownloader(progressbar=progress, timeout=CONNECT_AND_READ_SECONDS)
    except (ImportError, ValueError) as error:  # ValueError: pooch without tqdm
        raise DataError(_INSTALL) from error

    order = list(mirrors)
    paths = []
    for file in files:
        failures: list[str] = []
        for mirror in tuple(order):
            url = f"{mirror.rstrip('/')}/{file.name}.gz"
            try:
                path = pooch.retrieve(
                    url,
                    known_hash=f"md5:{file.md5}",
                    fname=file.name,
                    path=cache_dir,
                    downloader=_Unpacking(download),
                )
                break
            except (DataError, ValueError) as error:
                # The downloader raises DataError, pooch ValueError for another MD5, at greater length.
                reason = (
                    str(error).rstrip(".") if isinstance(error, DataError) else "wrong content by its MD5"
                )
                failures.append(f"{url}: {reason}")
                order.append(order.pop(order.index(mirror)))
            except OSError as error:
                raise DataError(
                    f"The cache {cache_dir} cannot be used ({error}); make it writable, choose another "
                    "with the environment variable XDG_CACHE_HOME, or name a folder that holds the files "
                    "with --data-dir."
                ) from error
        else:
            raise DataError(
                f"{file.name} is not in the cache {cache_dir} and cannot be downloaded "
                f"({'; '.join(failures) or 'no mirror was given'}); connect to the network, or name a folder "
                "that holds the files with --data-dir."
            )
        paths.append(Path(path))
    return paths


class _Unpacking:
    """A downloader for pooch that stores the unpacked file, so that pooch checks that file's MD5."""

    def __init__(self, download: Any) -> None:
        self._download = download

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        answer = _BoundedBuffer()
        try:
            self._download(url, answer, pooch)
        except (OSError, ValueError) as error:  # everything that requests raises is one of these
            response = getattr(error, "response", None)
            reason = type(error).__name__ if response is None else f"HTTP status {response.status_code}"
            raise DataError(reason) from error
        answer.seek(0)
        Path(output_file).write_bytes(encode_idx(parse_idx(answer, "the answer")))


class _BoundedBuffer(io.BytesIO):
    """A file in memory that an endless answer cannot fill beyond what any IDX file may have."""

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > MAX_BYTES:
            raise DataError(f"the answer is longer than {MAX_BYTES:,} bytes")
        return super().write(data)
