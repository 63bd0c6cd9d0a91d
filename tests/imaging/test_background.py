"""examine_all: one way to see what is plain, several to see what is not, and the right one among them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digitnet.imaging.background import examine, examine_all

HEIGHT, WIDTH = 200, 240


def two(height: int = HEIGHT, width: int = WIDTH, stroke: float = 0.05) -> np.ndarray:
    """Coverage in [0, 1] of a 2 that fills most of the picture; stroke is a share of the height."""
    image = Image.new("L", (4 * width, 4 * height), 0)
    points = [(0.35, 0.35), (0.5, 0.2), (0.62, 0.33), (0.6, 0.45), (0.36, 0.78), (0.66, 0.78)]
    scaled = [(x * 4 * width, y * 4 * height) for x, y in points]
    ImageDraw.Draw(image).line(scaled, fill=255, width=round(4 * height * stroke), joint="curve")
    return np.asarray(image.resize((width, height), Image.Resampling.BOX), dtype=np.float32) / 255


def tight(stroke: float, height: int) -> np.ndarray:
    """The 2 without anything around it."""
    coverage = two(2 * height, 2 * height, stroke / 2)
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    return coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def page(coverage: np.ndarray, light: np.ndarray | float = 1.0, paper: float = 0.85, ink: float = 0.25):
    return (light * (paper * (1 - coverage) + ink * coverage)).astype(np.float32)


def fit(depth: np.ndarray, coverage: np.ndarray) -> float:
    """Correlation of a scene's depth with the true coverage."""
    return float(np.corrcoef(np.clip(depth, 0, None).ravel(), coverage.ravel())[0, 1])


@pytest.mark.parametrize("inverted", [False, True])
def test_ink_on_a_page_is_seen_in_one_way(inverted):
    grey = page(two())
    scenes = list(examine_all(1 - grey if inverted else grey))
    assert len(scenes) == 1
    assert scenes[0].prior > 0.95
    assert fit(scenes[0].depth, two()) > 0.98


def test_examine_is_the_likeliest_way():
    grey = page(tight(0.3, 40))
    np.testing.assert_array_equal(examine(grey).depth, next(examine_all(grey)).depth)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(("stroke", "height"), [(0.3, 24), (0.35, 40), (0.25, 8), (0.2, 16)])
def test_a_tight_crop_is_seen_the_right_way_too(stroke, height, inverted):
    coverage = tight(stroke, height)
    scenes = list(examine_all(coverage if inverted else 1 - coverage))
    assert max(fit(scene.depth, coverage) for scene in scenes) > 0.9
    priors = [scene.prior for scene in scenes]
    assert priors == sorted(priors, reverse=True)
    assert 0 < sum(priors) <= 1 + 1e-6


def half_shadow() -> np.ndarray:
    y, x = np.indices((HEIGHT, WIDTH))
    return np.where(x + 0.4 * y > 160, 0.55, 1.0).astype(np.float32)


def table() -> np.ndarray:
    """A sheet that covers less than half of the picture."""
    light = np.full((HEIGHT, WIDTH), 0.25, dtype=np.float32)
    light[10:180, 60:180] = 1.0
    return light


@pytest.mark.parametrize("ink", [0.25, 0.55])
@pytest.mark.parametrize("light", [half_shadow(), table()], ids=["shadow", "table"])
def test_light_with_sharp_steps_is_seen_as_such(light, ink):
    rng = np.random.default_rng(4)
    grey = page(two(), ndimage.gaussian_filter(light, 0.8), ink=ink) + rng.normal(0, 0.008, (HEIGHT, WIDTH))
    scenes = list(examine_all(np.clip(grey, 0, 1).astype(np.float32)))
    assert max(fit(scene.depth, two()) for scene in scenes) > 0.9


def test_strong_noise_is_blurred_away():
    rng = np.random.default_rng(5)
    coverage = two(stroke=0.07)
    grey = np.clip(page(coverage) + rng.normal(0, 0.2, coverage.shape), 0, 1).astype(np.float32)
    scene = examine(grey)
    assert fit(scene.depth, coverage) > 0.85
    assert scene.depth[coverage == 0].std() < 0.1


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2), (5, 400)])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_plain_pictures_of_any_shape_are_flat(shape, value):
    for scene in examine_all(np.full(shape, value, dtype=np.float32)):
        assert scene.depth.shape == scene.clear.shape == shape
        assert scene.depth.dtype == np.float32
        np.testing.assert_allclose(scene.depth, 0, atol=1e-5)
