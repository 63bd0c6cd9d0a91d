"""Correcting teaches: what a writer's corrections change, what they leave, and what lies do."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from digitnet import refinement
from digitnet.data import Augmenter, Dataset, Split, load_digits
from digitnet.data.augment import Deformation
from digitnet.errors import ConfigurationError
from digitnet.evaluation import accuracy
from digitnet.geometry import DIGITS_GEOMETRY, MNIST_GEOMETRY
from digitnet.imaging import normalize, to_inputs
from digitnet.model_file import Model, load_model, model_bytes, save_model
from digitnet.nn import BatchNorm
from digitnet.recipes import Recipe, build_network
from digitnet.refinement import checksum_of, refine
from digitnet.replay import hold_out_some, mixed, recipe_of, replay
from digitnet.report_text import refinement_lines
from digitnet.synthesis.corpus import Examples, held_out_handwriting, held_out_signs
from digitnet.synthesis.handwriting import draw_digit
from digitnet.warping import warp

QUICK = Recipe(hidden=(32,), epochs=1, batch_size=64, learning_rate=1e-3)
#: What the test split may lose to a writer who writes unlike all others, as a share.
FORGETS_AT_MOST = 0.005
#: Hands that the shipped model reads badly: maps of (row, column), see digitnet.warping.
HANDS = {
    "slanted by 45°": np.array([[1.0, 0.0], [1.0, 1.0]]),
    "turned by 40°": np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]]),
}


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module")
def model(root):
    return load_model(root / "models" / "digits.safetensors")


def _written(split, hand, rows=slice(None)):
    images = warp(split.images[rows].astype(float), HANDS[hand])
    return Examples(np.round(images).astype(np.uint8), np.array(split.labels[rows]))


def _right(model, examples):
    return accuracy(model.probabilities(examples.images), examples.labels)


@pytest.fixture(scope="module")
def slanted(model, digits):
    """Sixty corrections by a hand of strong slant, and what came of them."""
    corrections = _written(digits.train, "slanted by 45°", slice(60))
    return corrections, refine(model, corrections, digits)


def test_corrections_teach_a_hand_and_leave_the_rest(model, digits, slanted):
    _, refined = slanted
    _check_that_it_learnt(model, digits, refined, "slanted by 45°")


def test_so_they_do_with_another_hand(model, digits):
    corrections = _written(digits.train, "turned by 40°", slice(200, 260))
    _check_that_it_learnt(model, digits, refine(model, corrections, digits), "turned by 40°")


def _check_that_it_learnt(model, digits, refined, hand):
    """The pictures are those of the test split: neither they nor their writers were ever trained on."""
    unseen = _written(digits.test, hand)
    before, after = _right(model, unseen), _right(refined.model, unseen)
    assert before < 0.75
    # Of what was read wrong, two fifths are read right, and hardly a picture of the old kind is lost.
    assert after > before + 0.4 * (1 - before)
    assert _right(refined.model, digits.test) >= _right(model, digits.test) - FORGETS_AT_MOST
    assert refined.before.test == _right(model, digits.test)
    assert refined.after.test == _right(refined.model, digits.test)
    # The fifth of the corrections that was held out tells the same.
    assert (refined.practised, refined.held_out) == (48, 12)
    assert refined.after.practised > 0.9 > refined.before.practised
    assert refined.after.held_out > refined.before.held_out


def _around(image, label):
    """A picture as its hand might as well have written it, two hundred times."""
    inputs = to_inputs(np.repeat(image[None], 200, axis=0), DIGITS_GEOMETRY)
    mild = Deformation(rotation=4, shear=4, scale=0.04, shift=0.15, elastic=0.1, smoothness=2.0)
    Augmenter(8, mild)(inputs, np.random.default_rng(8))
    return Examples(np.round(inputs.reshape(-1, 8, 8) * 16).astype(np.uint8), np.full(200, label))


def test_one_correction_teaches_what_lies_around_it(model, digits):
    hand = _written(digits.test, "slanted by 45°")
    of_label = model.probabilities(hand.images)[np.arange(len(hand.labels)), hand.labels]
    for surest_mistake in np.argsort(of_label)[:3]:
        correction = Examples(hand.images[[surest_mistake]], hand.labels[[surest_mistake]])
        around = _around(correction.images[0], correction.labels[0])
        refined = refine(model, correction, digits, epochs=2)
        assert _right(model, around) < 0.1
        assert _right(refined.model, around) > 0.9
        assert refined.after.test >= refined.before.test - FORGETS_AT_MOST
        assert (refined.practised, refined.held_out, refined.after.held_out) == (1, 0, None)


def test_lies_are_told_by_a_warning(model, digits, slanted):
    lies = Examples(digits.train.images[:300], (digits.train.labels[:300] + 1) % 10)
    refined = refine(model, lies, digits, epochs=2, learning_rate=2e-3)
    assert refined.forgot
    fallen = 100 * (refined.before.test - refined.after.test)
    assert f"Warning: test accuracy fell by {fallen:.2f} points." in refinement_lines(model, refined)[-1]
    honest = slanted[1]
    kept = replace(honest, after=replace(honest.after, test=honest.before.test))
    assert "Warning" not in "\n".join(refinement_lines(model, kept))


def test_the_lines_tell_before_and_after(model, slanted):
    before, after = slanted[1].before, slanted[1].after
    lines = "\n".join(refinement_lines(model, slanted[1]))
    for name, old, new in (
        ("test accuracy", before.test, after.test),
        ("48 corrections: right", before.practised, after.practised),
        ("12 held out: right", before.held_out, after.held_out),
    ):
        (line,) = [line for line in lines.splitlines() if line.strip().startswith(name)]
        assert line.split()[-4:] == [f"{100 * old:.2f}", "%", f"{100 * new:.2f}", "%"]


def test_the_model_says_what_it_learnt_from_and_is_otherwise_the_same(model, slanted, tmp_path):
    corrections, refined = slanted
    (made,) = refined.model.provenance["refined"]
    assert made["base"] == model.version
    assert len(model.version) == 12
    assert (made["corrections"], made["held_out"], made["epochs"]) == (60, 12, 5)
    assert made["checksum"] == checksum_of(corrections)
    assert refined.model.provenance.items() >= model.provenance.items()
    assert refined.model.network.architecture() == model.network.architecture()
    assert "shuffled_test_accuracy" not in refined.model.metrics  # of a twin of the base
    assert refined.model.metrics["test_accuracy"] == refined.after.test
    # Temperature and threshold are those of its own answers.
    assert refined.model.temperature != model.temperature
    assert 0 < refined.model.rejection_threshold < 1
    save_model(refined.model, tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert again.version not in ("", model.version)
    assert _right(again, corrections) == _right(refined.model, corrections)


def test_the_base_stays_as_it_is_and_a_seed_decides_all(root, model, digits):
    corrections = _written(digits.train, "turned by 40°", slice(25))
    first, again, other = (refine(model, corrections, digits, epochs=1, seed=seed) for seed in (1, 1, 2))
    assert model_bytes(first.model) == model_bytes(again.model) != model_bytes(other.model)
    assert model_bytes(model) == (root / "models" / "digits.safetensors").read_bytes()
    forgetful = build_network(DIGITS_GEOMETRY, replace(QUICK, dropout=0.3), np.random.default_rng(0))
    dropping = Model("digits", forgetful, DIGITS_GEOMETRY)
    once, twice = (refine(dropping, corrections, digits, epochs=1) for _ in range(2))
    assert model_bytes(once.model) == model_bytes(twice.model)
    second = refine(first.model, corrections, digits, epochs=1)
    assert [made["base"] for made in second.model.provenance["refined"]] == [model.version, ""]


def test_ctrl_c_keeps_what_was_learnt(model, digits):
    def stop(report):
        if report.epoch == 1:
            raise KeyboardInterrupt

    corrections = _written(digits.train, "slanted by 45°", slice(30))
    refined = refine(model, corrections, digits, epochs=50, on_epoch=stop)
    assert refined.interrupted
    assert len(refined.history) == 1
    assert refined.after.practised > refined.before.practised
    assert "interrupted after 1 epochs" in refinement_lines(model, refined)[0]


def test_what_does_not_fit_is_refused(root, model, digits):
    some = Examples(digits.train.images[:1], digits.train.labels[:1])
    with pytest.raises(ConfigurationError, match=r"model mnist sees 28×28 pixels, but digits has 8×8\. Name"):
        refine(load_model(root / "models" / "mnist.safetensors"), some, digits)
    none = Examples(digits.train.images[:0], digits.train.labels[:0])
    with pytest.raises(ConfigurationError, match="there are no corrections yet"):
        refine(model, none, digits)


@pytest.mark.parametrize("total", [1, 19, 20, 200])
def test_equal_pictures_are_held_out_together(total):
    rng = np.random.default_rng(total)
    different = rng.integers(0, 17, (max(total // 2, 1), 8, 8), dtype=np.uint8)
    which = np.arange(total) % len(different)
    corrections = Examples(different[which], which % 10)
    practised, held_out = hold_out_some(corrections, rng)
    sides = [{image.tobytes() for image in part.images} for part in (practised, held_out)]
    assert not sides[0] & sides[1]
    assert len(practised.labels) + len(held_out.labels) == total
    assert len(held_out.labels) == (total // 5 if total >= 20 else 0)


def test_few_corrections_do_not_drown_the_rest_and_many_are_not_drowned():
    old = Examples(np.zeros((3000, 2, 2), np.uint8), np.zeros(3000, np.int64))
    for count, times in ((1, 40), (100, 10), (1000, 1), (9000, 1)):
        new = Examples(np.ones((count, 2, 2), np.uint8), np.full(count, 7))
        assert mixed(new, old).labels.tolist().count(7) == count * times


def test_replay_has_every_picture_once_before_any_comes_again(model, digits):
    rng = np.random.default_rng(0)
    old = replay(digits.train, model, recipe_of(model, digits), count=2 * len(digits.train), rng=rng)
    ranks = np.lexsort(old.images.reshape(len(old.images), -1).T)
    wanted = np.concatenate([digits.train.images] * 2)
    np.testing.assert_array_equal(old.images[ranks], wanted[np.lexsort(wanted.reshape(len(wanted), -1).T)])


@pytest.mark.parametrize("recipe", [None, {}, {"hidden": [3]}, "text", {"deformation": None, "unknown": 1}])
def test_a_model_that_does_not_say_how_it_was_trained_gets_its_data_sets_recipe(model, digits, recipe):
    stranger = replace(model, provenance={"recipe": recipe})
    assert recipe_of(stranger, digits) == recipe_of(model, digits)


def _drawn(name, count, rng):
    labels = rng.integers(10, size=count)
    images = [normalize(draw_digit(int(label), rng), MNIST_GEOMETRY) for label in labels]
    return Split(name, np.stack(images), labels)


def test_normalisation_and_the_output_for_no_digit_stay_in_order_without_fonts(monkeypatch):
    recipe = replace(QUICK, batch_norm=True, written=60, non_digits=120)
    rng = np.random.default_rng(5)
    data = Dataset("mnist", MNIST_GEOMETRY, _drawn("training", 200, rng), _drawn("test", 40, rng), "drawn")
    network = build_network(MNIST_GEOMETRY, recipe, rng)
    inputs = to_inputs(data.train.images, MNIST_GEOMETRY)
    for _ in range(50):
        network.forward(inputs, training=True)
    before = network.state.copy()
    model = Model("m", network, MNIST_GEOMETRY, provenance={"recipe": {**vars(recipe), "deformation": None}})
    practised = []

    def kept(*arguments, **settings):
        practised.append(replay(*arguments, **settings))
        return practised[0]

    monkeypatch.setattr(refinement, "replay", kept)
    monkeypatch.setattr(refinement, "REPLAYED", 360)
    monkeypatch.setattr(refinement, "held_out_handwriting", partial(held_out_handwriting, count=60))
    monkeypatch.setattr(refinement, "held_out_signs", partial(held_out_signs, count=60))
    corrections = Examples(data.train.images[:20], data.train.labels[:20])
    refined = refine(model, corrections, data, epochs=2)
    # A tenth of the training split is held out to validate on.
    (old,) = practised
    assert (old.labels == 10).sum() == round(360 * 120 / (180 + 60 + 120))
    after = refined.model.network
    assert after.architecture() == network.architecture()
    assert type(after.layers[1]) is BatchNorm
    np.testing.assert_array_equal(network.state, before)
    # Its statistics are those of what it practised, in deformed pictures.
    outputs = after.layers[0].forward(to_inputs(old.images, MNIST_GEOMETRY))
    mean, deviation = outputs.mean(axis=0), outputs.std(axis=0)
    assert np.abs((after.layers[1].running_mean - mean) / deviation).max() < 0.3
    assert np.abs(np.sqrt(after.layers[1].running_variance) / deviation - 1).max() < 0.3
    assert 0 < np.abs(after.parameters - network.parameters).max() < 0.1
    assert refined.model.knows_non_digits
    assert {"handwriting_accuracy", "signs_rejected", "signs_auroc"} <= refined.model.metrics.keys()
    assert refined.after.rejected == refined.model.metrics["signs_rejected"]
    assert "no digits: rejected" in "\n".join(refinement_lines(model, refined))
