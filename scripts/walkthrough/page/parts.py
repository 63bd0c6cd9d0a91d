"""The parts of which a lesson is made: prose, output, tables and pictures.

Each has ``plain()``, what a terminal shows of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Section:
    """The start of a part of the lesson: its heading and its prose in reStructuredText."""

    title: str
    text: str

    def plain(self) -> str:
        return f"\n{self.title}\n{'-' * len(self.title)}" + (f"\n{plain(self.text)}" if self.text else "")


@dataclass(frozen=True)
class Output:
    """Lines of results."""

    text: str

    def plain(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """Results in rows, as text; whether each column holds numbers says how it is aligned."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]

    @classmethod
    def of(cls, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
        """A table of values; floats get six significant digits."""
        texts = tuple(tuple(_cell(value) for value in row) for row in rows)
        columns = zip(*texts, strict=True) if texts else [()] * len(header)
        return cls(tuple(header), texts, tuple(all(map(_is_number, column)) for column in columns))

    def plain(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if numeric else cell.ljust(width)
                for cell, width, numeric in zip(row, widths, self.numeric, strict=True)
            )
            for row in (self.header, *self.rows)
        ]
        return "\n".join(line.rstrip() for line in lines)


@dataclass(frozen=True)
class Picture:
    """A saved picture or animation: paths from the page's folder, size in pixels of the page.

    An animation has a ``still``, its last frame, for those who want nothing to move.
    """

    path: str
    caption: str
    width: int
    height: int
    still: str | None = None

    def plain(self) -> str:
        return f"[{self.path}: {self.caption}]"


Part = Section | Output | Table | Picture


@dataclass(frozen=True)
class LessonPage:
    """A lesson that was run.

    Attributes:
        script: its program.
        prose: the program's docstring: a title, an empty line, paragraphs in reStructuredText.
        parts: what the lesson said and drew.
        seconds: that it took.
        failure: the traceback, if it failed; ``parts`` is then what there was before.
    """

    script: Path
    prose: str
    parts: tuple[Part, ...]
    seconds: float
    failure: str = ""

    @property
    def name(self) -> str:
        return self.script.stem

    @property
    def title(self) -> str:
        return self.prose.strip().partition("\n")[0].rstrip(".")

    @property
    def body(self) -> str:
        return self.prose.strip().partition("\n")[2].strip()


def programs(script: Path) -> dict[str, str]:
    """The script and what it imports of its folder, but for this package: text by path in the folder.

    Of the script's docstring, which its page begins with, only the title is there.
    """
    found: dict[str, str] = {}
    waiting = [script]
    for path in waiting:
        name = path.relative_to(script.parent).as_posix()
        if name not in found:
            found[name] = path.read_text("utf-8")
            modules = [module for module in _imported(found[name]) if not module.startswith("page.")]
            beside = [script.parent.joinpath(*module.split(".")).with_suffix(".py") for module in modules]
            waiting += [other for other in beside if other.is_file()]
    return found | {script.name: _with_title_only(found[script.name])}


def _with_title_only(program: str) -> str:
    """A program whose docstring has been cut down to its first line; unchanged if it cannot be read."""
    try:
        module = ast.parse(program)
    except SyntaxError:
        return program
    if ast.get_docstring(module) is None or module.body[0].end_lineno == module.body[0].lineno:
        return program
    lines = program.splitlines(keepends=True)
    start, end = module.body[0].lineno - 1, module.body[0].end_lineno
    title = lines[start].rstrip() + lines[start].lstrip()[:3] + "\n"
    return "".join([*lines[:start], title, *lines[end:]])


def _imported(program: str) -> list[str]:
    """Names that may be modules which a program imports; none if it cannot be read, which its page says."""
    try:
        nodes = list(ast.walk(ast.parse(program)))
    except SyntaxError:
        return []
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def plain(text: str) -> str:
    """Prose in reStructuredText as a terminal shows it: without the marks of code and of what follows."""
    return text.replace("``", "").replace("::\n", ":\n").replace("**", "")


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)


def _is_number(text: str) -> bool:
    """Whether a cell aligns right: it begins as a number does, or as a shape."""
    return text.lstrip("+-− (")[:1].isdigit()
