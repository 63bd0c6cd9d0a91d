"""Lessons as reStructuredText, for documentation that Sphinx builds."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from digitnet.files import write_atomically
from page.parts import LessonPage, Output, Picture, Section, Table, plain, programs


def write_source(page: LessonPage, out: Path) -> Path:
    """Write a lesson as ``OUT/name.rst``; its pictures are named from there."""
    path = out / f"{page.name}.rst"
    write_atomically(path, ("\n\n".join(filter(None, _blocks(page))) + "\n").encode())
    return path


def _blocks(page: LessonPage) -> Iterator[str]:
    yield _heading(page.title, "=")
    yield ".. role:: number"
    yield page.body
    for kind, group in itertools.groupby(page.parts, type):
        if kind is Output:
            yield _block("code-block", "text", "\n".join(part.plain() for part in group))
            continue
        for part in group:
            match part:
                case Section():
                    yield _heading(part.title, "-")
                    yield part.text
                case Table():
                    yield _table(part)
                case Picture():
                    yield _figure(part)
                    if part.still:
                        last = f".. image:: {part.still}\n   :alt: Last frame: {_alternative(part)}"
                        yield from _folded("The last frame, which stands still", last)
    if page.failure:
        yield ".. error:: The lesson failed here."
        yield _block("code-block", "text", page.failure)
    yield _heading("The whole program", "-")
    yield (
        "What ran for this page, file by file. Of the first docstring, which is the text that this page "
        "begins with, only the title is shown."
    )
    for name, program in programs(page.script).items():
        code = _block("code-block", "python", program)
        yield from _folded(f"The program: <code>{name}</code>", code)


def _heading(title: str, line: str) -> str:
    return f"{title}\n{line * (len(title) + 2)}"


def _block(directive: str, argument: str, text: str) -> str:
    return f".. {directive}:: {argument}\n\n{textwrap.indent(text.rstrip(), '   ')}"


def _folded(summary: str, block: str) -> Iterator[str]:
    """Docutils knows nothing that folds: where the page is no web page, the block stands there unfolded."""
    yield _block("raw", "html", f"<details><summary>{summary}</summary>")
    yield block
    yield _block("raw", "html", "</details>")


def _table(table: Table) -> str:
    def row(cells: Sequence[str], numeric: Sequence[bool]) -> str:
        texts = (_literal(cell, number) for cell, number in zip(cells, numeric, strict=True))
        first, *others = (f"- {text}".rstrip() for text in texts)
        return "\n".join([f"   * {first}", *(f"     {other}" for other in others)])

    head = row(table.header, [False] * len(table.header))
    rows = "\n".join([head, *(row(cells, table.numeric) for cells in table.rows)])
    return f".. list-table::\n   :header-rows: 1\n\n{rows}"


def _literal(text: str, number: bool) -> str:
    """Text that is not markup; the escaped space keeps ``-1`` and ``1.`` from beginning a list."""
    if not text:
        return ""
    escaped = re.sub(r"([\\*`|_])", r"\\\1", text)
    return f":number:`{escaped}`" if number else f"\\ {escaped}"


def _figure(picture: Picture) -> str:
    return (
        f".. figure:: {picture.path}\n   :alt: {_alternative(picture)}\n   :width: {picture.width}px\n\n"
        f"   {picture.caption}"
    )


def _alternative(picture: Picture) -> str:
    return " ".join(plain(picture.caption).split())
