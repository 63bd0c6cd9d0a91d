"""The notebook in which a lesson writes, and the pages that are made of it."""

import os
import subprocess
import sys

import numpy as np
import pytest
from docutils.core import publish_doctree
from docutils.nodes import figure, image, inline, literal_block, raw, table
from PIL import Image

from digitnet.errors import ConfigurationError

SCRIPT = '''
    """A lesson that is made up.

    It has ``code``, *stress* and a formula::

        a < b & c
    """

    import made_up_helper
    from page.lesson import Lesson, main


    def run(lesson: Lesson) -> None:
        lesson.section("First ``part``", "It says what a < b means.")
        lesson.say("one")
        lesson.say("  two <three>")
        lesson.table(["name", "value"], [["*a_*", 1.5], ["`b`|", "-2 %"], ["", 1e-9]])
        with lesson.picture("line", "A line, from 1 to 2 & on.", size=(3, 2)) as figure:
            figure.subplots().plot([1, 2])
        lesson.section("Second part")
        frames = (lambda figure, y=y: figure.subplots().plot(y, "o") for y in range(3))
        lesson.animation("moving", "A point.", frames, size=(3, 2))


    if __name__ == "__main__":
        main(run, __doc__)
'''
HELPER = '"""Helps; imports what imports it, and what is not here."""\n\nimport json\n\nimport made_up\n'


def text_of(element):
    return "".join(element.itertext())


def test_what_is_said_is_kept_in_order_and_printed(lesson_module, capsys):
    lesson = lesson_module("page.lesson").Lesson("spoken", None)
    lesson.section("Title", "Some ``code``::\n\n    a = b")
    lesson.say("x = 1")
    lesson.table(["name", "value"], [["long name", 0.123456789], ["b", -2]])
    assert [type(part).__name__ for part in lesson.parts] == ["Section", "Output", "Table"]
    assert capsys.readouterr().out.splitlines() == [
        "",
        "Title",
        "-----",
        "Some code:",
        "",
        "    a = b",
        "x = 1",
        "name          value",
        "long name  0.123457",
        "b                -2",
    ]


def test_a_quiet_lesson_prints_nothing_and_tells_its_listener(lesson_module, capsys):
    titles = []
    lesson = lesson_module("page.lesson").Lesson("quiet", None, quiet=True, listener=titles.append)
    lesson.section("One")
    lesson.say("a")
    lesson.section("Two")
    assert list(lesson.progress(3, "count")) == [0, 1, 2]
    assert list(lesson.progress(iter("ab"), "letters")) == ["a", "b"]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert titles == ["One", "Two"]


def test_a_picture_is_saved_with_its_size_and_caption(lesson, tmp_path):
    with lesson.picture("plot", "A line\n    that rises.", size=(5, 3)) as drawing:
        drawing.subplots().plot([1, 2])
    (picture,) = lesson.parts
    assert (picture.path, picture.caption) == ("lesson/plot.png", "A line that rises.")
    assert (picture.width, picture.height, picture.still) == (480, 288, None)
    with Image.open(tmp_path / picture.path) as image:
        assert image.size == (600, 360)
        assert np.asarray(image.convert("L")).std() > 5


def test_no_grid_lies_over_images(lesson):
    with lesson.picture("image", "Four pixels.") as drawing:
        image, plot = drawing.subplots(1, 2)
        image.imshow([[1, 2], [3, 4]])
        plot.plot([1, 2])
    assert not image.xaxis.get_gridlines()[0].get_visible()
    assert plot.xaxis.get_gridlines()[0].get_visible()


def test_an_animation_runs_again_and_again_and_rests_on_its_last_frame(lesson, tmp_path):
    def frame(height):
        return lambda drawing: drawing.subplots().bar([0], [height])

    lesson.animation("bars", "A bar grows.", map(frame, [1, 2, 3]), size=(3, 2), seconds_per_frame=0.2)
    (picture,) = lesson.parts
    durations, corners = [], []
    with Image.open(tmp_path / picture.path) as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (3, (300, 200), 0)
        for number in range(3):
            image.seek(number)
            durations.append(image.info["duration"])
            corners.append(image.convert("RGB").getpixel((0, 0)))
        last = np.asarray(image.convert("RGB"), int)
    assert durations == [200, 200, 2000]
    assert corners == [(255, 255, 255)] * 3
    with Image.open(tmp_path / picture.still) as still:
        assert np.abs(np.asarray(still.convert("RGB"), int) - last).mean() < 3


