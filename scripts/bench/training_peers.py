"""The contestants of the training benchmark: each trains the same networks on the same rows."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bench.machine import sgemm_rate
from digitnet.data import Batches, load_mnist
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import to_inputs

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Case:
    """One network and batch size.

    Attributes:
        hidden: widths of its hidden layers.
        batch: rows in a step.
        rows: that an epoch has; the first so many of the training split.
        epochs: in a turn; there is one before the first turn.
    """

    hidden: tuple[int, ...]
    batch: int
    rows: int
    epochs: int = 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Of input, hidden layers and output."""
        return (784, *self.hidden, 10)


def _data(mnist: str | None, cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of as many rows as any case wants."""
    rows = max(case.rows for case in cases)
    train = load_mnist(mnist).train
    return to_inputs(train.images[:rows], MNIST_GEOMETRY), train.labels[:rows]


def _in_turn(cases: Sequence[Case], epochs: Sequence[Callable[[], Any] | None]) -> Callable[[], float]:
    """A contestant that takes the next case with every turn, and answers with its rows a second.

    Every case has been warmed up before. The answer to a case without an epoch is NaN.
    """
    for epoch in epochs:
        if epoch:
            epoch()
    count = 0

    def turn() -> float:
        nonlocal count
        case, epoch = cases[count % len(cases)], epochs[count % len(cases)]
        count += 1
        if epoch is None:
            return math.nan
        started = time.perf_counter()
        for _ in range(case.epochs):
            epoch()
        return case.epochs * case.rows / (time.perf_counter() - started)

    return turn


def floor(threads: int) -> Callable[[], float]:
    """The rate of a large matrix product, as floating point operations a second, in every turn."""
    return lambda: sgemm_rate(threads, size=1536, best_of=8)


def train_digitnet(mnist: str | None, cases: Sequence[Case], threads: int) -> Callable[[], float]:
    """digitnet's Trainer, as its documentation shows it for several cores: a process for each."""
    from threadpoolctl import threadpool_limits

    from digitnet.nn import Adam, Constant, Dense, Network, ReLU, SoftmaxCrossEntropy
    from digitnet.training import Trainer

    threadpool_limits(threads, user_api="blas")
    images, labels = _data(mnist, cases)

    def epochs(case: Case) -> Callable[[], Any]:
        layers: list[Any] = []
        for k, n in pairwise(case.widths[:-1]):
            layers += [Dense(k, n), ReLU()]
        network = Network([*layers, Dense(case.widths[-2], 10)], rng=np.random.default_rng(0))
        batches = Batches(images[: case.rows], labels[: case.rows], batch_size=case.batch)
        schedule = Constant(LEARNING_RATE)
        trainer = Trainer(network, SoftmaxCrossEntropy(), Adam(), schedule, batches, processes=threads)
        reports = trainer.epochs(10**9)
        return lambda: next(reports)

    return _in_turn(cases, [epochs(case) for case in cases])


def train_torch(
    mnist: str | None,
    cases: Sequence[Case],
    threads: int,
    compiled: bool = False,
    flushed: bool = False,
    only: Sequence[Case] = (),
) -> Callable[[], float]:
    """PyTorch's modules and its fused Adam, eager or compiled; all cases, or only some.

    ``flushed`` takes denormal numbers for zero, which threads inherit from the one that starts them.
    """
    torch = importlib.import_module("torch")
    if flushed and not torch.set_flush_denormal(True):
        raise RuntimeError("PyTorch cannot flush denormal numbers on this processor")
    torch.set_num_threads(threads)
    images, labels = (torch.from_numpy(np.array(part)) for part in _data(mnist, cases))
    cross_entropy = torch.nn.functional.cross_entropy

    def epochs(case: Case) -> Callable[[], Any] | None:
        if only and case not in only:
            return None
        torch.manual_seed(0)
        model = torch_network(case.widths)
        optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)

        def loss_of(x: Any, y: Any) -> Any:
            return cross_entropy(model(x), y)

        if compiled:
            loss_of = torch.compile(loss_of, dynamic=False)

        def epoch() -> None:
            order = torch.randperm(case.rows)
            for first in range(0, case.rows, case.batch):
                rows = order[first : first + case.batch]
                loss = loss_of(images[rows], labels[rows])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()

        return epoch

    return _in_turn(cases, [epochs(case) for case in cases])


def torch_network(widths: Sequence[int]) -> Any:
    """A multi-layer perceptron of PyTorch's modules, with ReLU between the layers."""
    nn = importlib.import_module("torch").nn
    layers: list[Any] = []
    for k, n in pairwise(widths):
        layers += [nn.Linear(k, n), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train_sklearn(
    mnist: str | None,
    cases: Sequence[Case],
    threads: int,
    dtype: str = "float32",
    only: Sequence[Case] = (),
) -> Callable[[], float]:
    """scikit-learn's MLPClassifier, an epoch a call of ``partial_fit``; all cases, or only some."""
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads, user_api="blas")
    images, labels = _data(mnist, cases)
    images = images.astype(dtype)

    def epochs(case: Case) -> Callable[[], Any] | None:
        if only and case not in only:
            return None
        model = MLPClassifier(case.hidden, batch_size=case.batch, learning_rate_init=LEARNING_RATE)
        x, y = images[: case.rows], labels[: case.rows]
        # The first call must know the classes; the others find them as they were.
        return lambda: model.partial_fit(x, y, classes=np.arange(10))

    return _in_turn(cases, [epochs(case) for case in cases])
