"""Digits in our own hand."""

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import normalize
from digitnet.recognizer import Recognizer
from digitnet.synthesis.digit_shapes import VARIANTS
from digitnet.synthesis.handwriting import draw_digit, draw_variant

# What MNIST's writers wrote too; the rest is what a model trained on MNIST alone may get wrong.
PLAIN = {
    (0, "oval"), (0, "unclosed"), (1, "stroke"), (2, "flat base"), (2, "looped"), (3, "round"),
    (3, "smooth"), (4, "open"), (4, "open curved"), (5, "one stroke"), (5, "two strokes"), (6, "curved"),
    (6, "straight"), (7, "curved"), (8, "figure-eight"), (9, "straight"), (9, "leaning"),
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: f"{variant.digit} {variant.name}")
def test_every_variant_draws(variant):
    rng = np.random.default_rng(3)
    for size in (96, 40):
        ink = draw_variant(variant, rng, size=size)
        assert ink.shape == (size, size)
        assert ink.dtype == np.float32
        assert ink.min() >= 0
        assert 0.5 < ink.max() <= 1
        assert 0.01 < (ink > 0.3).mean() < 0.6
        rows, columns = (np.flatnonzero(ink.max(axis=axis) > 0.2) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) > 0.8 * size  # it fills the picture


def test_every_digit_has_several_variants_with_a_weight_and_a_name_of_their_own():
    for digit in range(10):
        variants = [variant for variant in VARIANTS if variant.digit == digit]
        assert len(variants) >= 5
        assert len({variant.name for variant in variants}) == len(variants)
        assert all(variant.weight > 0 for variant in variants)
    assert {(variant.digit, variant.name) for variant in VARIANTS} >= PLAIN


def test_same_seed_same_picture_and_another_seed_another():
    for digit in range(10):
        first, again, other = (draw_digit(digit, np.random.default_rng(seed)) for seed in (7, 7, 8))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)


@pytest.mark.parametrize("digit", [-1, 10, "4", None])
def test_what_is_no_digit_is_refused(digit):
    with pytest.raises(ConfigurationError, match="0 to 9"):
        draw_digit(digit, np.random.default_rng(0))


def test_the_shipped_model_reads_the_plain_variants(root):
    rng = np.random.default_rng(11)
    plain = [variant for variant in VARIANTS if (variant.digit, variant.name) in PLAIN]
    labels = np.repeat([variant.digit for variant in plain], 12)
    inks = [draw_variant(variant, rng) for variant in plain for _ in range(12)]
    recognizer = Recognizer.load(root / "models" / "mnist.safetensors")
    pixels = np.stack([normalize(ink, MNIST_GEOMETRY) for ink in inks])
    read = recognizer.probabilities(pixels).argmax(axis=1)
    assert (read == labels).mean() >= 0.9
