"""All lessons run one after the other, and one that fails does not keep the others from their page."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

GOOD = '''
    """A lesson without pictures."""


    def run(lesson):
        lesson.section("Only")
        lesson.say("all is well")
'''
FAILING = '''
    """A lesson that fails."""


    def run(lesson):
        lesson.section("Before")
        lesson.say("so far so good")
        raise ValueError("a < b")
'''
DYING = '''
    """A lesson that ends its process."""

    import os


    def run(lesson):
        os._exit(3)
'''
ILL_WRITTEN = '''
    """A lesson whose prose is broken.

    ``code without end
    """


    def run(lesson):
        raise AssertionError("never reached")
'''


@pytest.fixture
def everything(lesson_module, write_script):
    scripts = {"good": GOOD, "failing": FAILING, "dying": DYING, "ill_written": ILL_WRITTEN}
    for name, text in scripts.items():
        write_script(name, text)
    return lesson_module("all")


def test_lessons_that_fail_are_shown_with_the_others(everything, lesson_module, tmp_path, check_page):
    names = ["failing", "good", "dying", "ill_written"]
    pages = everything.run_lessons(names, tmp_path)
    assert [page.name for page in pages] == names
    assert [bool(page.failure) for page in pages] == [True, False, True, True]
    path = lesson_module("page.html_pages").write_index(pages, tmp_path, [1, 2, 3, 6], "make it")
    page = check_page(path)
    headings = ["".join(heading.itertext()) for heading in page.iter("h2")]
    assert headings == [
        "Lesson 1 A lesson that fails",
        "Lesson 2 A lesson without pictures",
        "Lesson 3 dying",
        "Lesson 6 ill_written",
    ]
    text = "".join(page.find(".//main").itertext())
    assert "so far so good" in text
    assert "ValueError: a < b" in text
    assert "all is well" in text
    assert "never reached" not in text.partition("The program: ill_written.py")[0]
    summary = next(p for p in page.iter("p") if p.get("class") == "failure")
    assert "".join(summary.itertext()) == "Failed: failing, dying, ill_written."


def test_the_exit_status_says_whether_a_lesson_failed(everything, monkeypatch, tmp_path):
    monkeypatch.setattr(everything, "LESSONS", ("good", "failing"))
    result = CliRunner().invoke(everything.main, ["--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "failing failed:" in result.stderr
    assert "so far so good" not in result.stdout
    monkeypatch.setattr(everything, "LESSONS", ("good",))
    result = CliRunner().invoke(everything.main, ["--out", str(tmp_path), "--verbose"])
    assert result.exit_code == 0
    assert "all is well" in result.stdout


def test_every_lesson_is_there(lesson_module, root):
    for name in lesson_module("all").LESSONS:
        assert (root / "scripts" / "walkthrough" / f"{name}.py").is_file()


def test_one_real_lesson(root, tmp_path, check_page):
    result = subprocess.run(
        [sys.executable, root / "scripts/walkthrough/all.py", "--out", tmp_path, "--only", "linear_neuron"],
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1] == f"Wrote {tmp_path / 'index.html'}."
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr == ""
    page = check_page(tmp_path / "index.html")
    assert len(list(page.iter("article"))) == 1
    assert len(list(page.iter("img"))) >= 3
