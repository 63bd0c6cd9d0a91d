"""extract_ink: either polarity, any light, no ink where there is none, grey levels left linear."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitnet.imaging.ink import extract_ink

HEIGHT, WIDTH = 240, 320


def strokes(width: int = 12) -> np.ndarray:
    """Coverage in [0, 1] of a 2 drawn in the middle, with soft edges."""
    image = Image.new("L", (WIDTH * 4, HEIGHT * 4), 0)
    draw = ImageDraw.Draw(image)
    points = [(540, 300), (640, 220), (740, 300), (700, 450), (540, 700), (780, 700)]
    draw.line(points, fill=255, width=4 * width, joint="curve")
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BOX), dtype=np.float32) / 255


def drawn(ground: np.ndarray | float, ink: float, coverage: np.ndarray | None = None) -> np.ndarray:
    coverage = strokes() if coverage is None else coverage
    return (ground * (1 - coverage) + ink * coverage).astype(np.float32)


def agreement(mask: np.ndarray, coverage: np.ndarray) -> float:
    """Intersection over union of the mask and the strokes."""
    truth = coverage > 0.5
    return float((mask & truth).sum() / (mask | truth).sum())


def slope() -> np.ndarray:
    """Runs from -0.5 at the left to 0.5 at the right."""
    return np.tile(np.linspace(-0.5, 0.5, WIDTH, dtype=np.float32), (HEIGHT, 1))


def noise(size: float, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, (HEIGHT, WIDTH)).astype(np.float32)


@pytest.mark.parametrize(("ground", "ink"), [(1.0, 0.0), (0.0, 1.0), (0.9, 0.75), (0.3, 0.6), (0.55, 0.2)])
def test_either_polarity_gives_the_coverage_back(ground, ink):
    found = extract_ink(drawn(ground, ink))
    np.testing.assert_allclose(found.values, strokes(), atol=0.03)
    assert found.values.dtype == np.float32
    assert found.mask.dtype == bool


def test_stroke_width_is_about_what_was_drawn():
    assert extract_ink(drawn(1.0, 0.0)).stroke_width == pytest.approx(12, rel=0.25)


UNEVEN = {
    "slope": 0.7 + 0.5 * slope(),
    "steep slope": 0.5 + 0.9 * slope(),
    "vignette": 0.9 * (1 - 1.2 * slope() ** 2),
    "spot": 0.4 + 0.5 * np.exp(-8 * (slope() + 0.3) ** 2),
}


@pytest.mark.parametrize("light", UNEVEN)
def test_uneven_light_is_flattened(light):
    found = extract_ink(drawn(1.0, 0.25) * UNEVEN[light].astype(np.float32) + noise(0.01))
    assert agreement(found.mask, strokes()) > 0.7


@pytest.mark.parametrize(("ink", "size"), [(0.72, 0.015), (0.6, 0.04), (0.2, 0.1)])
def test_faint_and_noisy_ink_survives(ink, size):
    found = extract_ink(drawn(0.85, ink) + noise(size))
    assert agreement(found.mask, strokes()) > 0.7


BLANK = {
    "white": np.ones((HEIGHT, WIDTH)),
    "black": np.zeros((HEIGHT, WIDTH)),
    "grey": np.full((HEIGHT, WIDTH), 0.5),
    "a pixel": np.ones((1, 1)),
    "a row": np.ones((1, 40)),
    "noise": 0.7 + noise(0.03),
    "strong noise": np.clip(0.6 + noise(0.15), 0, 1),
    "slope": 0.6 + 0.6 * slope(),
    "noisy slope": 0.6 + 0.6 * slope() + noise(0.02),
    "vignette": 0.9 - slope() ** 2 + noise(0.01),
    "faint texture": 0.8 + 0.015 * np.sin(np.arange(WIDTH) / 2.0) + noise(0.01),
}


@pytest.mark.parametrize("what", BLANK)
def test_blank_paper_has_no_ink(what):
    found = extract_ink(BLANK[what].astype(np.float32))
    assert not found.mask.any()
    assert not found.values.any()
    assert found.values.shape == BLANK[what].shape


def test_specks_are_not_ink():
    page = drawn(0.9, 0.2) + noise(0.01)
    rng = np.random.default_rng(5)
    specks = np.zeros((HEIGHT, WIDTH), dtype=bool)
    for y, x in zip(rng.integers(0, HEIGHT - 4, 20), rng.integers(0, 80, 20), strict=True):
        specks[y : y + rng.integers(1, 4), x : x + rng.integers(1, 4)] = True
    page[specks] = 0.2
    found = extract_ink(page)
    assert not found.mask[specks].any()
    assert agreement(found.mask, strokes()) > 0.85


@pytest.mark.parametrize("side", ["left", "top", "all"])
def test_a_dark_margin_is_not_ink(side):
    page = drawn(0.85, 0.2) + noise(0.01)
    margin = np.zeros((HEIGHT, WIDTH), dtype=bool)
    margin[:, :24] = side in ("left", "all")
    margin[:24] |= side in ("top", "all")
    if side == "all":
        margin[:, -24:] = margin[-24:] = True
    page[margin] = 0.2
    found = extract_ink(page)
    assert not found.mask[margin].any()
    assert agreement(found.mask, strokes()) > 0.8


@pytest.mark.parametrize("inverted", [False, True])
def test_a_stroke_may_fill_a_tight_crop(inverted):
    crop = strokes(30)[40:190, 120:205]
    found = extract_ink(crop if inverted else 1 - crop)
    assert agreement(found.mask, crop) > 0.9
