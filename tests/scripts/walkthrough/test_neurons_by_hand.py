"""The figures of the third lesson: neurons by hand, a derivative three ways, sixteen people."""

import contextlib
import io
import re

import numpy as np
import pytest

from digitnet.nn import Dense, MeanSquaredError, Network, Sigmoid, check_gradients

CENTRED_SEEDS = range(20, 26)


@pytest.fixture(scope="module")
def module(lesson_module):
    return lesson_module("neurons_by_hand")


@pytest.fixture(scope="module")
def people(lesson_module):
    return lesson_module("sections.neurons_by_hand_people")


@pytest.fixture(scope="module")
def lesson(lesson_module, tmp_path_factory):
    return lesson_module("page.lesson").Lesson("lesson", tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def ran(module, lesson):
    """The lesson's figures and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        return module.run(lesson), printed.getvalue()


@pytest.fixture
def figures(ran):
    return ran[0]


def test_forwards(figures):
    assert figures.neuron == pytest.approx(0.9990889488, abs=1e-10)
    np.testing.assert_allclose(figures.hidden, 0.9525741268, rtol=0, atol=1e-10)
    assert figures.output == pytest.approx(0.7216325610, abs=1e-10)


def test_backwards_three_ways(figures):
    found = figures.derivative
    assert found.output == pytest.approx(0.5236951742, abs=1e-9)
    assert found.chain == pytest.approx(0.0214695353, abs=1e-10)
    assert found.backward[0] == pytest.approx(0.0214695353, abs=1e-10)
    assert found.differences[0] == pytest.approx(0.0214695353, abs=1e-10)
    np.testing.assert_allclose(found.differences, found.backward, rtol=1e-8)
    assert found.worst < 1e-8


def test_the_derivative_from_the_library_alone():
    network = Network([Dense(2, 2), Sigmoid(), Dense(2, 1), Sigmoid()], rng=None, dtype=np.float64)
    network.parameters[:6] = 1.0
    inputs, targets, loss = np.array([[-2.0, -1.0]]), np.array([[1.0]]), MeanSquaredError()
    loss.forward(network.forward(inputs, training=True), targets)
    network.backward(loss.backward())
    assert network.layers[0].grad_weight[0, 0] == pytest.approx(0.0214695353, abs=1e-10)
    assert check_gradients(network, loss, inputs, targets).worst < 1e-8


def test_all_sixteen_are_right_after_training(figures, people):
    course = figures.course
    assert list(course.losses) == [*range(0, 5_001, 10)]
    assert course.right() == 16
    assert course.losses[5_000] < 0.001
    assert people.FEMALE.ravel().tolist() == [1.0] * 8 + [0.0] * 8


def test_other_seeds_are_right_as_well(people):
    for seed in (1, 9, 11):
        assert people.finished(seed, 2_000).right() == 16


def test_centred_inputs_need_no_luck(figures, people):
    assert [course.right() for course in figures.centred] == [16] * 6
    assert [people.finished(seed, 200, people.MEAN).right() for seed in CENTRED_SEEDS] == [16] * 6


def test_some_starts_stay_stuck_without_centring(figures):
    right = [course.right() for course in figures.raw]
    assert 16 in right
    assert 8 in right


def test_the_terminal_gets_a_line_every_ten_epochs_and_the_page_an_excerpt(ran, lesson):
    figures, printed = ran
    assert len(re.findall(r"^epoch +[\d,]+ +mean squared error 0\.\d{6}$", printed, re.MULTILINE)) == 500
    assert f"→ {figures.course.answers(np.array([[11.0, 15.0]])).item():.3f}" in printed
    assert not any("epoch   490" in part.plain() for part in lesson.parts)


def test_the_lesson_draws_its_pictures(ran, lesson):
    del ran
    stills = {f"{name}.png" for name in ("circuit", "differences", "loss", "seeds", "regions")}
    found = {path.name for path in (lesson.out / "lesson").iterdir()}
    assert found == stills | {"training.gif", "training-last.png"}
