"""Run all lessons and write them as one page to read in the browser."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import queue
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import click
from page.html_pages import write_index
from page.lesson import Lesson
from page.parts import LessonPage, programs
from page.prose import check
from tqdm import tqdm

LESSONS = (
    "linear_neuron",
    "backpropagation",
    "neurons_by_hand",
    "decision_boundary",
    "image_to_vector",
    "digits_network",
)
AT_ONCE = min(2, os.cpu_count() or 1)
# Two lessons at a time, each on one core: their matrices are small.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM")}


def run_lessons(names: Sequence[str], out: Path) -> list[LessonPage]:
    """Run lessons, each in a process of its own, and show on standard error how far they are."""
    os.environ.update(ONE_THREAD)
    context = multiprocessing.get_context("spawn")
    news = context.Queue()
    # disable=None: no bar where standard error is not a terminal.
    bar = tqdm(total=len(names), bar_format="{percentage:3.0f}%|{bar:30}| {elapsed}{postfix}", disable=None)
    with bar, ThreadPoolExecutor(AT_ONCE) as threads:
        running = {name: threads.submit(_in_own_process, name, out, context, news) for name in names}
        try:
            _watch(running, news, bar)
        except KeyboardInterrupt:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in running.values()]


def _watch(running: dict[str, Future[LessonPage]], news: Any, bar: tqdm) -> None:
    """Move the bar by the share of each lesson's sections that it has begun, until all have ended."""
    shares = dict.fromkeys(running, 0.0)
    sections = {
        name: 1 + sum(text.count("lesson.section(") for text in programs(_script(name)).values())
        for name in running
    }
    while not all(future.done() for future in running.values()):
        try:
            name, title = news.get(timeout=0.2)
        except queue.Empty:
            pass
        else:
            # A section in a loop begins more often than it stands in the program.
            shares[name] = min(shares[name] + 1 / sections[name], 0.99)
            bar.set_postfix_str(f"{name}: {title}", refresh=False)
        ended = [name for name, future in running.items() if future.done()]
        bar.n = round(sum((shares | dict.fromkeys(ended, 1.0)).values()), 3)
        bar.refresh()


def _in_own_process(name: str, out: Path, context: Any, news: Any) -> LessonPage:
    """A lesson that ends badly ends alone."""
    started = time.perf_counter()
    try:
        with ProcessPoolExecutor(1, context, initializer=_begin, initargs=(news,)) as process:
            return process.submit(_run, name, out).result()
    except BrokenProcessPool:
        failure = f"The process of {name} was ended from outside, perhaps for want of memory."
        return LessonPage(_script(name), name, (), time.perf_counter() - started, failure)


def _begin(news: Any) -> None:
    global _news
    _news = news
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback


def _run(name: str, out: Path) -> LessonPage:
    """Run a lesson and give back what it said, also if it failed."""
    lesson = Lesson(name, out, quiet=True, listener=lambda title: _news.put((name, title)))
    started = time.perf_counter()
    prose, failure = name, ""
    try:
        module = importlib.import_module(name)
        written = module.__doc__.strip()
        title, _, body = written.partition("\n")
        check(body, title)
        prose = written
        module.run(lesson)
    except Exception:
        failure = traceback.format_exc()
    return LessonPage(_script(name), prose, tuple(lesson.parts), time.perf_counter() - started, failure)


def _script(name: str) -> Path:
    return next(path for folder in sys.path if (path := Path(folder, f"{name}.py")).is_file())


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the page, index.html, and its pictures.",
)
@click.option("--only", multiple=True, type=click.Choice(LESSONS), help="This lesson alone; may be repeated.")
@click.option("--verbose", is_flag=True, help="Print what the lessons print.")
def main(out: Path, only: tuple[str, ...], verbose: bool) -> None:
    """Run all lessons and write them as one page to read in the browser.

    It takes a few minutes. A lesson that fails does not keep the others from running; the page says
    that it failed, and the exit status is then 1.
    """
    names = [name for name in LESSONS if not only or name in only]
    out.mkdir(parents=True, exist_ok=True)
    pages = run_lessons(names, out)
    numbers = [LESSONS.index(name) + 1 for name in names]
    path = write_index(pages, out, numbers, "python scripts/walkthrough/all.py --out DIR")
    for page in pages:
        if verbose:
            click.echo("\n".join([page.prose, *(part.plain() for part in page.parts)]) + "\n")
        click.echo(f"{page.name:20} {page.seconds:6.1f} s{'  failed' if page.failure else ''}")
    click.echo(f"Wrote {path}.")
    for page in pages:
        if page.failure:
            click.echo(f"\n{page.name} failed:\n{page.failure}", err=True)
    sys.exit(any(page.failure for page in pages))


if __name__ == "__main__":
    main()
