import numpy as np
import pytest

from digitnet import Recognizer
from digitnet.data import load_digits
from digitnet.view_averaging import averaged_probabilities, views


@pytest.fixture(scope="module")
def recognizer(root):
    return Recognizer.load(root / "models" / "digits.safetensors")


def test_the_mean_is_over_mild_deformations_and_the_picture_itself():
    maps = views()
    np.testing.assert_array_equal(maps[0], np.eye(2))
    assert len(maps) == 7
    assert max(np.abs(matrix - np.eye(2)).max() for matrix in maps) < 0.1
    # As many to the left as to the right: on the average nothing moves.
    np.testing.assert_allclose(np.mean(maps, axis=0), np.eye(2), atol=2e-3)


def test_averaged_answers_are_probabilities_and_about_as_good(recognizer):
    test = load_digits().test
    averaged = averaged_probabilities(recognizer, test.images)
    plain = recognizer.probabilities(test.images)
    np.testing.assert_allclose(averaged.sum(axis=1), 1)
    assert np.abs(averaged - plain).max() > 0.05
    errors = [(p.argmax(axis=1) != test.labels).mean() for p in (averaged, plain)]
    assert errors[0] <= errors[1] + 0.01


def test_the_average_contains_the_plain_answer():
    class Counting:
        calls = 0

        def probabilities(self, pixels):
            self.calls += 1
            if self.calls == 1:
                self.first = pixels
            return np.full((len(pixels), 10), self.calls)

    counting = Counting()
    pixels = np.random.default_rng(1).integers(0, 17, (3, 8, 8), dtype=np.uint8)
    averaged = averaged_probabilities(counting, pixels)
    np.testing.assert_array_equal(counting.first, pixels)
    np.testing.assert_allclose(averaged, np.mean(range(1, 8)))
