import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.metrics import log_loss

from digitnet.errors import ConfigurationError
from digitnet.nn import BinaryCrossEntropy, MeanSquaredError, SoftmaxCrossEntropy


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def test_softmax_cross_entropy_equals_an_independent_one(rng):
    logits, labels = rng.standard_normal((50, 10)) * 4, rng.integers(0, 10, 50)
    expected = -log_softmax(logits, axis=1)[np.arange(50), labels].mean()
    assert SoftmaxCrossEntropy().forward(logits, labels) == pytest.approx(expected, rel=1e-12)


def test_label_smoothing_equals_soft_targets(rng):
    logits, labels = rng.standard_normal((20, 4)), rng.integers(0, 4, 20)
    soft = np.full((20, 4), 0.1 / 4)
    soft[np.arange(20), labels] += 0.9
    expected = -(soft * log_softmax(logits, axis=1)).sum(axis=1).mean()
    assert SoftmaxCrossEntropy(label_smoothing=0.1).forward(logits, labels) == pytest.approx(expected)


def test_softmax_cross_entropy_survives_huge_logits():
    loss = SoftmaxCrossEntropy()
    logits = np.array([[1e4, -1e4], [1e4, -1e4]], np.float32)
    assert loss.forward(logits, np.array([0, 1])) == pytest.approx(1e4)
    np.testing.assert_allclose(loss.backward(), [[0, 0], [0.5, -0.5]])


def test_binary_cross_entropy_equals_scikit_learns(rng):
    logits, targets = rng.standard_normal((40, 1)) * 3, rng.integers(0, 2, 40)
    expected = log_loss(targets, expit(logits.ravel()))
    assert BinaryCrossEntropy(from_logits=True).forward(logits, targets) == pytest.approx(expected)
    assert BinaryCrossEntropy().forward(expit(logits), targets) == pytest.approx(expected)


def test_binary_cross_entropy_stays_finite_at_certainty():
    loss = BinaryCrossEntropy()
    certain = np.array([[0.0], [1.0]], np.float32)
    assert np.isfinite(loss.forward(certain, np.array([[1.0], [0.0]], np.float32)))
    assert np.isfinite(loss.backward()).all()
    tiny = BinaryCrossEntropy(epsilon=1e-12)  # 1 - 1e-12 is 1 in float32
    assert np.isfinite(tiny.forward(certain, np.array([[1.0], [0.0]], np.float32)))
    loss = BinaryCrossEntropy(from_logits=True)
    assert loss.forward(np.array([[-1e4]]), np.array([[1.0]])) == pytest.approx(1e4)


def test_mean_squared_error_reductions(rng):
    predictions, targets = rng.standard_normal((6, 2)), rng.standard_normal((6, 2))
    squares = (predictions - targets) ** 2
    assert MeanSquaredError().forward(predictions, targets) == pytest.approx(squares.mean())
    assert MeanSquaredError(reduction="sum", factor=0.5).forward(predictions, targets) == pytest.approx(
        squares.sum() / 2
    )


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), BinaryCrossEntropy(), MeanSquaredError()])
def test_losses_are_builtin_floats_and_gradients_keep_the_dtype(loss):
    predictions = np.full((4, 1), 0.5, np.float32)
    targets = np.zeros(4, np.int64)
    assert type(loss.forward(predictions, targets)) is float
    assert loss.backward().dtype == np.float32
    assert loss.backward().shape == (4, 1)


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigurationError, match="smoothing"):
        SoftmaxCrossEntropy(label_smoothing=1.0)
    with pytest.raises(ConfigurationError, match="reduction"):
        MeanSquaredError(reduction="median")
    with pytest.raises(ConfigurationError, match="epsilon"):
        BinaryCrossEntropy(epsilon=0.7)
    with pytest.raises(ConfigurationError, match="factor"):
        MeanSquaredError(factor=float("nan"))


@pytest.mark.parametrize(
    ("loss", "targets", "words"),
    [
        (SoftmaxCrossEntropy(), np.array([-1, 2]), "between 0 and 2"),
        (SoftmaxCrossEntropy(), np.array([0, 3]), "between 0 and 2"),
        (SoftmaxCrossEntropy(), np.array([0.0, 1.0]), "integer labels"),
        (SoftmaxCrossEntropy(), np.array([[0], [1]]), "integer labels"),
        (MeanSquaredError(), np.zeros((2, 4)), r"shape \(n, 3\)"),
        (BinaryCrossEntropy(), np.zeros(2), r"shape \(n, 3\)"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss, targets, words):
    with pytest.raises(ConfigurationError, match=words):
        loss.check_targets(targets, 3)


def test_targets_that_fit_are_taken():
    SoftmaxCrossEntropy().check_targets(np.array([0, 2], np.uint8), 3)
    MeanSquaredError().check_targets(np.zeros((5, 3)), 3)
    BinaryCrossEntropy().check_targets(np.zeros(5), 1)
