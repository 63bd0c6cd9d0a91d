import numpy as np
import pytest

from digitnet.nn import initializers


@pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        (initializers.he_normal, 2 / 600),
        (initializers.he_uniform, 2 / 600),
        (initializers.glorot_normal, 2 / 1000),
        (initializers.glorot_uniform, 2 / 1000),
        (initializers.normal(0.1), 0.01),
    ],
)
def test_variance_is_the_published_one(initializer, variance):
    weights = initializer(np.random.default_rng(3), (600, 400))
    assert weights.shape == (600, 400)
    assert weights.mean() == pytest.approx(0.0, abs=4 * np.sqrt(variance / weights.size))
    assert weights.var() == pytest.approx(variance, rel=0.02)


def test_uniform_ones_stay_within_their_bounds():
    weights = initializers.he_uniform(np.random.default_rng(0), (50, 50))
    assert np.abs(weights).max() <= np.sqrt(6 / 50)


def test_the_seed_decides():
    first, second = (initializers.he_normal(np.random.default_rng(5), (4, 4)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert initializers.zeros(np.random.default_rng(0), (3,)).tolist() == [0, 0, 0]
    assert initializers.ones(np.random.default_rng(0), (3,)).tolist() == [1, 1, 1]
