"""Folders of labelled pictures: which files there are, what each shows and where it comes from.

A picture's **label** is

1. nothing, "", if it lies in a folder that says so by its name (``nondigit``, ``non-digits``,
   ``negative``) or that was given as one of non-digits;
2. the name of the folder it lies in, if that is a number: ``7/a.png``, ``42/b.jpg``;
3. else the number that its own name begins with: ``42_a.png``, ``10000__bank__7.jpg``, ``305.png``.

Its **source**, since a large source should not drown the others, is

- for a label from the folder, the file name's part before the first ``__``: ``7/anna__3.png`` → anna;
- for a label from the file name, the part between the first and the second ``__``;
- for a non-digit, again the part before the first ``__``;
- where there is no such part, the name of the folder (for a label from the folder, of the one above it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from digitnet.errors import DataError

#: Endings of files that are taken for pictures where nothing else says so.
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})
_NON_DIGITS = re.compile(r"(non|not|no)[-_ ]?digits?|negatives?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+")
_LEADING_NUMBER = re.compile(r"([0-9]+)(?=[-_.])")


@dataclass(frozen=True)
class LabelledImage:
    """A file and what it shows.

    Attributes:
        path: of the file.
        label: the digits in it, from left to right; "" if it shows none.
        group: the folder that was asked for, by a short name.
        source: where the picture comes from, within the group.

    >>> LabelledImage(Path("7/anna__3.png"), label="7", group="mine", source="anna").label
    '7'
    """

    path: Path
    label: str
    group: str
    source: str


@dataclass(frozen=True)
class LabelledImages:
    """What some folders hold.

    Attributes:
        images: the labelled ones, in the order of the folders and of the file names in each.
        unlabelled: pictures whose label nothing tells.
        others: files that are no pictures by their endings, and have no label.

    >>> LabelledImages().images
    []
    """

    images: list[LabelledImage] = field(default_factory=list)
    unlabelled: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)


def find_labelled_images(folders: Sequence[Path], non_digits: Sequence[Path] = ()) -> LabelledImages:
    """All pictures in folders and the folders below, each file once, hidden files left out.

    Args:
        folders: of labelled pictures.
        non_digits: folders whose pictures all show no digit, also where they lie within ``folders``.

    Raises:
        DataError: a folder does not exist, or no picture in any of them has a label.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "7").mkdir()
    ...     for name in ("7/anna__1.png", "42_page.jpg", "nobody-knows.png"):
    ...         (Path(folder) / name).touch()
    ...     found = find_labelled_images([Path(folder)])
    >>> [(image.label, image.path.name) for image in found.images]
    [('42', '42_page.jpg'), ('7', 'anna__1.png')]
    >>> [path.name for path in found.unlabelled]
    ['nobody-knows.png']
    """
    found = LabelledImages()
    seen: set[Path] = set()
    # Non-digits first: a folder of them may lie within one of digits, and the first to name a file wins.
    every = [*non_digits, *folders]
    for number, (folder, group) in enumerate(zip(every, _short_names(every), strict=True)):
        for path in _files(folder):
            if path.resolve() not in seen:
                seen.add(path.resolve())
                _sort_in(found, path, folder, group, forced=number < len(non_digits))
    if not found.images:
        raise DataError(
            f"{' and '.join(map(str, every))}: no picture there has a label. A label is the name of the "
            "folder, such as 7/, or the number that the file's name begins with, such as 42_a.png."
        )
    found.images.sort(key=lambda image: not image.label)
    return found


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder. Name one that holds labelled image files.")
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _sort_in(found: LabelledImages, path: Path, folder: Path, group: str, *, forced: bool) -> None:
    parts = path.name.split("__")
    picture = path.suffix.lower() in SUFFIXES
    above = (folder.resolve().name, *path.relative_to(folder).parts[:-1])
    if forced or any(_NON_DIGITS.fullmatch(name) for name in above):
        if picture:
            found.images.append(LabelledImage(path, "", group, parts[0] if len(parts) > 1 else above[-1]))
        else:
            found.others.append(path)
    elif _NUMBER.fullmatch(above[-1]):
        higher = above[-2] if len(above) > 1 else folder.resolve().parent.name
        source = parts[0] if len(parts) > 1 else higher
        found.images.append(LabelledImage(path, above[-1], group, source))
    elif number := _LEADING_NUMBER.match(path.name):
        source = parts[1] if len(parts) > 2 else above[-1]
        found.images.append(LabelledImage(path, number[1], group, source))
    else:
        (found.unlabelled if picture else found.others).append(path)


def _short_names(folders: Sequence[Path]) -> list[str]:
    """The last part of each folder's path; the whole path where two folders share it."""
    last = [folder.resolve().name for folder in folders]
    return [
        name if last.count(name) == 1 else str(folder) for name, folder in zip(last, folders, strict=True)
    ]
