"""The network behind scikit-learn's interface: :class:`MLPClassifier`, a drop-in with more in it."""

from digitnet.estimator.classifier import MLPClassifier

__all__ = ["MLPClassifier"]
