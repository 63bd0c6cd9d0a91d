"""What the lessons share: a notebook that prints what a lesson finds and keeps it for a page.

A lesson is a script whose docstring is its prose, in reStructuredText. The docstring's first line is the
lesson's title, a sentence without underlining::

    '''One linear neuron learns to double.

    It multiplies its input by one number, ``w`` …
    '''
    from page.lesson import Lesson, main

    def run(lesson: Lesson) -> Figures:
        lesson.section("Training", "The error shrinks by the same share in every step.")
        lesson.say(f"w = {w:.8f}")
        with lesson.picture("error", "The error against the step: it falls along a straight line.") as figure:
            axes = figure.subplots()
            …
        return Figures(w)

    if __name__ == "__main__":
        main(run, __doc__)

``run`` returns the figures that it found, as a frozen dataclass, so that they can be checked.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import matplotlib as mpl
from matplotlib.figure import Figure
from tqdm import tqdm

from page.drawing import (
    BLUE_TO_ORANGE,
    CLASS_COLORS,
    COLORS,
    PICTURE_DPI,
    STYLE,
    drawn,
    save_gif,
    without_grid,
)
from page.parts import LessonPage, Output, Part, Picture, Section, Table, plain
from page.prose import check, dedented

__all__ = ["BLUE_TO_ORANGE", "CLASS_COLORS", "COLORS", "Lesson", "main"]

T = TypeVar("T")


class Lesson:
    """Prints what a lesson finds and keeps it, in order, in ``parts``.

    Args:
        name: of the lesson; its pictures go to ``OUT/name/``.
        out: folder of the page, or None: nothing is saved then.
        quiet: print nothing and show no progress.
        listener: is told the title of every section as it starts.
    """

    def __init__(
        self,
        name: str,
        out: Path | None,
        quiet: bool = False,
        listener: Callable[[str], None] | None = None,
    ) -> None:
        self.name, self.out, self.quiet, self.listener = name, out, quiet, listener
        self.parts: list[Part] = []

    @property
    def picturing(self) -> bool:
        """Whether pictures are saved; without it a lesson may leave out what is slow to draw."""
        return self.out is not None

    def section(self, title: str, text: str = "") -> None:
        """Start a part of the lesson; title and text are prose in reStructuredText."""
        text = dedented(text)
        check(text, title)
        self._keep(Section(title, text))
        if self.listener:
            self.listener(title)

    def say(self, text: str) -> None:
        """Print a line of results, or several; the page shows together what is said in a row."""
        self._keep(Output(text))

    def table(self, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table; floats get six significant digits, so format those that need others."""
        self._keep(Table.of(header, rows))

    @contextmanager
    def picture(self, name: str, caption: str, size: tuple[float, float] = (8, 4.5)) -> Iterator[Figure]:
        """Draw on the figure that this gives; it is saved as ``OUT/lesson/name.png``.

        Args:
            caption: says what to see in the picture; it is also read to those who cannot see it.
            size: in inches, of which a picture has 120 pixels each and the page 96.
        """
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=size, layout="constrained")
            yield figure
            without_grid(figure)
            self.figure(name, caption, figure)

    def figure(self, name: str, caption: str, figure: Figure) -> None:
        """Save a figure that somebody else has drawn, such as :mod:`digitnet.plots`."""
        caption = " ".join(caption.split())
        check("", caption)
        if self.picturing:
            path = self._path(f"{name}.png")
            figure.savefig(path, dpi=PICTURE_DPI)
            width, height = figure.get_size_inches()
            self._keep_picture(caption, (width, height), path)

    def animation(
        self,
        name: str,
        caption: str,
        frames: Iterable[Callable[[Figure], object]],
        size: tuple[float, float] = (8, 4.5),
        seconds_per_frame: float = 0.12,
    ) -> None:
        """Save an animation that starts over and over as ``OUT/lesson/name.gif``.

        Args:
            frames: functions that draw one frame each on an empty figure. A generator may train between
                its frames; it is gone through, without drawing, even if nothing is saved.
        """
        caption = " ".join(caption.split())
        check("", caption)
        with mpl.rc_context(STYLE):
            images = [drawn(draw, size) for draw in frames if self.picturing]
        if images:
            path, still = self._path(f"{name}.gif"), self._path(f"{name}-last.png")
            images[-1].save(still, optimize=True)
            save_gif(images, path, seconds_per_frame)
            self._keep_picture(caption, size, path, still)

    def progress(self, items: Iterable[T] | int, label: str) -> Iterator[Any]:
        """Go through the items, or count to a number, with a progress bar where people watch."""
        counted = range(items) if isinstance(items, int) else items
        # disable=None: no bar where standard error is not a terminal.
        yield from tqdm(counted, desc=label, leave=False, disable=True if self.quiet else None)

    def _keep(self, part: Part) -> None:
        self.parts.append(part)
        if not self.quiet:
            click.echo(part.plain())

    def _path(self, filename: str) -> Path:
        assert self.out is not None  # noqa: S101 - callers ask self.picturing first
        folder = self.out / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder / filename

    def _keep_picture(self, caption: str, size: tuple[float, float], path: Path, *still: Path) -> None:
        """Keep a picture, or an animation with its still, by its address on the page."""
        address, *stills = (f"{self.name}/{each.name}" for each in (path, *still))
        width, height = (round(96 * inches) for inches in size)
        self._keep(Picture(address, caption, width, height, *stills))


def main(run: Callable[[Lesson], object], prose: str | None) -> None:
    """Be the command line of a lesson: print it and, with ``--out``, write its page and pictures."""
    script = Path(run.__code__.co_filename)
    text = inspect.cleandoc(prose or "")

    @click.command(
        name=script.stem,
        help=plain(text.partition("\n")[0]),
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    @click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder for the lesson's pictures and its page; without it nothing is drawn.",
    )
    def command(out: Path | None) -> None:
        click.echo(plain(text))
        lesson = Lesson(script.stem, out)
        started = time.perf_counter()
        run(lesson)
        if out is not None:
            from page.html_pages import write_lesson

            page = LessonPage(script, text, tuple(lesson.parts), time.perf_counter() - started)
            click.echo(f"\nWrote {write_lesson(page, out)}.")

    command()
