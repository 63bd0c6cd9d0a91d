"""README and documentation are true: their examples are run and give the answers shown; names exist."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md"] + [
    path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if "_generated" not in path.parts
    and re.search(r"^```python$|^<!-- answer -->$", path.read_text("utf-8"), re.MULTILINE)
]


@pytest.fixture(scope="module")
def text(root):
    return (root / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def readme(root):
    spec = importlib.util.spec_from_file_location("readme", root / "scripts" / "readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _answers(text):
    """What follows each ``<!-- answer -->``, JSON read."""
    blocks = re.findall(r"<!-- answer -->\n```(\w*)\n([^`]*?)\n```", text)
    return [json.loads(block) if kind == "json" else block for kind, block in blocks]


def _close(value):
    """The same value with room for another machine's last digits."""
    if isinstance(value, float):
        return pytest.approx(value, abs=2e-3)
    if isinstance(value, dict):
        return {name: _close(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_close(entry) for entry in value]
    return value


def _words(line):
    """The words of an answer, numbers apart: training gives other last digits on other machines."""
    return re.findall(r"\b[A-Za-z]+\b", line)


def _numbers(answer):
    """The numbers of an answer but for seconds and versions, which no two runs have in common."""
    answer = re.sub(r"\b[0-9a-f]{12}\b|[\d.]+ s\b", "", answer)
    return [float(number) for number in re.findall(r"\d+\.\d+|\d+", answer)]


@pytest.fixture(scope="module")
def address(readme):
    """Where a service listens for the examples."""
    with readme.serving_examples() as address:
        yield address


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_example_gives_the_answer_it_shows(readme, address, page):
    text = page.read_text("utf-8")
    shown, given = _answers(text), _answers(readme.refreshed(text, address))
    assert len(shown) == len(given)
    for old, new in zip(shown, given, strict=True):
        if isinstance(old, dict):
            assert new == _close(old)
        elif new != old:
            # Training ends in other last digits on other processors, whole runs in other errors.
            run = "epochs" in old or "calibration" in old
            assert _words(new) == _words(old)
            assert _numbers(new) == pytest.approx(_numbers(old), rel=0.1, abs=6 if run else 0.02)


def test_the_readme_has_examples(text):
    assert len(_answers(text)) >= 6


def test_the_number_in_the_picture_is_read(text):
    answer = _answers(text)[0]
    assert [prediction["text"] for prediction in answer["predictions"]] == ["42"]
    assert answer["predictions"][0]["accepted"]


def test_figures_are_those_of_the_cards(readme, text):
    assert readme.figures() in text


def test_files_and_targets_that_it_names_exist(root, text):
    makefile = (root / "Makefile").read_text("utf-8")
    names = re.findall(r"\]\(([^)#:]+)\)|`((?:digitnet|scripts|models|docs|service)/[\w./-]+)`", text)
    for name in filter(None, (part for pair in names for part in pair)):
        assert (root / name).exists(), name
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_setting_of_the_service_is_listed(readme, text):
    assert readme.settings() in text