def test_without_a_folder_nothing_is_drawn_but_everything_runs(lesson_module):
    lesson = lesson_module("page.lesson").Lesson("dry", None, quiet=True)
    trained, drawn = [], []

    def frames():
        for step in range(3):
            trained.append(step)
            yield lambda _: drawn.append(1)

    with lesson.picture("plot", "A line.") as drawing:
        drawing.subplots().plot([1, 2])
    lesson.animation("moving", "A point.", frames())
    assert (lesson.picturing, lesson.parts, trained, drawn) == (False, [], [0, 1, 2], [])


@pytest.mark.parametrize(
    ("title", "text", "complaint"),
    [
        ("Title", "Heading\n=======\n\nText.", "no headings of its own"),
        ("Title", "``code without end", "not proper"),
        ("Two\n\nparagraphs", "", "one paragraph"),
    ],
)
def test_prose_that_cannot_be_rendered_is_refused_where_it_stands(lesson, title, text, complaint, capsys):
    with pytest.raises(ConfigurationError, match=complaint):
        lesson.section(title, text)
    assert lesson.parts == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "text",
    [
        "Formula::\n\n    a = b",
        "\n        Formula::\n\n            a = b\n        ",
        "Formula::\n\n            a = b\n        ",
        "Formula::\n\n            a = b",
    ],
)
def test_prose_loses_the_indentation_of_the_program_only(lesson_module, text):
    assert lesson_module("page.prose").dedented(text) == "Formula::\n\n    a = b"


def test_a_lesson_alone_writes_its_page(write_script, root, tmp_path, check_page):
    script = write_script("made_up", SCRIPT)
    write_script("made_up_helper", HELPER)
    result = subprocess.run(
        [sys.executable, script, "--out", tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(root / "scripts" / "walkthrough"), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "A lesson that is made up.\n" in result.stdout
    assert "    a < b & c\n" in result.stdout
    page = check_page(tmp_path / "out" / "made_up.html")
    assert text_of(page.find(".//h1")) == "A lesson that is made up"
    assert [text_of(heading) for heading in page.iter("h2")] == ["First part", "Second part"]
    assert [text_of(pre) for pre in page.iter("pre")][:2] == ["a < b & c", "one\n  two <three>"]
    assert [text_of(cell) for cell in page.iter("td")] == ["*a_*", "1.5", "`b`|", "-2 %", "", "1e-09"]
    still, moving = page.iter("img")
    assert still.get("alt") == "A line, from 1 to 2 & on."
    assert moving.get("src") == "made_up/moving.gif"
    assert "prefers-reduced-motion" in page.find(".//picture/source").get("media")
    assert [text_of(summary) for summary in page.iter("summary")] == [
        "The program: made_up.py",
        "The program: made_up_helper.py",
    ]


def test_a_lesson_as_source_for_other_documentation(lesson_module, write_script, tmp_path):
    lesson, source = lesson_module("page.lesson"), lesson_module("page.rst_pages")
    script = write_script("made_up", SCRIPT)
    write_script("made_up_helper", HELPER)
    notebook = lesson.Lesson("made_up", tmp_path, quiet=True)
    module = lesson_module("made_up")
    module.run(notebook)
    page = lesson_module("page.parts").LessonPage(
        script, module.__doc__, tuple(notebook.parts), 1.0, "Error: a *b"
    )
    path = source.write_source(page, tmp_path)
    settings = {"halt_level": 2, "report_level": 5, "warning_stream": False, "syntax_highlight": "none"}
    document = publish_doctree(path.read_text("utf-8"), settings_overrides=settings)
    assert document["title"] == "A lesson that is made up"
    assert [node.astext() for node in document.findall(literal_block)][:2] == [
        "a < b & c",
        "one\n  two <three>",
    ]
    rows = next(document.findall(table)).astext().split()
    assert rows == ["name", "value", "*a_*", "1.5", "`b`|", "-2", "%", "1e-09"]
    drawings = list(document.findall(figure))
    assert [(tmp_path / drawing[0]["uri"]).is_file() for drawing in drawings] == [True, True]
    assert drawings[0][0]["alt"] == "A line, from 1 to 2 & on."
    assert "Error: a *b" in document.astext()
    numbers = [node.astext() for node in document.findall(inline) if "number" in node["classes"]]
    assert numbers == ["1.5", "-2 %", "1e-09"]
    folded = [node.astext() for node in document.findall(raw)]
    assert [part.count("made_up") for part in folded] == [0, 0, 1, 0, 1, 0]
    stills = [node for node in document.findall(image) if node["alt"].startswith("Last frame")]
    assert [(tmp_path / still["uri"]).is_file() for still in stills] == [True]
    programs = [node.astext() for node in document.findall(literal_block)][-2:]
    assert 'lesson.say("one")' in programs[0]
    assert programs[0].startswith('"""A lesson that is made up."""\n\nimport made_up_helper\n')
    assert programs[1] == HELPER.strip()
    del sys.modules["made_up"], sys.modules["made_up_helper"]
