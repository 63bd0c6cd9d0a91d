"""The figures of the fourth lesson: rings, moons, and a network that starts too small to learn."""

import dataclasses
import math

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image
from sklearn.datasets import make_circles, make_moons
from sklearn.model_selection import train_test_split


@pytest.fixture(scope="session")
def plane(lesson_module):
    return lesson_module("sections.plane")


@pytest.fixture(scope="session")
def figures(lesson_module):
    """What the lesson finds; its trainings take most of the time of these tests, so they run once."""
    lesson = lesson_module("page.lesson").Lesson("decision_boundary", None, quiet=True)
    return lesson_module("decision_boundary").run(lesson)


def test_the_data_are_those_of_the_textbook(plane):
    expected = train_test_split(
        *make_moons(1000, noise=0.2, random_state=100), test_size=0.1, random_state=42
    )
    moons = plane.moons()
    np.testing.assert_array_equal(moons.inputs, expected[0])
    np.testing.assert_array_equal(moons.test_inputs, expected[1])
    np.testing.assert_array_equal(moons.targets[:, 0], expected[2])
    np.testing.assert_array_equal(moons.test_targets[:, 0], expected[3])
    points, _ = make_circles(1000, factor=0.3, noise=0.1, random_state=3)
    rings = plane.rings(3)
    together = np.concatenate([rings.inputs, rings.test_inputs])
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(points, axis=0))
    assert rings.test_inputs.shape == (100, 2)


def test_three_ways_to_compute_a_network_agree_with_the_library(figures):
    for name, difference in dataclasses.asdict(figures.equality).items():
        assert difference < 1e-12, name


def test_both_data_sets_are_learned(figures):
    for outcome in (figures.rings, figures.moons):
        assert outcome.accuracy >= 0.98
        assert outcome.chosen.accuracies[-1] > 0.95
        assert outcome.line < 0.9
        assert [layer.out_features for layer in outcome.chosen.network.layers[::2]] == [4, 6, 6, 4, 1]
    assert figures.rings.good == 10
    assert figures.moons.good >= 5
    assert figures.rings.held_out[figures.steps] == figures.rings.accuracy


def test_no_network_beats_the_best_rule_on_fresh_points(figures):
    assert figures.ceiling == pytest.approx(0.971, abs=0.002)
    assert figures.ceiling - 0.015 < figures.fresh < figures.ceiling + 0.002


def test_the_held_out_points_have_no_say_in_the_choice_of_the_rate(plane):
    points = plane.rings()
    blind = dataclasses.replace(points, test_inputs=None, test_targets=None)
    losses, again = (plane.trials(each, (0.03, 0.3), (5, 20), seeds=2) for each in (points, blind))
    for rate, table in losses.items():
        assert table.shape == (2, 2)
        np.testing.assert_array_equal(table, again[rate])
    assert losses[0.3][:, 1].mean() < losses[0.03][:, 1].mean()


def test_small_weights_keep_the_narrow_network_from_learning(figures):
    trap = figures.trap
    assert trap.stuck.steps == 10_000
    assert trap.stuck.loss == pytest.approx(math.log(2), abs=5e-4)
    assert trap.stuck.accuracy < 0.6
    for faster in (trap.stuck_faster, trap.stuck_fastest):
        assert faster.loss == pytest.approx(math.log(2), abs=5e-4)
    # One of a hundred held-out points may fall to the other side with another BLAS.
    assert trap.wide.accuracy == pytest.approx(0.98, abs=0.011)
    assert trap.wide.training_accuracy > 0.96
    assert trap.he.loss < 0.15
    assert trap.he.accuracy >= 0.96


def test_gradients_tell_why(figures):
    sizes = figures.trap.sizes
    small, wide, he = sizes["narrow, 0.1·randn"], sizes["wide, 0.1·randn"], sizes["narrow, He"]
    for layer in range(5):
        assert 100 * small.gradients[layer] < he.gradients[layer]
        assert 20 * small.gradients[layer] < wide.gradients[layer]
    # Layer after layer: √(n s² / 2) of the signal passes, here with n = 4, 6, 6 and s = 0.1.
    assert small.outputs[3] / small.outputs[0] < 0.25**3
    assert he.outputs[3] / he.outputs[0] > 0.1


