"""The examples in the docstrings of scripts, which pytest does not collect by itself."""

import doctest
import importlib

FOLDERS = ("scripts", "scripts/walkthrough")


def test_every_example_in_a_script_gives_what_it_shows(root, monkeypatch):
    for folder in FOLDERS:
        monkeypatch.syspath_prepend(root / folder)
    found = [path for path in (root / "scripts").rglob("*.py") if ">>> " in path.read_text("utf-8")]
    assert found
    for path in found:
        relative = path.relative_to(root / "scripts").with_suffix("")
        name = ".".join(part for part in relative.parts if part != "walkthrough")
        result = doctest.testmod(importlib.import_module(name), report=True)
        assert result.attempted > 0, path
        assert result.failed == 0, path
