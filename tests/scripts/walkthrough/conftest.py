"""What the tests of the lessons share: importing a lesson as its script sees the world, and a quiet run."""

import importlib
import itertools
import textwrap
from xml.etree import ElementTree

import pytest


@pytest.fixture(scope="session")
def lesson_module(root):
    """``lesson_module(name)`` imports a script of the walkthrough, with its folder on the path."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(root / "scripts" / "walkthrough")
    yield importlib.import_module
    patch.undo()


@pytest.fixture
def lesson(lesson_module, tmp_path):
    """A lesson that prints nothing and draws into ``tmp_path``."""
    return lesson_module("page.lesson").Lesson("lesson", tmp_path, quiet=True)


@pytest.fixture
def write_script(tmp_path, monkeypatch):
    """``write_script(name, text)`` writes a lesson that can be imported by its name."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def write(name, text):
        path = folder / f"{name}.py"
        path.write_text(textwrap.dedent(text), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def check_page():
    """``check_page(path)`` looks for what a page must not get wrong, and returns its ``<html>`` element."""

    def check(path):
        text = path.read_text("utf-8")
        assert text.startswith("<!DOCTYPE html>\n")
        page = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314 - our own page
        names = [element.get("id") for element in page.iter() if element.get("id")]
        assert len(names) == len(set(names))
        for link in page.iter("a"):
            target = link.get("href")
            assert target[1:] in names if target.startswith("#") else (path.parent / target).is_file(), target
        for image in page.iter("img"):
            assert (path.parent / image.get("src")).is_file()
            assert len(image.get("alt")) > 5
            assert int(image.get("width")) > 0
            assert int(image.get("height")) > 0
            assert image.get("loading") == "lazy"
        for source in page.iter("source"):
            assert (path.parent / source.get("srcset")).is_file()
        levels = [int(element.tag[1]) for element in page.iter() if element.tag in {"h1", "h2", "h3", "h4"}]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        assert not list(page.iter("script"))
        assert not list(page.iter("link"))
        assert "url(" not in text
        return page

    return check
