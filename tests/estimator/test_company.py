"""MLPClassifier among scikit-learn's own: pipelines, searches, calibration, votes, and where it is found."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import sklearn
from scipy.sparse import csr_matrix
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from digitnet import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def model():
    classifier = MLPClassifier((10,), learning_rate_init=0.02, max_iter=40, random_state=0)
    return Pipeline([("scaler", StandardScaler()), ("mlp", classifier)])


@pytest.fixture(scope="module")
def flowers():
    return load_iris(return_X_y=True)


def test_a_pipeline_carries_weights(model, flowers):
    inputs, labels = flowers
    weights = (labels > 0).astype(float)
    model.fit(inputs, labels, mlp__sample_weight=weights)
    assert model.classes_.tolist() == [1, 2]
    assert model.score(inputs, labels, sample_weight=weights) > 0.9


def test_a_pipeline_transforms_validation_rows_too(model, flowers):
    inputs, labels = flowers
    with sklearn.config_context(enable_metadata_routing=True):
        model.transform_input = ["X_val"]
        model.named_steps["mlp"].set_fit_request(X_val=True, y_val=True)
        model.fit(inputs[::2], labels[::2], X_val=inputs[1::2], y_val=labels[1::2])
    assert model["mlp"].validation_scores_[-1] == model.score(inputs[1::2], labels[1::2])


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_search(model, flowers, jobs):
    grid = {"mlp__hidden_layer_sizes": [(2,), (20,)], "mlp__dropout": [0.0, 0.2]}
    search = GridSearchCV(model, grid, cv=3, n_jobs=jobs).fit(*flowers)
    assert search.best_params_["mlp__hidden_layer_sizes"] == (20,)
    assert search.best_score_ > 0.9


def test_cross_validation_hands_weights_to_each_fold(flowers):
    inputs, labels = flowers
    weights = np.where(labels == 2, 0.0, 1.0)
    classifier = MLPClassifier((10,), learning_rate_init=0.02, max_iter=40, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        folds = cross_validate(
            classifier, inputs, labels, cv=3, params={"sample_weight": weights}, return_estimator=True
        )
    assert [fold.classes_.tolist() for fold in folds["estimator"]] == [[0, 1]] * 3
    assert (folds["test_score"] > 0.95).all()


def test_calibration(model, flowers):
    inputs, labels = flowers
    calibrated = CalibratedClassifierCV(model, cv=3).fit(inputs, labels)
    assert calibrated.score(inputs, labels) > 0.9


def test_a_vote(model, flowers):
    inputs, labels = flowers
    names = np.array(["setosa", "versicolor", "virginica"])[labels]
    vote = VotingClassifier(
        [("mlp", model), ("line", LogisticRegression(max_iter=1000))], voting="soft", weights=[2, 1]
    ).fit(inputs, names)
    assert vote.score(inputs, names) > 0.9


def test_words():
    """A table of words is sparse, and stays so."""
    texts = ["sunny and warm today", "warm sun on the hills", "cold rain all day", "rain and cold wind"] * 5
    labels = ["fine", "fine", "bad", "bad"] * 5
    model = make_pipeline(
        TfidfVectorizer(), MLPClassifier((8,), learning_rate_init=0.05, random_state=0)
    ).fit(texts, labels)
    assert model.predict(["a warm sun", "wind and cold"]).tolist() == ["fine", "bad"]


def test_a_wide_sparse_table_is_never_dense_as_a_whole():
    """Two thousand rows of fifty thousand columns would be 400 MB."""
    rng = np.random.default_rng(0)
    places = np.repeat(np.arange(2000), 20), rng.integers(0, 50_000, 40_000)
    inputs = csr_matrix((np.ones(40_000, np.float32), places), shape=(2000, 50_000))
    labels = np.arange(2000) % 2
    model = MLPClassifier((2,), batch_size=20, early_stopping=True, max_iter=1, random_state=0)
    tracemalloc.start()
    try:
        model.fit(inputs, labels).predict_proba(inputs)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 120e6


def test_it_is_imported_when_it_is_asked_for():
    program = (
        "import sys, digitnet; from digitnet import Recognizer; assert 'sklearn' not in sys.modules; "
        "from digitnet import MLPClassifier; assert 'sklearn' in sys.modules; print(MLPClassifier())"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "MLPClassifier()"
