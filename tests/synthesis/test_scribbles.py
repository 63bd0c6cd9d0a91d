"""Marks that are no digits."""

import numpy as np
import pytest

from digitnet.synthesis.pens import Pen, draw
from digitnet.synthesis.scribbles import draw_mark, draw_scribble
from digitnet.synthesis.sign_shapes import LETTERS, SYMBOLS
from digitnet.synthesis.strokes import parse
from digitnet.synthesis.textures import draw_texture


@pytest.mark.parametrize("make", [draw_scribble, draw_mark, draw_texture])
def test_there_is_ink_and_ground(make):
    rng = np.random.default_rng(5)
    for size in [96] * 150 + [40] * 30:
        ink = make(rng, size=size)
        assert ink.shape == (size, size)
        assert ink.dtype == np.float32
        assert ink.min() >= 0
        assert 0.3 < ink.max() <= 1
        assert np.ptp(ink) > 0.3


@pytest.mark.parametrize("make", [draw_scribble, draw_mark, draw_texture])
def test_same_seed_same_picture(make):
    for seed in range(20):
        first, again = (make(np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(first, again)
    assert len({make(np.random.default_rng(seed)).tobytes() for seed in range(20)}) == 20


@pytest.mark.parametrize(("name", "shape"), [*LETTERS.items(), *SYMBOLS.items()])
def test_every_sign_can_be_drawn(name, shape):
    lines = [np.concatenate(pieces) for pieces in parse(shape)]
    assert draw(lines, Pen(), np.random.default_rng(0)).max() == 1, name
