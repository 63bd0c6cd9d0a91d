"""The figures of the fifth lesson: one logistic unit, its derivatives, and pictures as vectors."""

import numpy as np
import pytest

from digitnet.nn import TimeDecay

PICTURES = {"vector", "graph", "race", "photographs", "learning", "weights", "crops"}


@pytest.fixture(scope="session")
def ran(lesson_module, tmp_path_factory):
    """The lesson with its pictures, run once: what it finds, and the folder of the pictures."""
    out = tmp_path_factory.mktemp("lesson")
    lesson = lesson_module("page.lesson").Lesson("image_to_vector", out, quiet=True)
    return lesson_module("image_to_vector").run(lesson), out / "image_to_vector"


@pytest.fixture(scope="session")
def figures(ran):
    return ran[0]


@pytest.fixture(scope="session")
def photos(lesson_module):
    return lesson_module("sections.photos")


def test_cost_and_gradient_of_the_unit(figures):
    assert figures.unit.cost == pytest.approx(5.801545319394553, abs=1e-6)
    assert figures.unit.grad_weight == pytest.approx([0.99845601, 2.39507239], abs=1e-6)
    assert figures.unit.grad_bias == pytest.approx(0.00145557813678, abs=1e-6)


def test_the_unit_after_a_hundred_steps(figures):
    assert figures.unit.weight == pytest.approx([0.19033591, 0.12259159], abs=1e-6)
    assert figures.unit.bias == pytest.approx(1.92535983, abs=1e-6)


def test_the_decaying_learning_rate(figures):
    assert figures.decay == pytest.approx([0.2 / 2, 0.2 / 3, 0.2 / 4, 0.2 / 5], abs=1e-12)
    assert [round(rate, 4) for rate in figures.decay] == [0.1, 0.0667, 0.05, 0.04]
    assert TimeDecay(0.2, decay=1.0, steps_per_epoch=1)(0) == 0.2


def test_every_partial_derivative_is_the_central_difference(figures):
    assert [each.name for each in figures.partials] == ["a", "z", "b", "u1", "u2", "w1", "w2"]
    for each in figures.partials:
        assert each.value == pytest.approx(each.difference, rel=1e-7)


def test_the_chain_rule_ends_in_the_gradient_of_the_library(lesson_module, figures):
    unit = lesson_module("sections.one_unit")
    network, dense = unit.logistic_unit()
    rows = slice(unit.SAMPLE, unit.SAMPLE + 1)
    unit.gradient(network, unit.INPUTS[rows], unit.TARGETS[rows])
    values = {each.name: each.value for each in figures.partials}
    assert dense.grad_weight[:, 0] == pytest.approx([values["w1"], values["w2"]], abs=1e-12)
    assert dense.grad_bias[0] == pytest.approx(values["b"], abs=1e-12)


def test_other_values_change_what_lies_to_their_right_only(lesson_module):
    graph = lesson_module("sections.computation_graph")
    given = {"x1": 1.0, "x2": -2.0, "y": 0.0, "w1": 0.5, "w2": 0.25, "b": 0.1}
    values, moved = graph.forwards(given), graph.forwards(given, {"z": 1.0})
    assert values["z"] == pytest.approx(0.1)
    assert moved["a"] == pytest.approx(1 / (1 + np.exp(-1)))
    assert moved["u1"] == values["u1"]
    for partial in graph.backwards(values):
        assert partial.value == pytest.approx(partial.difference, rel=1e-7)


def test_the_gradient_over_all_samples_is_the_mean_of_theirs(figures):
    together = [*figures.unit.grad_weight, figures.unit.grad_bias]
    assert figures.mean == pytest.approx(together, abs=1e-12)


def test_products_compute_what_loops_do_and_are_faster(figures):
    dot, lists, forward, gradient = figures.races
    assert dot.name.startswith("dot product, 1,000,000 elements")
    assert dot.factor > 50
    for race in (lists, forward, gradient):
        assert race.factor > 10
    assert all(race.difference < 1e-9 for race in figures.races)


def test_a_picture_becomes_a_vector_row_by_row_and_pixel_by_pixel(photos):
    training, test = photos.cut()
    assert training.images.shape == (864, 32, 32, 3)
    assert test.images.shape == (96, 32, 32, 3)
    i, j, colour = 7, 20, 2
    expected = test.images[:, i, j, colour] / 255 - 0.5
    np.testing.assert_allclose(test.inputs[:, 3 * (32 * i + j) + colour], expected)
    assert test.targets.mean() == training.targets.mean() == 0.5


def test_no_pixel_is_both_learned_from_and_held_out(photos, monkeypatch):
    numbered = np.arange(2 * 427 * 640 * 3).reshape(2, 427, 640, 3)
    monkeypatch.setattr(photos, "photographs", lambda: list(numbered))
    training, test = (set(crops.images.ravel().tolist()) for crops in photos.cut())
    assert training
    assert test
    assert not training & test


def test_the_unit_tells_the_photographs_apart(figures):
    found = figures.photographs
    assert found.count == 96
    assert found.accuracy > 0.78
    assert found.decaying[-1].training_loss < 0.4
    assert found.accuracy == pytest.approx(found.decaying[-1].validation_metric)


def test_decay_calms_a_rate_that_is_too_large(figures, photos):
    found = figures.photographs
    inputs = photos.cut()[0].inputs
    gram = inputs @ inputs.T / len(inputs)  # it has the eigenvalues of XᵀX / m
    assert found.limit == pytest.approx(8 / np.linalg.eigvalsh(gram).max(), rel=1e-9)
    assert found.constant[0].learning_rate == found.decaying[0].learning_rate > found.limit
    assert found.decaying[-1].learning_rate < found.limit
    restless, calm = (
        np.std([report.training_loss for report in reports[-50:]])
        for reports in (found.constant, found.decaying)
    )
    assert restless > 5 * calm


def test_the_pictures_are_drawn(ran):
    assert {path.stem for path in ran[1].iterdir()} == PICTURES
