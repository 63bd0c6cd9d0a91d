"""A lesson's prose, from reStructuredText to HTML, with docutils."""

from __future__ import annotations

import inspect
import itertools
import textwrap
from typing import Any

from docutils import nodes
from docutils.core import publish_parts
from docutils.utils import SystemMessage
from docutils.writers import html5_polyglot

from digitnet.errors import ConfigurationError

SETTINGS: dict[str, Any] = {
    "doctitle_xform": False,
    "file_insertion_enabled": False,
    "halt_level": 2,  # a warning is an error: prose that is written wrongly does not reach the page
    "math_output": "MathML",
    "raw_enabled": False,
    "report_level": 5,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "warning_stream": False,
}
_numbers = itertools.count(1)


def dedented(text: str) -> str:
    """Prose as it stands in a program, without the program's indentation.

    >>> dedented("The formula::\\n\\n        y = w · x\\n    ")
    'The formula::\\n\\n    y = w · x'
    """
    first, gap, rest = inspect.cleandoc(text).partition("\n\n")
    if first.endswith("::") and not rest.startswith((" ", "\n")):  # the formula was all that is indented
        rest = textwrap.indent(rest, "    ")
    return first + gap + rest


class Translator(html5_polyglot.HTMLTranslator):
    """Docutils' HTML with ``code`` for code."""

    def visit_literal(self, node: nodes.literal) -> None:
        self.body.append(f"<code>{self.encode(node.astext())}</code>")
        raise nodes.SkipNode

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        self.body.append(f'<pre tabindex="0">{self.encode(node.astext())}</pre>\n')
        raise nodes.SkipNode

    def visit_section(self, node: nodes.section) -> None:
        raise ConfigurationError(
            f"The prose of a lesson has no headings of its own; got {node[0].astext()!r}. "
            "Start a part with lesson.section."
        )


def to_html(text: str) -> str:
    """Paragraphs, lists and literal blocks as HTML.

    Raises:
        ConfigurationError: the text is no proper reStructuredText, or has headings.

    >>> to_html("The weight ``w`` is *learned*.")
    '<p>The weight <code>w</code> is <em>learned</em>.</p>'
    """
    writer = html5_polyglot.Writer()
    writer.translator_class = Translator
    # What is numbered, such as footnotes, must not be called the same twice on one page.
    settings = {**SETTINGS, "id_prefix": f"prose-{next(_numbers)}-"}
    try:
        parts = publish_parts(text, writer=writer, settings_overrides=settings)
    except SystemMessage as error:
        raise ConfigurationError(f"This is not proper reStructuredText: {error}\n\n{text}") from None
    return str(parts["fragment"]).strip()


def inline_html(text: str) -> str:
    """The same for one paragraph, without its tags: a heading, a caption.

    >>> inline_html("What ``bias`` does")
    'What <code>bias</code> does'
    """
    html = to_html(text)
    if html.count("<p>") != 1 or not (html.startswith("<p>") and html.endswith("</p>")):
        raise ConfigurationError(f"A heading or a caption is one paragraph; got {text!r}.")
    return html.removeprefix("<p>").removesuffix("</p>")


def check(text: str, line: str) -> None:
    """Raise ConfigurationError now if a text, and a line such as its heading, cannot be rendered later."""
    to_html(text)
    inline_html(line)
