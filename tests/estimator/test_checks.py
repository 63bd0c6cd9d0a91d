"""scikit-learn's own checks of an estimator, in several configurations and with no exception made."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from digitnet import MLPClassifier

CONFIGURATIONS = [
    MLPClassifier(),
    MLPClassifier(early_stopping=True),
    MLPClassifier((20,), dropout=0.2, learning_rate_init=0.01, max_iter=50),
    MLPClassifier((20,), batch_norm=True, learning_rate_init=0.01, max_iter=50),
    MLPClassifier((20,), solver="sgd", learning_rate_init=0.1, max_iter=50),
    MLPClassifier(
        (20, 10),
        "tanh",
        early_stopping=True,
        label_smoothing=0.1,
        learning_rate="cosine",
        learning_rate_init=0.01,
        max_iter=50,
        solver="adamw",
    ),
]


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::sklearn.exceptions.SkipTestWarning"
)
@parametrize_with_checks(CONFIGURATIONS)
def test_scikit_learn_checks(estimator, check):
    try:
        check(estimator)
    except Exception as error:
        # Without pandas, or scipy's switch for other array libraries, a check skips itself.
        if type(error).__name__ != "SkipTest":
            raise
