"""Sphinx's settings for the documentation, and the small parts of it that are written from the code."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]  # the latter for what conf.py imports

import sphinx_tables  # noqa: E402 - found by the path above

import digitnet  # noqa: E402

project = "digitnet"
version = release = digitnet.__version__
project_copyright = "the authors of digitnet, MIT licence"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx.ext.githubpages",  # .nojekyll, without which some hosts drop _static
    "sphinx_parts",
]
exclude_patterns = ["_generated/**/*.html"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# Headings can be linked to as page.md#heading.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist", "colon_fence"]

# What the pages include and no hand writes: tables made from the cards and from the modules.
GENERATED = ROOT / "docs" / "_generated"
sphinx_tables.write_tables(GENERATED)
# One name is documented once, under the address that people import it from.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
add_module_names = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # attributes as one list
napoleon_attr_annotations = False  # the signature has them
toc_object_entries_show_parents = "hide"

# Every reference must lead somewhere. The exceptions belong to other projects: their inventories would
# have to be fetched from the web, and this site builds and reads without one.
nitpicky = True
nitpick_ignore_regex = [
    # NumPy's and Python's own.
    (r"py:.*", r"(np|numpy|npt|NDArray|ArrayLike|DTypeLike)\b.*"),
    (r"py:.*", r"(collections|os|pathlib|typing|io|threading)\..*"),
    (r"py:.*", r"Any|Callable|Generator|Iterable|Iterator|Mapping|ModuleType|Path|PathLike|Sequence"),
    (r"py:.*", r"(sklearn|matplotlib|PIL|onnx|scipy)\..*|Figure|Axes"),
    # Short names for kinds of values; the reference's first page says what they stand for.
    (
        r"py:.*",
        r"Array|Augmentation|Batch|BoolArray|ByteArray|Done|Floats|FloatArray|Ink|Pixels|Rate|Rng|Callback|DigitsSplit"
        r"|Initializer|Score|Zeros",
    ),
]

html_theme = "furo"
html_title = "digitnet"
html_static_path = ["_static"]
html_css_files = ["digitnet.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
templates_path: list[str] = []
pygments_style = "friendly"
pygments_dark_style = "monokai"
