"""Lessons as web pages: one file of HTML, with its style inside, and the pictures beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from digitnet.files import write_atomically
from page.parts import LessonPage, Output, Picture, Section, Table, plain, programs
from page.prose import inline_html, to_html
from page.rst_pages import write_source

STYLE = Path(__file__).with_name("html_pages.css")


def write_lesson(page: LessonPage, out: Path) -> Path:
    """Write one lesson as ``OUT/name.html``, and as ``OUT/name.rst`` for other documentation."""
    write_source(page, out)
    path = out / f"{page.name}.html"
    heading = f"<h1>{inline_html(page.title)}</h1>"
    _write(path, plain(page.title), _section_list(page), heading, "\n".join(_article(page, level=2)))
    return path


def write_index(pages: Sequence[LessonPage], out: Path, numbers: Sequence[int], command: str) -> Path:
    """Write all lessons, in order, as ``OUT/index.html``, and each as ``OUT/name.rst``.

    Args:
        numbers: of the lessons, which count on where some are left out.
        command: that makes this page.
    """
    title = "Neural networks, one lesson at a time"
    contents, articles = [], []
    for number, page in zip(numbers, pages, strict=True):
        write_source(page, out)
        heading = inline_html(page.title)
        contents.append(
            f'<li value="{number}"><a href="#{page.name}">{heading}</a>{_section_list(page)}</li>'
        )
        articles += [
            f'<article id="{page.name}" aria-labelledby="{page.name}-title">',
            f'<h2 id="{page.name}-title"><span class="number">Lesson {number}</span> {heading}</h2>',
            *_article(page, level=3),
            "</article>",
        ]
    failed = [page for page in pages if page.failure]
    introduction = (
        f"<h1>{title}</h1>\n<p>Each lesson is a program on the classes of the library digitnet. What it "
        "prints and draws stands between its sentences, and the program itself at its end. No result on this "
        f"page was typed: <code>{escape(command)}</code> computes and draws them all.</p>"
    )
    if failed:
        names = ", ".join(f'<a href="#{page.name}">{page.name}</a>' for page in failed)
        introduction += f'\n<p class="failure"><strong>Failed: {names}.</strong></p>'
    path = out / "index.html"
    _write(path, title, f"<ol>{''.join(contents)}</ol>", introduction, "\n".join(articles))
    return path


def _write(path: Path, title: str, contents: str, header: str, main: str) -> None:
    html = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>{escape(title)}</title>
<style>
{STYLE.read_text("utf-8")}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header>
{header}
</header>
<nav aria-label="Contents">
{contents}
</nav>
<main id="main">
{main}
</main>
</body>
</html>
"""
    write_atomically(path, html.encode())


def _section_list(page: LessonPage) -> str:
    sections = [part for part in page.parts if isinstance(part, Section)]
    items = "".join(
        f'<li><a href="#{page.name}-{number}">{inline_html(section.title)}</a></li>'
        for number, section in enumerate(sections)
    )
    return f"<ul>{items}</ul>" if items else ""


def _article(page: LessonPage, level: int) -> Iterator[str]:
    """A lesson below its title; its sections have headings of the level."""
    if page.body:
        yield to_html(page.body)
    numbers = itertools.count()
    for kind, group in itertools.groupby(page.parts, type):
        if kind is Output:
            text = "\n".join(part.plain() for part in group)
            yield f'<pre class="output" tabindex="0" role="group" aria-label="Output">{escape(text)}</pre>'
            continue
        for part in group:
            match part:
                case Section():
                    yield f'<h{level} id="{page.name}-{next(numbers)}">{inline_html(part.title)}</h{level}>'
                    yield to_html(part.text)
                case Table():
                    yield _table(part)
                case Picture():
                    yield _figure(part)
    if page.failure:
        yield '<p class="failure"><strong>The lesson failed here.</strong></p>'
        yield f'<pre tabindex="0">{escape(page.failure)}</pre>'
    for name, program in programs(page.script).items():
        text = f'<pre tabindex="0"><code>{escape(program)}</code></pre>'
        yield f"<details>\n<summary>The program: <code>{name}</code></summary>\n{text}\n</details>"


def _table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str, attributes: str = "") -> str:
        marks = [' class="number"' if numeric else "" for numeric in table.numeric]
        pairs = zip(cells, marks, strict=True)
        return "".join(f"<{tag}{attributes}{mark}>{escape(cell)}</{tag}>" for cell, mark in pairs)

    head = row(table.header, "th", ' scope="col"')
    body = "\n".join(f"<tr>{row(cells, 'td')}</tr>" for cells in table.rows)
    return (
        f'<div class="scroll" tabindex="0">\n<table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _figure(picture: Picture) -> str:
    image = (
        f'<img src="{escape(picture.path)}" alt="{escape(plain(picture.caption))}" width="{picture.width}" '
        f'height="{picture.height}" loading="lazy" decoding="async"/>'
    )
    caption = inline_html(picture.caption)
    if picture.still:
        still, moving = escape(picture.still), escape(picture.path)
        source = f'<source srcset="{still}" media="(prefers-reduced-motion: reduce), print"/>'
        image = f"<picture>{source}{image}</picture>"
        caption += f' <a href="{moving}">The animation alone</a>, <a href="{still}">its last frame</a>.'
    return f"<figure>\n{image}\n<figcaption>{caption}</figcaption>\n</figure>"
