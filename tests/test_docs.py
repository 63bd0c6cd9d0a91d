"""The documentation: it builds without a warning, needs nothing from the web and leaves no name out."""

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import textwrap
import zlib
from html.parser import HTMLParser

import pytest

import digitnet.errors

# Where a name is offered: all of these packages, and every module that the reference documents.
PACKAGES = ("digitnet", "digitnet.nn", "digitnet.data", "digitnet.imaging", "digitnet.corruptions")
# Public names whose docstring has no example, each with the reason.
WITHOUT_EXAMPLE = {
    "digitnet.data.download.fetch": "needs the network",
    "digitnet.synthesis.font_files.fetch_fonts": "needs npm and the network",
    "digitnet.synthesis.corpus.held_out_handwriting": "needs fonts, which have to be fetched",
    "digitnet.synthesis.corpus.held_out_signs": "needs fonts, which have to be fetched",
}
# Names without an underscore that are for other modules of the project and not for its users.
INTERNAL = {
    "digitnet.model_file.model_bytes",
    "digitnet.model_file.model_from",
    "digitnet.model_file.model_header",
}
RESOURCES = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
}


@pytest.fixture(scope="module")
def build(root, tmp_path_factory):
    """The folder of the documentation, with what there is of lessons, and what its build said."""
    out = tmp_path_factory.mktemp("site")
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", "--quiet", "-b", "html", "-d", out / "cache", "docs", out / "html"],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        timeout=300,
    )
    return out / "html", result.stdout + result.stderr


@pytest.fixture(scope="module")
def site(build):
    return build[0]


@pytest.fixture(scope="module")
def documented(site):
    """Every name that the reference documents, by its first name: name -> (role, page)."""
    content = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    # Priority -1 marks other names of what has been named before.
    entries = re.findall(r"^(\S+) py:(\w+) [01] (\S+) .*$", zlib.decompress(content).decode(), re.MULTILINE)
    return {name: (role, page.split("#")[0]) for name, role, page in entries}


def _resolve(name):
    """The object of a dotted name; None for an attribute that only instances have."""
    first, *others = name.split(".")
    value, path = importlib.import_module(first), first
    for part in others:
        path = f"{path}.{part}"
        if not hasattr(value, part) and inspect.ismodule(value):
            importlib.import_module(path)
        # A package may hide a module of its own behind a function of the same name.
        value = getattr(value, part, None)
    return value


class _Resources(HTMLParser):
    """Collects what a browser would load for a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "link" and values.get("rel") in ("canonical", "next", "prev", "index", "search"):
            return
        if tag in RESOURCES and values.get(RESOURCES[tag]):
            self.found.append(values[RESOURCES[tag]])


def test_it_builds_without_a_warning(build):
    assert build[1] == ""


def test_nothing_is_loaded_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        resources = _Resources()
        resources.feed(page.read_text("utf-8"))
        assert resources.found, page
        for address in resources.found:
            assert not re.match(r"(https?:)?//", address), f"{page} loads {address}"
            assert (page.parent / address.split("?")[0].split("#")[0]).exists(), f"{page}: {address}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text("utf-8")), style


def test_links_within_the_site_lead_somewhere(site):
    anchors = {}
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        anchors[page.resolve()] = (set(re.findall(r'\bid="([^"]+)"', text)), text)
    for page, (_, text) in anchors.items():
        for address in re.findall(r'<a [^>]*href="([^"]+)"', text):
            if re.match(r"\w+:", address) or page.name in ("genindex.html", "search.html"):
                continue
            path, _, anchor = address.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page}: {address}"
            # The pages of source name one of several places for what is exported twice.
            if anchor and target in anchors and "_modules" not in page.parts:
                assert anchor in anchors[target][0], f"{page}: {address}"


def test_the_search_finds_names_and_words(site):
    index = (site / "searchindex.js").read_text("utf-8")
    for word in ("recognizer", "softmaxcrossentropi", "checkpoint"):
        assert word in index.lower(), word


_OBJECTS = ("class", "function", "data", "exception")


def test_every_public_name_is_in_the_reference(documented):
    modules = {name.rpartition(".")[0] for name, (role, _) in documented.items() if role in _OBJECTS}
    objects = {id(value) for name in documented if (value := _resolve(name)) is not None}
    missing = [
        f"{module}.{name}"
        for module in sorted(modules | set(PACKAGES))
        for name in _public_names(importlib.import_module(module))
        if f"{module}.{name}" not in INTERNAL and id(_resolve(f"{module}.{name}")) not in objects
    ]
    assert not missing


def test_public_modules_are_in_the_reference_or_internal(documented):
    """Subpackages that users import from have a page; a new one must be put on one."""
    homes = {name.rpartition(".")[0] for name in documented}
    for package in PACKAGES[1:]:
        module = importlib.import_module(package)
        assert package in homes
        if package in ("digitnet.imaging", "digitnet.data"):
            continue  # what is public there is re-exported by the package
        for info in pkgutil.iter_modules(module.__path__, f"{package}."):
            names = _public_names(importlib.import_module(info.name))
            exported = getattr(module, "__all__", ())
            known = [name for name in names if name in exported or f"{info.name}.{name}" in documented]
            assert known or not names or info.name in _INTERNAL, info.name


_INTERNAL = {f"digitnet.nn.{name}" for name in ("buffers", "inference", "memory", "mistakes", "tiles")}


def _public_names(module):
    """``__all__``, or the classes and functions that a module defines."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and callable(value)
        and getattr(inspect.unwrap(value), "__module__", None) == module.__name__
    ]


def test_every_public_class_and_function_has_an_example(documented):
    lacking = {
        name
        for name, (role, _) in documented.items()
        if role in ("class", "function") and not name.startswith("digitnet.errors.")
        if ">>>" not in (inspect.getdoc(_resolve(name)) or "")
    }
    assert lacking == {name for name in WITHOUT_EXAMPLE if name in documented}


def test_every_public_method_is_described(documented):
    bare = [
        name
        for name, (role, _) in documented.items()
        if role in ("method", "property", "attribute") and (value := _resolve(name)) is not None
        if callable(value) and not inspect.getdoc(value)
    ]
    assert not bare


def test_docstrings_name_the_errors_that_their_code_raises(documented):
    """What a function or a constructor raises itself stands in its docstring or its class's."""
    unnamed = []
    for name, (role, _) in documented.items():
        value = _resolve(name)
        if role not in ("class", "function") or value is None:
            continue
        docstring = inspect.getdoc(value) or ""
        bodies = (
            [value]
            if role == "function"
            else [vars(value)[method] for method in ("__init__", "__post_init__") if method in vars(value)]
        )
        for body in bodies:
            unnamed += [f"{name}: {error}" for error in _raised(body) if error not in docstring]
    assert not unnamed


def _raised(function):
    """Names of digitnet's own errors in the ``raise`` statements of a function."""
    try:
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    except (OSError, TypeError):
        return set()
    return {
        node.exc.func.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and hasattr(digitnet.errors, node.exc.func.id)
    }
