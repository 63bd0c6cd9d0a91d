"""The lesson on the network that reads digits finds what it says."""

import re

import pytest

from digitnet.data import load_digits
from digitnet.model_file import load_model


@pytest.fixture(scope="module")
def lesson(lesson_module, tmp_path_factory):
    out = tmp_path_factory.mktemp("digits_network")
    return lesson_module("page.lesson").Lesson("digits_network", out, quiet=True)


@pytest.fixture(scope="module")
def figures(lesson_module, lesson):
    return lesson_module("digits_network").run(lesson)


@pytest.fixture(scope="module")
def shipped(root):
    return load_model(root / "models" / "digits.safetensors")


def test_the_network_trained_in_the_lesson_is_as_good_as_the_shipped_one(figures, shipped):
    test = load_digits().test
    right = (shipped.probabilities(test.images).argmax(axis=1) == test.labels).mean()
    assert figures.accuracy == pytest.approx(right, abs=0.004)
    assert figures.accuracy >= 0.985
    # Bit for bit where the matrix products round as they did then, and close to it elsewhere.
    assert figures.difference < 0.5


def test_every_layer_untangles_the_digits_further(figures):
    shares = list(figures.untangled.values())
    assert list(figures.untangled) == [
        "the pixels",
        "the first hidden layer",
        "the second hidden layer",
        "the logits",
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.9 < 0.98 < shares[-1]


def test_the_photograph_is_read(figures):
    assert figures.number == "42"


def test_a_change_against_the_network_does_more_harm_than_one_at_random(figures):
    assert figures.fooled[0.0][0] == figures.fooled[0.0][1] >= 0.985
    for size, (random, against) in figures.fooled.items():
        assert against < random or size == 0
    random, against = figures.fooled[0.1]
    assert random > 0.95
    assert against < 0.75


def test_only_the_network_with_an_output_for_it_knows_what_is_no_digit(figures):
    assert figures.refused["mnist"] > 0.95
    assert figures.refused["digits"] < 0.7
    assert figures.read > 0.95


def test_confidence_means_something(figures):
    assert figures.calibration < 0.04
    accepted, wrong = figures.accepted
    assert accepted > 0.95 * 899
    assert wrong <= 5


def test_the_prose_states_the_size_of_the_network(lesson_module, shipped):
    prose = lesson_module("digits_network").__doc__
    (stated,) = re.findall(r"the ([\d,]+) weights", prose)
    assert int(stated.replace(",", "")) == shipped.network.parameters.size
    shapes = re.findall(r"@ \((\d+), (\d+)\)", prose)
    dense = shipped.network.layers[::2]
    assert [tuple(map(int, shape)) for shape in shapes] == [layer.weight.shape for layer in dense]


def test_its_page(figures, lesson_module, lesson, root, check_page):
    script = root / "scripts" / "walkthrough" / "digits_network.py"
    prose = lesson_module("digits_network").__doc__
    page = lesson_module("page.parts").LessonPage(script, prose, tuple(lesson.parts), 1.0)
    html = check_page(lesson_module("page.html_pages").write_lesson(page, lesson.out))
    assert len(list(html.iter("img"))) >= 10
    assert len(list(html.iter("h2"))) == 11
    assert figures is not None