def test_starts_differ_by_their_seed_only(plane):
    points = plane.rings()
    one, same, other = (
        plane.trained(plane.NARROW, seed, points.inputs, points.targets, rate=0.3, steps=4, keep=(0, 4))
        for seed in (1, 1, 2)
    )
    assert one.losses == same.losses != other.losses
    np.testing.assert_array_equal(one.kept[4], one.network.parameters)
    np.testing.assert_array_equal(one.kept[0], plane.build(plane.NARROW, 1).parameters)
    assert one.kept[4].size == 117


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z))),
        ("tanh", np.tanh),
        ("ReLU", lambda z: np.maximum(z, 0)),
        ("leaky ReLU", lambda z: np.where(z > 0, z, 0.1 * z)),
    ],
)
def test_activations_and_their_derivatives_are_what_the_picture_says(lesson_module, name, function):
    descent = lesson_module("sections.descent")
    z = np.linspace(-3.99, 3.99, 80)  # not 0, where ReLU has no derivative
    values, slopes = descent.bend(descent.ACTIVATIONS[name][0], z)
    np.testing.assert_allclose(values, function(z), atol=1e-12)
    np.testing.assert_allclose(slopes, (function(z + 1e-6) - function(z - 1e-6)) / 2e-6, atol=1e-8)


def test_descent_follows_the_slope_of_the_curve(lesson_module):
    descent = lesson_module("sections.descent")
    for w in (-2.0, -0.25, 1.3):
        difference = (descent.curve(w + 1e-6) - descent.curve(w - 1e-6)) / 2e-6
        assert descent.slope(w) == pytest.approx(difference, abs=1e-8)
    places = descent.slide(-0.25, 0.15, 50)
    assert places[1] == pytest.approx(-0.25 - 0.15 * descent.slope(-0.25))
    assert abs(descent.slope(places[-1])) < 1e-6
    assert abs(descent.slope(descent.slide(-0.25, 0.65, 50)[-1])) > 0.1
    assert descent.slide(-0.25, 0.005, 20)[-1] == pytest.approx(-0.335, abs=0.001)


def test_every_weight_is_a_line_as_thick_as_it_is_large(lesson_module, plane):
    drawing = lesson_module("sections.network_drawing")
    network = plane.build(plane.NARROW, 0)
    axes = Figure().subplots()
    drawing.draw_network(axes, network, drawing.largest_weight(network))
    lines = [each for each in axes.collections if isinstance(each, LineCollection)]
    dense = network.layers[::2]
    assert [len(each.get_segments()) for each in lines] == [layer.weight.size for layer in dense]
    for drawn, layer in zip(lines, dense, strict=True):
        order = np.argsort(np.abs(layer.weight).ravel())
        np.testing.assert_array_equal(drawn.get_array(), layer.weight.ravel()[order])
        assert (np.diff(drawn.get_linewidth()) >= 0).all()
    largest = max(width for each in lines for width in each.get_linewidth())
    assert largest == pytest.approx(5.3)


def test_the_animation_is_small_and_shows_the_early_steps(lesson_module, figures, lesson, plane):
    drawing, pictures = lesson_module("sections.network_drawing"), lesson_module("sections.learning_pictures")
    steps = lesson_module("sections.ten_starts").frame_steps(figures.steps)
    assert steps[0] == 0
    assert steps[-1] == figures.steps
    assert sum(step < figures.steps / 10 for step in steps) > len(steps) / 2
    outcome = figures.moons
    area = drawing.Plane.around(outcome.points.inputs)
    network, snapshots = plane.build(plane.NARROW, 0), []
    for step in (steps[0], steps[25], steps[-1]):
        network.parameters[...] = outcome.chosen.kept[step]
        snapshots.append(pictures.Snapshot(step, area.answers(network), outcome.held_out[step]))
    assert ((snapshots[-1].answers > 0) & (snapshots[-1].answers < 1)).mean() > 0.2
    lesson.animation(
        "training",
        "Three frames.",
        pictures.frames(outcome.points, area, snapshots, outcome.chosen.losses, outcome.chosen.accuracies),
        size=(9, 4.4),
    )
    path = lesson.out / lesson.name / "training.gif"
    with Image.open(path) as animation:
        assert animation.n_frames == 3
    assert path.stat().st_size / 3 * len(steps) < 3e6


def test_the_border_passes_between_the_classes(lesson_module, figures):
    drawing = lesson_module("sections.network_drawing")
    answers = drawing.Plane.around(figures.rings.points.inputs, steps=41).answers(
        figures.rings.chosen.network
    )
    assert answers.shape == (41, 41)
    assert answers[20, 20] > 0.5  # the inner ring is class 1
    assert answers[20, 2] < 0.5
