"""MLPClassifier: the network as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from digitnet.errors import ConfigurationError
from digitnet.estimator.held_out import predict_logits
from digitnet.estimator.learning import Learner
from digitnet.nn import dense_layers

Array = NDArray[Any]


class MLPClassifier(ClassifierMixin, Learner):  # type: ignore[misc]  # scikit-learn has no types
    """A multi-layer perceptron that classifies rows of numbers.

    It has the parameters, defaults and attributes of :class:`sklearn.neural_network.MLPClassifier` and
    trains the same network in the same way, so that replacing the import is enough; what is marked as new
    goes beyond it. The guide to the classifier lists what differs.

    Training minimises ``1/B Σ_b w_b l_b / w̄ + alpha / (2 B w̄) ‖w‖²`` over batches of B rows: l is the
    cross-entropy (in a multilabel problem the sum over the labels), w_b the weight of a row, w̄ the mean of
    those weights, ‖w‖ the length of all weights of the network, biases apart.

    Args:
        hidden_layer_sizes: units of each hidden layer; ``()`` is logistic regression.
        activation: of the hidden layers: ``'relu'``, ``'tanh'``, ``'logistic'``, ``'identity'`` or, new,
            ``'leaky_relu'``.
        solver: ``'adam'``, ``'sgd'`` or, new, ``'adamw'``, where alpha is the decoupled weight decay. There
            is no ``'lbfgs'``.
        alpha: strength of the L2 penalty.
        batch_size: rows in a batch; ``'auto'`` is 200, or all if there are fewer.
        learning_rate: ``'constant'``; for SGD ``'invscaling'``, α₀ / (t + 1)^power_t after t samples, or
            ``'adaptive'``, a fifth whenever patience is over; new, with any solver: ``'cosine'``,
            ``'one_cycle'`` or a schedule such as :class:`digitnet.nn.Cosine`, a function of the step.
        learning_rate_init: the learning rate, or the first of them (with ``'one_cycle'`` the highest).
        power_t: see ``learning_rate``.
        max_iter: epochs at most.
        shuffle: deal the rows out anew in every epoch.
        random_state: of weights, order, dropout and validation split. The same number gives the same
            network bit for bit.
        tol: by how much the loss, or the score, has to get better for an epoch to count as progress.
        verbose: print a line an epoch.
        warm_start: let ``fit`` go on from the network it left, instead of from a new one.
        momentum, nesterovs_momentum: of SGD.
        early_stopping: end when the validation loss gets no better, and keep the best weights.
        validation_fraction: share of the rows, or of their weight, that is set aside for it.
        beta_1, beta_2, epsilon: of Adam and AdamW.
        n_iter_no_change: so many epochs without progress are borne with.
        dropout: new: probability that a training step leaves out a hidden unit.
        batch_norm: new: normalise the sums of each hidden layer over the batch, before the activation.
        label_smoothing: new: share of each target that is spread evenly over all classes.
        class_weight: new: ``{label: weight}`` or ``'balanced'``, which gives all classes equal weight.
        scoring: new: what early stopping goes by: ``'loss'``, a scorer's name such as ``'accuracy'`` or
            ``'f1_macro'``, or a function ``(estimator, X, y) -> float``.
        callbacks: new: a function, or a list of them, that gets an
            :class:`~digitnet.training.EpochReport` after each epoch; True ends training.

    Attributes:
        classes_: ``(classes,)``, the labels in the order of the probabilities' columns.
        network_: the :class:`digitnet.nn.Network`; its outputs are logits.
        coefs_, intercepts_: weights and biases, layer by layer: views, so that writing into them counts.
        loss_curve_, loss_: training loss, penalty included, of all epochs and of the last; a warm start
            and ``partial_fit`` add to the curve.
        validation_curve_: new: cross-entropy of the validation rows after each epoch; None without any.
        validation_scores_: their score, which is accuracy unless ``scoring`` names another.
        best_loss_: lowest training loss of the last call; None with early stopping.
        best_validation_score_: score of the weights that early stopping kept; None without it.
        n_iter_, t_: epochs of the last call; samples trained on since the network was new.
        n_layers_, n_outputs_, out_activation_: layers with input and output; outputs, and what turns them
            into probabilities.
        n_features_in_, feature_names_in_: columns of X.

    Raises:
        ConfigurationError: a ValueError, from ``fit``: a parameter or data that cannot work.

    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_wine(return_X_y=True)
    >>> classifier = MLPClassifier(dropout=0.2, learning_rate_init=0.01, early_stopping=True, random_state=0)
    >>> model = make_pipeline(StandardScaler(), classifier).fit(X[::2], y[::2])
    >>> model.score(X[1::2], y[1::2]) > 0.9
    True
    >>> len(classifier.loss_curve_) == len(classifier.validation_curve_) == classifier.n_iter_
    True
    """

    def fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,  # noqa: N803
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPClassifier:
        """Learn from rows and their labels; returns the classifier.

        Args:
            X: ``(n, features)``, an array, a data frame or a sparse matrix. Float32 is computed in float32,
                anything else in float64. Scale it, by a StandardScaler for example.
            y: ``(n,)`` labels, or ``(n, labels)`` zeros and ones where any number of labels may hold.
            sample_weight: ``(n,)``, zero or positive: a row of weight 2 counts as two, of 0 as none.
            X_val, y_val, sample_weight_val: new: rows to validate on, instead of rows set aside. Without
                early stopping they are watched, for the curves.

        Raises:
            ConfigurationError: a parameter or data that cannot work, or the loss became infinite.

        Warns:
            ConvergenceWarning: ``max_iter`` epochs did not exhaust patience.
        """
        if (X_val is None) != (y_val is None) or (X_val is None and sample_weight_val is not None):
            raise ConfigurationError(
                "X_val, y_val and sample_weight_val belong together; give both of the first, or none of them."
            )
        validation = None if X_val is None else (X_val, y_val, sample_weight_val)
        self._learn((X, y, sample_weight), validation)
        return self

    def partial_fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
    ) -> MLPClassifier:
        """Train for one epoch on some rows, and remember momenta for the next; returns the classifier.

        There is nothing to stop early in one epoch, so ``early_stopping`` is of no effect here.

        Args:
            X, y, sample_weight: as in :meth:`fit`.
            classes: all labels there will be. The first call needs them, unless y is multilabel.
        """
        first = not hasattr(self, "network_")
        if first and classes is None and np.ndim(y) != 2:
            raise ConfigurationError("The first call to partial_fit needs classes: all labels there will be.")
        if not first and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ConfigurationError(
                f"classes are {classes!r}, but {self.classes_!r} in the first call to partial_fit."
            )
        self._learn((X, y, sample_weight), labels=classes, one_epoch=True)
        return self

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The likeliest label of each row ``(n,)``; multilabel ``(n, labels)``, 1 where likelier than not."""
        logits = self._logits(X)
        return self._classes.decode(self._classes.decide(logits))

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Probabilities ``(n, classes)`` in the order of ``classes_``; rows sum to 1 unless multilabel."""
        probabilities: Array = np.exp(self.predict_log_proba(X))
        return probabilities

    def predict_log_proba(self, X: Any) -> Array:  # noqa: N803
        """Logarithms of the probabilities, from the logits: finite where the probability rounds to zero."""
        logits = self._logits(X)
        return self._classes.log_probabilities(logits)

    @property
    def coefs_(self) -> list[Array]:
        """Weights ``(inputs, outputs)`` of each layer, views."""
        return [layer.weight for layer in dense_layers(self.network_.layers)]

    @property
    def intercepts_(self) -> list[Array]:
        """Biases ``(outputs,)`` of each layer, views."""
        return [layer.bias for layer in dense_layers(self.network_.layers)]

    def _logits(self, X: Any) -> Array:  # noqa: N803
        check_is_fitted(self, "network_")
        X = validate_data(  # noqa: N806
            self, X, accept_sparse="csr", dtype=self.network_.dtype, reset=False
        )
        return predict_logits(self.network_, X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags
