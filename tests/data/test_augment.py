import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from digitnet.data import RowAugmentation
from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.fine_deformation import FineAugmenter
from digitnet.errors import ConfigurationError

STILL = Deformation(rotation=0, shear=0, scale=0, shift=0, elastic=0, smoothness=5)
SEED = 5


def _pictures(count=200, size=28):
    """Smooth blobs away from the border."""
    rng = np.random.default_rng(SEED)
    pictures = np.zeros((count, size, size), np.float32)
    pictures[:, 8:20, 8:20] = rng.random((count, 12, 12))
    return ndimage.gaussian_filter(pictures, (0, 1.5, 1.5)).reshape(count, -1)


def _deformed(deformation, pictures, seed=SEED, size=28):
    batch = pictures.copy()
    Augmenter(size, deformation)(batch, np.random.default_rng(seed))
    return batch


def _centres(pictures, size=28):
    y, x = np.mgrid[0:size, 0:size].reshape(2, -1)
    mass = pictures.sum(axis=1)
    return np.stack([pictures @ x / mass, pictures @ y / mass], axis=1)


def test_no_deformation_changes_nothing():
    pictures = _pictures()
    np.testing.assert_allclose(_deformed(STILL, pictures), pictures, atol=1e-5)


def test_a_shift_moves_the_centre_of_mass_by_its_uniform_amount():
    pictures = _pictures(2000)
    moved = _centres(_deformed(Deformation(0, 0, 0, 2.0, 0, 5), pictures)) - _centres(pictures)
    assert np.abs(moved).max() <= 2.05
    assert moved.std() == pytest.approx(2.0 / np.sqrt(3), rel=0.05)
    assert np.abs(moved.mean()) < 0.1


def test_rotation_agrees_with_scipy():
    picture = _pictures(1)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        angle = 30.0 * rng.uniform(-1.0, 1.0, (6, 1))[0, 0]
        ours = _deformed(Deformation(30, 0, 0, 0, 0, 5), picture, seed).reshape(28, 28)
        theirs = ndimage.rotate(picture.reshape(28, 28), angle, reshape=False, order=1)
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_scale_changes_the_mass_by_the_area():
    pictures = _pictures(2000)
    ratio = _deformed(Deformation(0, 0, 0.2, 0, 0, 5), pictures).sum(axis=1) / pictures.sum(axis=1)
    assert 1 / 1.2**2 - 0.03 <= ratio.min() < 0.85
    assert 1.2 < ratio.max() <= 1 / 0.8**2 + 0.05


def test_the_elastic_field_has_its_strength_and_smoothness():
    augmenter = Augmenter(28, Deformation(0, 0, 0, 0, 1.2, 4.0))
    x, _ = augmenter._draw(4000, np.random.default_rng(SEED))
    field = (x @ augmenter._modes).reshape(-1, 28, 28)
    assert field.std() == pytest.approx(1.2, rel=0.02)
    correlation = np.mean(field[:, 14, 10] * field[:, 14, 14]) / 1.2**2
    assert correlation == pytest.approx(np.exp(-(4**2) / (4 * 4.0**2)), abs=0.04)


def test_values_stay_within_their_range_and_ink_is_kept():
    pictures = _pictures()
    deformed = _deformed(Deformation(), pictures)
    assert deformed.min() >= 0
    assert deformed.max() <= pictures.max() + 1e-6
    assert deformed.sum() == pytest.approx(pictures.sum(), rel=0.05)
    assert not np.allclose(deformed, pictures)


def test_one_seed_one_deformation_and_smaller_batches_work():
    pictures = _pictures(64)
    np.testing.assert_array_equal(_deformed(Deformation(), pictures), _deformed(Deformation(), pictures))
    augmenter = Augmenter(28)
    for count in (64, 10, 64):
        augmenter(pictures[:count].copy(), np.random.default_rng(0))


def test_a_warm_call_allocates_next_to_nothing():
    batch, rng = _pictures(256), np.random.default_rng(0)
    augmenter = Augmenter(28)
    augmenter(batch, rng)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        augmenter(batch, rng)
        assert tracemalloc.get_traced_memory()[1] - before < 128 * 1024  # a batch is 784 KiB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "settings",
    [{"elastic": float("nan")}, {"rotation": -1.0}, {"scale": 1.0}, {"smoothness": 0.0}, {"elastic": -0.1}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ConfigurationError, match="Deformations"):
        Deformation(**settings)


def test_a_scaled_deformation_is_weaker_and_as_smooth():
    whole = Deformation(rotation=10, shear=8, scale=0.2, shift=1, elastic=2, smoothness=4)
    half = whole.scaled(0.5)
    assert half == Deformation(rotation=5, shear=4, scale=0.1, shift=0.5, elastic=1, smoothness=4)
    pictures = _pictures(500)
    moved = [np.abs(_deformed(d, pictures) - pictures).mean() for d in (half, whole)]
    assert moved[0] < 0.75 * moved[1]


@pytest.mark.parametrize("kind", [Augmenter, FineAugmenter])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [slice(0, 0), slice(0, 700), slice(130, 131), slice(3, 690)])
def test_some_rows_are_deformed_as_among_all_and_the_others_stay(kind, dtype, rows):
    augmenter = kind(8, Deformation(shift=0.3, elastic=0.1, smoothness=2.0))
    assert isinstance(augmenter, RowAugmentation)
    pictures = np.random.default_rng(0).random((700, 64)).astype(dtype)
    whole, part = pictures.copy(), pictures.copy()
    augmenter(whole, np.random.default_rng(5))
    augmenter.deform_rows(part, np.random.default_rng(5), rows)
    expected = pictures.copy()
    expected[rows] = whole[rows]
    np.testing.assert_allclose(part, expected, rtol=0, atol=1e-6)
    assert (whole != pictures).any(axis=1).all()
