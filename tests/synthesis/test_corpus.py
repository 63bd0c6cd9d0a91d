"""The training data beside the data set, and a model that learns from it."""

from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from digitnet.calibration import LOST_OF_HANDWRITING
from digitnet.data.dataset import Dataset, Split
from digitnet.errors import ConfigurationError
from digitnet.fitting import fit
from digitnet.geometry import DIGITS_GEOMETRY, MNIST_GEOMETRY
from digitnet.imaging import normalize
from digitnet.preparation import practice
from digitnet.probabilities import NO_DIGIT
from digitnet.recipes import RECIPES
from digitnet.synthesis import corpus
from digitnet.synthesis.font_files import FontFile
from digitnet.synthesis.handwriting import draw_digit

TTF = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
# Typefaces that come with matplotlib stand for the handwriting fonts, which have to be fetched.
FONTS = (
    FontFile("DejaVu Sans", (TTF / "DejaVuSans.ttf",)),
    FontFile("DejaVu Serif", (TTF / "DejaVuSerif.ttf",)),
    FontFile("DejaVu Sans Mono", (TTF / "DejaVuSansMono.ttf",), held_out=True),
)


def _split(name, count, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 10
    images = np.stack([normalize(draw_digit(int(label), rng), MNIST_GEOMETRY) for label in labels])
    return Split(name, images, labels)


@pytest.fixture(scope="module")
def source():
    return _split("training", 200, 1)


def test_written_digits_are_digits_laid_out_as_in_mnist(source):
    glyphs = corpus.font_digits(FONTS)
    examples = corpus.written_digits(source, glyphs, 300, np.random.default_rng(2))
    assert examples.images.shape == (300, 28, 28)
    assert examples.images.dtype == np.uint8
    assert set(examples.labels.tolist()) == set(range(10))
    assert examples.images.any(axis=(1, 2)).all()
    # The centre of mass is in the middle, as everywhere.
    mass = examples.images.sum(axis=(1, 2), dtype=float)
    rows = (examples.images.sum(axis=2) * np.arange(28)).sum(axis=1) / mass
    assert np.abs(rows - 13.5).max() < 1.1


def test_non_digits_are_labelled_so(source):
    digits = corpus.Examples(source.images, source.labels)
    examples = corpus.non_digits(digits, corpus.font_signs(FONTS), 300, np.random.default_rng(3))
    assert (examples.labels == NO_DIGIT).all()
    assert examples.images.any(axis=(1, 2)).all()
    assert len(np.unique(examples.images.reshape(300, -1), axis=0)) > 290


def test_the_same_numbers_give_the_same_pictures(source):
    glyphs = corpus.font_digits(FONTS)
    first, second = (corpus.written_digits(source, glyphs, 40, np.random.default_rng(4)) for _ in "ab")
    np.testing.assert_array_equal(first.images, second.images)
    other = corpus.written_digits(source, glyphs, 40, np.random.default_rng(5))
    assert not np.array_equal(first.images, other.images)


def test_held_out_fonts_are_never_trained_on():
    trained = {glyph.family for glyph in corpus.font_digits(FONTS) + corpus.font_signs(FONTS)}
    held = {glyph.family for glyph in corpus.font_digits(FONTS, held_out=True)}
    assert trained == {"DejaVu Sans", "DejaVu Serif"}
    assert held == {"DejaVu Sans Mono"}


def test_examples_join():
    some = corpus.Examples(np.zeros((2, 28, 28), np.uint8), np.array([1, 2]))
    more = corpus.Examples(np.ones((1, 28, 28), np.uint8), np.array([NO_DIGIT]))
    both = some + more
    assert both.labels.tolist() == [1, 2, NO_DIGIT]
    assert both.images.shape == (3, 28, 28)


QUICK = replace(
    RECIPES["handwriting"],
    hidden=(96,),
    epochs=12,
    batch_size=64,
    validation=0.2,
    written=600,
    non_digits=600,
)


def test_a_model_learns_digits_and_what_is_none():
    data = Dataset(
        "mnist", MNIST_GEOMETRY, _split("training", 500, 6), _split("test", 100, 7), "drawn digits"
    )
    model = fit(data, QUICK, seed=1, fonts=FONTS).model
    assert model.knows_non_digits
    assert model.metrics["handwriting_accuracy"] > 0.6
    digits = model.probabilities(data.test.images).max(axis=1)
    signs = model.probabilities(corpus.held_out_signs(FONTS, count=200).images).max(axis=1)
    # How often a digit is believed more than what is no digit: the area under the ROC curve.
    assert np.mean(digits[:, None] > signs[None, :]) > 0.75
    # The threshold loses just the wanted share of right answers about strange hands.
    handwriting = corpus.held_out_handwriting(FONTS)
    probabilities = model.probabilities(handwriting.images)
    right = probabilities.argmax(axis=1) == handwriting.labels
    lost = np.mean(probabilities.max(axis=1)[right] < model.rejection_threshold)
    assert lost == pytest.approx(LOST_OF_HANDWRITING, abs=0.005)


def test_a_recipe_that_wants_fonts_says_so(source):
    with pytest.raises(ConfigurationError, match="0 fonts"):
        practice(source, MNIST_GEOMETRY, QUICK, (), seed=0)
    with pytest.raises(ConfigurationError, match="8×8"):
        practice(source, DIGITS_GEOMETRY, QUICK, FONTS, seed=0)


@pytest.mark.parametrize("changes", [{"written": -1}, {"non_digits": -5}, {"settle": 1.0}])
def test_impossible_numbers_of_pictures_are_refused(changes):
    with pytest.raises(ConfigurationError, match="not negative"):
        replace(QUICK, **changes)
