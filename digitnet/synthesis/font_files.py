"""Handwriting fonts with open licences, by name, version and SHA-256: fetched once, then kept in a cache."""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from digitnet.data.download import default_cache
from digitnet.errors import DataError, DigitnetError
from digitnet.files import write_atomically

MAX_FONT_BYTES = 1 << 20
"""No font file of the table is a tenth as long."""
MAX_PACKAGE_BYTES = 1 << 25
"""The longest package of the table has 12 MB, for it holds its font in Chinese as well."""
MAX_UNPACKED_BYTES = 1 << 27
"""How far into an unpacked package a font file is looked for."""
PACKAGE_SECONDS = 120
"""How long the package client may take for one package."""

# Each run of the client looks the packages up one after the other, so a few runs go side by side.
_RUNS, _PACKAGES_A_RUN = 4, 6
_WAY_OUT = "connect to the network, or name a folder that holds the font files"


class FontRecord(NamedTuple):
    """One font file of the table.

    Attributes:
        family: name of the typeface, and of its package ``@fontsource/<family>``.
        version: of the package.
        licence: of the font, as SPDX writes it; all of them allow any use of what is made with the font.
        held_out: whether the family is kept for validation and calibration, and never trained on.
        file: the font file's path in the package.
        sha256: of the font file, in hexadecimal digits.

    >>> font_table()[0].licence
    'OFL-1.1'
    """

    family: str
    version: str
    licence: str
    held_out: bool
    file: str
    sha256: str


@dataclass(frozen=True)
class FontFile:
    """A typeface on the disk.

    Attributes:
        family: its name.
        paths: its files: the first has digits and Latin letters, others may add further letters.
        held_out: whether it is kept for validation and calibration, and never trained on.

    >>> FontFile("a hand", (Path("a-hand.woff"),)).held_out
    False
    """

    family: str
    paths: tuple[Path, ...]
    held_out: bool = False


@cache
def font_table() -> tuple[FontRecord, ...]:
    """The fonts that training uses, sorted by family; a family may have several files.

    Each has digits as a hand writes them, and no two have the same ones. About every fifth family is held
    out, chosen by hand before any model saw them so that both sides have pens and felt pens, print and
    script, crossed sevens, open fours and Greek letters.

    >>> len(font_table()) == len({record.sha256 for record in font_table()})
    True
    """
    text = resources.files("digitnet.synthesis").joinpath("fonts.tsv").read_text(encoding="utf-8")
    return tuple(
        FontRecord(
            row["family"],
            row["version"],
            row["licence"],
            row["split"] == "held-out",
            row["file"],
            row["sha256"],
        )
        for row in csv.DictReader(text.splitlines(), delimiter="\t")
    )


def fetch_fonts(
    cache_dir: Path | None = None,
    *,
    fonts_dir: Path | None = None,
    table: Sequence[FontRecord] | None = None,
    progress: bool = False,
) -> list[FontFile]:
    """Make sure that intact copies of the table's fonts are at hand, fetching those that are not.

    Fonts come from their packages by way of npm, the package client of Node.js, which must be installed.
    Only the font files are kept. A file enters the cache by an atomic rename after its SHA-256 has been
    checked, so several processes may fetch at once. A damaged file in the cache is fetched again. All the
    fonts or an error: a training run with some of them would be another one.

    Args:
        cache_dir: folder of the cache; the user's cache for digitnet if not given.
        fonts_dir: a folder that has all the files already; then nothing is fetched.
        table: which fonts; those of :func:`font_table` if not given.
        progress: whether to draw a progress bar on standard error.

    Returns:
        One entry a family, in the order of the table.

    Raises:
        DataError: a font can be had neither from the cache nor from its package, or its content is wrong.
    """
    records = font_table() if table is None else tuple(table)
    folder = fonts_dir or cache_dir or default_cache() / "fonts"
    missing = [record for record in records if not _intact(folder, record)]
    if missing and fonts_dir is not None:
        names = ", ".join(Path(record.file).name for record in missing[:3])
        raise DataError(
            f"{len(missing)} of {len(records)} fonts are not in {fonts_dir}, or not with the right content "
            f"({names}{', …' if len(missing) > 3 else ''}); leave the folder out to have them fetched."
        )
    if missing:
        _fetch(missing, folder, progress)
    families: dict[str, FontFile] = {}
    for record in records:
        before = families[record.family].paths if record.family in families else ()
        paths = (*before, folder / Path(record.file).name)
        families[record.family] = FontFile(record.family, paths, record.held_out)
    return list(families.values())


