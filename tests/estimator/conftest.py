"""Small tables that all tests of the estimator share."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from digitnet import MLPClassifier


@pytest.fixture(scope="session")
def iris():
    """150 flowers: four scaled numbers each, three classes."""
    inputs, labels = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(inputs), labels


@pytest.fixture(scope="session")
def noisy():
    """600 points in the plane of which about nine tenths are of class "no", and the classes overlap."""
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(600) < 0.1, "yes", "no")
    return rng.normal(size=(600, 2)) + 1.2 * (labels == "yes")[:, None], labels


@pytest.fixture(scope="session")
def small():
    """Makes a classifier that learns the flowers in a fraction of a second."""

    def make(**settings):
        return MLPClassifier(
            (10,), **{"learning_rate_init": 0.01, "max_iter": 60, "random_state": 0} | settings
        )

    return make


@pytest.fixture(scope="session")
def vector():
    """All weights and biases of a classifier, one after the other."""

    def collect(classifier):
        return np.concatenate([array.ravel() for array in classifier.coefs_ + classifier.intercepts_])

    return collect
