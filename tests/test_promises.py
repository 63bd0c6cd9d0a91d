"""SECURITY.md and RELIABILITY.md name tests that exist, floors that hold and figures that were measured."""

import re
import tomllib

import pytest
from packaging.version import Version

PAGES = ("SECURITY.md", "RELIABILITY.md")


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_is_named_exists(root, name):
    sources = "\n".join(path.read_text("utf-8") for path in (root / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))
    named = re.findall(r"`(test_\w+)`", (root / name).read_text("utf-8"))
    assert len(named) > 8
    assert sorted(set(named) - defined) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_file_and_target_that_is_named_exists(root, name):
    text = (root / name).read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    for path in re.findall(r"`((?:service|scripts|requirements|deploy)/[\w./]*)", text):
        assert (root / path).exists(), path
    for path in re.findall(r"\]\(([\w.]+)\)", text):
        assert (root / path).exists(), path


def test_the_floors_are_those_of_the_project_and_what_is_locked_is_above_them(root):
    rows = re.findall(r"^\| (\w+) \| ([\d.]+) \|", (root / "SECURITY.md").read_text("utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == {"Flask", "Werkzeug", "Pillow"}
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = "\n".join([*project["dependencies"], *project["optional-dependencies"]["service"]])
    locked = (root / "requirements" / "run.txt").read_text("utf-8")
    for name, told in rows:
        (floor,) = re.findall(rf"^{name.lower()}>=([\d.]+),", wanted, re.MULTILINE)
        assert Version(floor) == Version(told), name
        (version,) = re.findall(rf"^{name.lower()}==([\d.]+)", locked, re.MULTILINE)
        assert Version(version) >= Version(floor), name


def test_nothing_was_found_that_is_not_as_promised(root):
    text = (root / "RELIABILITY.md").read_text("utf-8")
    figures = text.partition("<!-- figures -->")[2].partition("<!-- end -->")[0]
    rows = re.findall(r"^\| .* \| (yes|\*\*no\*\*) \|$", figures, re.MULTILINE)
    assert len(rows) == 10
    assert set(rows) == {"yes"}
    assert re.search(r"^Measured by `scripts/reliability.py` on \d{4}-\d\d-\d\d: ", figures, re.MULTILINE)


def test_every_server_was_compared_or_has_a_reason_not_to_be(root):
    servers = (root / "RELIABILITY.md").read_text("utf-8").partition("<!-- servers -->")[2]
    servers = servers.partition("<!-- end -->")[0]
    for name in ("gunicorn as shipped, 2 × 64", "gthread, 2 × 64", "gthread, 2 × 4", "granian", "waitress"):
        assert name in servers