def _intact(folder: Path, record: FontRecord) -> bool:
    path = folder / Path(record.file).name
    try:
        return path.stat().st_size <= MAX_FONT_BYTES and _has_sum(path.read_bytes(), record)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _has_sum(content: bytes, record: FontRecord) -> bool:
    return hashlib.sha256(content).hexdigest() == record.sha256


def _fetch(records: Iterable[FontRecord], folder: Path, progress: bool) -> None:
    """Bring the fonts into the folder, some packages at a time."""
    client = shutil.which("npm")
    if client is None:
        raise DataError(
            f"The fonts are not in the cache {folder}, and npm, which fetches them, is not installed; "
            "install Node.js with npm, or name a folder that holds the font files."
        )
    packages: dict[str, list[FontRecord]] = {}
    for record in records:
        packages.setdefault(f"@fontsource/{record.family}@{record.version}", []).append(record)
    names = list(packages)
    runs = [names[first : first + _PACKAGES_A_RUN] for first in range(0, len(names), _PACKAGES_A_RUN)]
    with ThreadPoolExecutor(_RUNS) as pool:
        futures = [
            pool.submit(_fetch_packages, client, {name: packages[name] for name in run}, folder)
            for run in runs
        ]
        try:
            for future in _with_bar(futures) if progress else futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _with_bar(futures: Sequence[Future[None]]) -> Iterable[Future[None]]:
    from tqdm import tqdm

    bar: Iterable[Future[None]] = tqdm(futures, desc="fonts", unit="batch")
    return bar


def _fetch_packages(client: str, packages: dict[str, list[FontRecord]], folder: Path) -> None:
    """Let the client put the packages into a temporary folder, and move their fonts into the cache."""
    with tempfile.TemporaryDirectory(prefix="digitnet-fonts-") as temporary:
        command = [client, "pack", "--ignore-scripts", "--loglevel=error", *packages]
        try:
            answer = subprocess.run(  # noqa: S603
                command,
                cwd=temporary,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PACKAGE_SECONDS * len(packages),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DataError(
                f"Fetching {', '.join(packages)} took more than {error.timeout:.0f} s; {_WAY_OUT}."
            ) from error
        except OSError as error:
            raise DataError(f"{client} cannot be run: {error.strerror}; {_WAY_OUT}.") from error
        if answer.returncode:
            reason = " ".join(answer.stderr.split())[:300] or f"exit code {answer.returncode}"
            raise DataError(f"npm could not fetch {', '.join(packages)} ({reason}); {_WAY_OUT}.")
        for records in packages.values():
            for record in records:
                package = Path(temporary) / f"fontsource-{record.family}-{record.version}.tgz"
                content = _unpacked(package, record)
                try:
                    write_atomically(folder / Path(record.file).name, content)
                except DigitnetError as error:
                    raise DataError(f"The cache cannot be used: {error}") from error


def _unpacked(package: Path, record: FontRecord) -> bytes:
    """The font file in a package, which must be the very one that the table names."""
    where = f"package/{record.file}"
    try:
        if package.stat().st_size > MAX_PACKAGE_BYTES:
            raise DataError(
                f"{package.name} is longer than {MAX_PACKAGE_BYTES:,} bytes; it is no font package."
            )
        # A stream, so that the search ends at the font and never runs through an endless package.
        with tarfile.open(package, "r|gz") as archive:
            for member in archive:
                if member.offset_data + member.size > MAX_UNPACKED_BYTES:
                    break
                if member.name == where and member.isfile() and member.size <= MAX_FONT_BYTES:
                    file = archive.extractfile(member)
                    content = b"" if file is None else file.read()
                    if _has_sum(content, record):
                        return content
                    raise DataError(
                        f"{record.file} of {package.name} has wrong content by its SHA-256; the package is "
                        "not the one that digitnet names: try again, and report it if it stays so."
                    )
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{package.name} cannot be unpacked ({error}); try again.") from error
    raise DataError(f"{package.name} holds no {record.file} of at most {MAX_FONT_BYTES:,} bytes.")
