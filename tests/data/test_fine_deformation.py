import numpy as np
import pytest

from digitnet.data import load_digits
from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.fine_deformation import FineAugmenter, refinement
from digitnet.errors import ConfigurationError
from digitnet.imaging import to_inputs

SEED = 5
STILL = Deformation(rotation=0, shear=0, scale=0, shift=0, elastic=0, smoothness=2)
MILD = Deformation(rotation=10, shear=10, scale=0.1, shift=0.5, elastic=0.3, smoothness=2)


@pytest.fixture(scope="module")
def pictures():
    data = load_digits()
    return to_inputs(data.train.images, data.geometry)


def _deformed(augmenter, pictures, seed=SEED):
    batch = pictures.copy()
    augmenter(batch, np.random.default_rng(seed))
    return batch


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_fine_curve_has_the_means_that_it_was_made_from(factor):
    values = np.random.default_rng(SEED).random(10)
    fine = refinement(10, factor) @ values
    np.testing.assert_allclose(fine.reshape(10, factor).mean(axis=1), values, atol=1e-12)


def test_the_fine_curve_is_smooth_where_the_values_are():
    slope = np.arange(24.0)
    fine = refinement(24, 4) @ slope
    np.testing.assert_allclose(np.diff(fine)[32:-32], 0.25, atol=0.01)


def test_no_deformation_changes_nothing(pictures):
    np.testing.assert_allclose(_deformed(FineAugmenter(8, STILL), pictures), pictures, atol=1e-3)


def test_a_shift_by_a_pixel_moves_the_picture_by_a_pixel_and_brings_in_background():
    """Shifts are uniform: of many, those near ±1 along x and 0 along y are looked at."""
    blob = np.zeros((1, 8, 8), np.float32)
    blob[0, 2:6, 2:6] = [[0.2, 0.6, 0.6, 0.2], [0.6, 1, 1, 0.6], [0.6, 1, 1, 0.6], [0.2, 0.6, 0.6, 0.2]]
    batch = np.repeat(blob.reshape(1, 64), 4000, axis=0)
    moved = _deformed(FineAugmenter(8, Deformation(0, 0, 0, 1.0, 0, 2)), batch)
    x = np.tile(np.arange(8), 8)
    offset = moved @ x / moved.sum(axis=1) - batch[0] @ x / batch[0].sum()
    assert np.abs(offset).max() == pytest.approx(1.0, abs=0.05)
    assert offset.std() == pytest.approx(1 / np.sqrt(3), rel=0.05)
    assert moved.sum(axis=1) == pytest.approx(blob.sum(), rel=0.05)


def test_ink_on_the_border_is_not_smeared_beyond_it():
    stroke = np.zeros((64, 8, 8), np.float32)
    stroke[:, 0, :] = 1.0
    shift = Deformation(0, 0, 0, 1.0, 0, 2)
    batch = stroke.reshape(64, 64)
    fine, coarse = (_deformed(kind(8, shift), batch).sum(axis=1).max() for kind in (FineAugmenter, Augmenter))
    # A stroke moved inwards by a pixel keeps its ink; read with the border repeated it has twice as much.
    assert fine < 1.3 * 8
    assert coarse > 1.8 * 8


def test_pictures_stay_sharper_than_deformed_at_their_own_size(pictures):
    def sharpness(batch):
        return np.mean(batch**2)

    fine = sharpness(_deformed(FineAugmenter(8, MILD), pictures))
    coarse = sharpness(_deformed(Augmenter(8, MILD), pictures))
    assert coarse < fine <= 1.02 * sharpness(pictures)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_stay_inputs_of_a_network_and_keep_their_type(pictures, dtype):
    deformed = _deformed(FineAugmenter(8, MILD), pictures.astype(dtype))
    assert deformed.dtype == dtype
    assert deformed.min() >= 0
    assert deformed.max() <= 1
    assert deformed.mean() == pytest.approx(pictures.mean(), rel=0.05)


def test_one_seed_one_deformation_and_smaller_batches_work(pictures):
    augmenter = FineAugmenter(8, MILD)
    first = _deformed(augmenter, pictures[:64])
    _deformed(augmenter, pictures[:10])
    np.testing.assert_array_equal(_deformed(augmenter, pictures[:64]), first)
    assert not np.array_equal(_deformed(augmenter, pictures[:64], seed=6), first)


def test_its_name_says_what_it_does():
    assert repr(FineAugmenter(8, MILD, factor=3)) == f"FineAugmenter(8, {MILD!r}, factor=3)"


def test_a_grid_that_is_no_finer_is_refused():
    with pytest.raises(ConfigurationError, match="at least 2"):
        FineAugmenter(8, MILD, factor=1)
