"""What fit and partial_fit share: data read and checked, the parts put together, the course recorded."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import validate_data

from digitnet.errors import ConfigurationError, TrainingError
from digitnet.estimator.building import (
    PenalisedLoss,
    build_batches,
    build_layers,
    build_network,
    build_optimizer,
    build_schedule,
)
from digitnet.estimator.classes import Classes
from digitnet.estimator.course import Course
from digitnet.estimator.held_out import HeldOut
from digitnet.estimator.packing import PackedNetwork
from digitnet.estimator.parameters import Parameters
from digitnet.estimator.rows import Rows
from digitnet.estimator.weights import class_factors, row_weights
from digitnet.nn import Network
from digitnet.training import Trainer

#: ``(X, y, sample_weight)`` as the caller gave them.
Given = tuple[Any, Any, Any]


class Learner(Parameters):
    """The part of the classifier that learns; the attributes it sets are documented there."""

    network_: Network
    _classes: Classes
    _rng: np.random.Generator
    _seed: int

    def _learn(
        self, given: Given, validation: Given | None = None, *, labels: Any = None, one_epoch: bool = False
    ) -> None:
        """Train until patience is over, or for one epoch with the optimiser as the last call left it.

        Args:
            given: what to learn from.
            validation: rows to watch, or None.
            labels: all classes, where the rows need not have them all.
            one_epoch: whether this is ``partial_fit``.
        """
        self._check_parameters()
        going_on = hasattr(self, "network_") and (one_epoch or bool(self.warm_start))
        if one_epoch and isinstance(self.class_weight, str):
            raise ConfigurationError(
                "class_weight='balanced' needs to see all rows, and partial_fit sees some; give a dict, for "
                "example from sklearn.utils.class_weight.compute_class_weight."
            )
        rows = self._read(given, self.network_.dtype if going_on else None, labels)
        dtype = rows.inputs.dtype
        factors = class_factors(self.class_weight, self._classes, rows.codes, rows.weights)
        watched = None
        early_stopping = bool(self.early_stopping) and not one_epoch
        if validation is not None:
            watched = self._read(validation, dtype).reweighted(factors)
        rows = rows.reweighted(factors)
        if early_stopping and watched is None:
            rows, watched = rows.split(self.validation_fraction, self._seed)
        samples = len(rows)
        if samples <= self._batch_size(samples):
            # In a full batch equal rows may as well be one, and their order is of no account: the result
            # then depends on the weighted set of rows alone, to the last bit.
            rows = rows.merged(rows.keys(self._seed))
        if self.batch_norm and self._batch_size(len(rows)) == 1:
            raise ConfigurationError(
                "batch_norm needs batches of two different rows at least; got 1 sample a batch. Give it more "
                "rows, raise batch_size, or leave batch_norm off."
            )
        if not going_on:
            self._start(rows)
        # Layers print all that they are made of.
        elif repr(build_layers(self, rows.inputs.shape[1], self._classes.outputs)) != repr(
            self.network_.layers
        ):
            raise ConfigurationError(
                "The network that training would go on from has other layers than hidden_layer_sizes, "
                "activation, dropout and batch_norm now say. Set them back, or fit with warm_start=False."
            )
        self._follow(rows, watched, samples=samples, early_stopping=early_stopping, one_epoch=one_epoch)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "network_" in state:
            state["network_"] = PackedNetwork.of(self.network_)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        packed = state.get("network_")
        super().__setstate__(state | {"network_": packed.unpacked()} if packed else state)

    def _read(self, given: Given, dtype: Any = None, labels: Any = None) -> Rows:
        """Validated rows without those of weight zero.

        Without a dtype they are the first rows of all, which define features, classes and dtype.
        """
        X, y, sample_weight = given  # noqa: N806
        X, y = validate_data(  # noqa: N806
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=dtype or (np.float64, np.float32),
            reset=dtype is None,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        weights = row_weights(sample_weight, X.shape[0])
        if not weights.all():
            counted = weights > 0
            X, y, weights = X[counted], y[counted], weights[counted]  # noqa: N806
        if dtype is None:
            found = Classes.of(y)
            self._classes = found if labels is None or found.multilabel else Classes.of(column_or_1d(labels))
            self._seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
            self._rng = np.random.default_rng(self._seed)
        return Rows(X, self._classes.codes(y), weights)

    def _start(self, rows: Rows) -> None:
        """A new network, and records that begin."""
        self.network_ = build_network(
            self, rows.inputs.shape[1], self._classes.outputs, rng=self._rng, dtype=rows.inputs.dtype
        )
        self.classes_ = self._classes.labels
        self.n_layers_ = len(self._hidden_widths()) + 2
        self.n_outputs_ = self._classes.outputs
        self.out_activation_ = self._classes.output_activation
        self.t_ = 0
        self.loss_curve_: list[float] = []
        self.validation_curve_: list[float] | None = None
        self.validation_scores_: list[float] | None = None
        self._momenta: dict[str, Any] = {}

    def _follow(
        self, rows: Rows, watched: Rows | None, *, samples: int, early_stopping: bool, one_epoch: bool
    ) -> None:
        """Put the parts of the training run together, let it run and record how it went."""
        batches = build_batches(self, rows, self._classes, seed=int(self._rng.integers(2**32)))
        penalty = self.alpha / (batches.batch_size * float(rows.weights.mean()))
        # AdamW's decay is no gradient of anything, so there is no penalty to report.
        reported = 0.0 if self.solver == "adamw" else penalty
        loss = PenalisedLoss(self._classes.loss(self.label_smoothing), self.network_, reported)
        optimizer = build_optimizer(self, penalty)
        schedule = build_schedule(self, len(batches), seen=self.t_ if one_epoch else 0)
        trainer = Trainer(self.network_, loss, optimizer, schedule, batches)
        if one_epoch and self._momenta.keys() == {"steps", *optimizer.memory}:
            optimizer.steps = self._momenta["steps"]
            for name, memory in optimizer.memory.items():
                memory[...] = self._momenta[name]
        held_out = None if watched is None else HeldOut(self, self.network_, self._classes, watched)
        course = Course(self, trainer, held_out, early_stopping=early_stopping, samples=samples, seen=self.t_)
        try:
            course.run(1 if one_epoch else self.max_iter)
        except TrainingError as error:
            raise ConfigurationError(str(error)) from error
        self._momenta = {"steps": optimizer.steps, **optimizer.memory}
        self._record(course, watched is not None)
        if not (one_epoch or course.converged or course.interrupted):
            warnings.warn(
                f"Training ended with max_iter={self.max_iter} epochs, before it had converged. Raise "
                "max_iter or learning_rate_init, or scale the inputs.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _record(self, course: Course, watched: bool) -> None:
        self.n_iter_, self.t_ = len(course.losses), course.seen
        self.loss_curve_ = self.loss_curve_ + course.losses
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.best_loss_ = self.best_validation_score_ = None
        if course.best_epoch and course.early_stopping:
            self.best_validation_score_ = course.scores[course.best_epoch - 1]
        elif course.best_epoch:
            self.best_loss_ = course.losses[course.best_epoch - 1]
        if watched:
            self.validation_curve_ = (self.validation_curve_ or []) + course.validation_losses
            self.validation_scores_ = (self.validation_scores_ or []) + course.scores
