"""The contestants of time to accuracy: each turn is one whole training with the next seed."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.torch_components import torch_folded, torch_inputs
from bench.training_peers import torch_network
from digitnet.data import Dataset, load_mnist
from digitnet.geometry import MNIST_GEOMETRY
from digitnet.imaging import to_inputs
from digitnet.preparation import build_trainer, split
from digitnet.recipes import Recipe

#: Rows of the training that nobody times, after which the libraries have all their threads and buffers.
WARM_UP_ROWS = 4096
#: Of the textbook: what a tutorial on PyTorch writes.
TEXTBOOK = {"hidden": (512, 256), "batch": 128, "learning_rate": 1e-3}

#: One run: seconds until the test accuracy was first seen, for each goal that was reached.
Times = dict[str, float]


class Clock:
    """Runs while a network is trained, and stands while it is looked at.

    >>> clock = Clock((0.5, 0.9))
    >>> clock.look(0.7)
    False
    >>> sorted(clock.times), clock.look(0.95), sorted(clock.times)
    (['0.5'], True, ['0.5', '0.9'])
    """

    def __init__(self, goals: tuple[float, ...]) -> None:
        self.goals, self.times = goals, Times()
        self._spent, self._since = 0.0, time.perf_counter()

    def stop(self) -> None:
        """Let it stand."""
        self._spent += time.perf_counter() - self._since

    def go_on(self) -> None:
        """Let it run."""
        self._since = time.perf_counter()

    def look(self, accuracy: float) -> bool:
        """Write down which goals that accuracy reaches for the first time; True when none is left."""
        for goal in self.goals:
            if accuracy >= goal:
                self.times.setdefault(str(goal), self._spent)
        return len(self.times) == len(self.goals)


#: ``run(clock, dataset, test inputs, seed)`` trains until the clock has seen everything, or the end.
Run = Callable[[Clock, Dataset, np.ndarray, int], None]


def _seeds(run: Run, mnist: str | None, goals: tuple[float, ...], seeds: int) -> Callable[[], Times]:
    """A contestant that trains with the next seed in every turn, and passes once it has had them all."""
    data = load_mnist(mnist)
    inputs = to_inputs(data.test.images, MNIST_GEOMETRY)
    rows = slice(0, WARM_UP_ROWS)
    little = type(data.train)("training", data.train.images[rows], data.train.labels[rows])
    run(Clock((0.0,)), Dataset(data.name, data.geometry, little, data.test, data.description), inputs, 0)
    left = iter(range(seeds))

    def turn() -> Times:
        seed = next(left, None)
        clock = Clock(goals)
        if seed is not None:
            run(clock, data, inputs, seed)
        return clock.times

    return turn


def digitnet_run(
    mnist: str | None, goals: tuple[float, ...], seeds: int, threads: int, recipe: Recipe
) -> Callable[[], Times]:
    """digitnet with a recipe: all that ``scripts/train.py --recipe`` does from arrays to weights."""
    from threadpoolctl import threadpool_limits

    def run(clock: Clock, data: Dataset, inputs: np.ndarray, seed: int) -> None:
        train, validation = split(data, recipe, seed=seed)
        processes = 1 if threads == 1 else None
        trainer = build_trainer(train, validation, data.geometry, recipe, seed=seed, processes=processes)
        with threadpool_limits(recipe.threads, user_api="blas"):
            for _ in trainer.epochs(recipe.epochs):
                # What would be kept if training ended now: the average, if the recipe has one.
                with trainer.kept_weights.candidate():
                    network = trainer.picture_network()
                    clock.stop()
                    outputs = network.predict(inputs)
                if clock.look(_accuracy(outputs, data)):
                    break
                clock.go_on()

    return _seeds(run, mnist, goals, seeds)


def torch_textbook(
    mnist: str | None, goals: tuple[float, ...], seeds: int, threads: int, epochs: int
) -> Callable[[], Times]:
    """PyTorch as its tutorials train: Adam at a constant 1e-3, batches of 128."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)

    def run(clock: Clock, data: Dataset, inputs: np.ndarray, seed: int) -> None:
        torch.manual_seed(seed)
        model = torch_network((784, *TEXTBOOK["hidden"], 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=TEXTBOOK["learning_rate"], fused=True)
        loss_of = torch.nn.CrossEntropyLoss()
        images = torch.from_numpy(to_inputs(data.train.images, MNIST_GEOMETRY))
        labels = torch.from_numpy(data.train.labels.copy())
        for _ in range(epochs):
            for rows in torch.randperm(len(labels)).split(TEXTBOOK["batch"]):
                optimizer.zero_grad(set_to_none=True)
                loss_of(model(images[rows]), labels[rows]).backward()
                optimizer.step()
            clock.stop()
            if clock.look(_torch_accuracy(model, inputs, data)):
                break
            clock.go_on()

    return _seeds(run, mnist, goals, seeds)


def torch_recipe(
    mnist: str | None, goals: tuple[float, ...], seeds: int, threads: int, recipe: Recipe
) -> Callable[[], Times]:
    """PyTorch with digitnet's recipe: widths, first weights, batches, optimiser, schedule, average."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    if recipe.dropout or recipe.batch_norm or recipe.wants_fonts:
        raise ValueError("this recipe has layers or pictures that the contestant has not")

    def run(clock: Clock, data: Dataset, inputs: np.ndarray, seed: int) -> None:
        # What the recipe comes to is asked of a trainer that never trains, while the clock stands.
        clock.stop()
        train, validation = split(data, recipe, seed=seed)
        twin = build_trainer(train, validation, data.geometry, recipe, seed=seed)
        settings = twin.optimizer.config()
        clock.go_on()
        train, _ = split(data, recipe, seed=seed)
        torch.manual_seed(seed)
        model = torch_network((recipe.components or 784, *recipe.hidden, 10))
        for parameter in model.parameters():
            if parameter.ndim == 2:
                torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                torch.nn.init.zeros_(parameter)
        optimizer = _torch_optimizer(torch, model, settings)
        loss_of = torch.nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
        images, components = torch_inputs(train, recipe)
        labels = torch.from_numpy(train.labels.copy())
        parameters = list(model.parameters())
        average = [one.detach().clone() for one in parameters] if twin.average else []
        step = 0
        for epoch in range(recipe.epochs):
            if recipe.deformation:
                # The deformations are digitnet's own, on its own thread: only the network differs.
                batches: Iterator[Any] = (
                    (torch.from_numpy(x), torch.from_numpy(y)) for x, y, _ in twin.batches.epoch(epoch)
                )
            else:
                order = torch.randperm(len(labels)).split(recipe.batch_size)
                batches = ((images[rows], labels[rows]) for rows in order)
            for x, y in batches:
                for group in optimizer.param_groups:
                    group["lr"] = twin.schedule(step)
                optimizer.zero_grad(set_to_none=True)
                loss_of(model(x), y).backward()
                optimizer.step()
                step += 1
                if average:
                    decay = min(recipe.average or 0.0, step / (step + 9.0))
                    torch._foreach_lerp_(average, [one.detach() for one in parameters], 1.0 - decay)
            clock.stop()
            kept = [one.detach().clone() for one in parameters]
            _load(torch, parameters, average or kept)
            if clock.look(_torch_accuracy(torch_folded(model, components), inputs, data)):
                break
            _load(torch, parameters, kept)
            clock.go_on()

    return _seeds(run, mnist, goals, seeds)


def sklearn_default(
    mnist: str | None, goals: tuple[float, ...], seeds: int, epochs: int
) -> Callable[[], Times]:
    """scikit-learn's MLPClassifier as it comes, an epoch a call of ``partial_fit``."""
    from sklearn.neural_network import MLPClassifier

    def run(clock: Clock, data: Dataset, inputs: np.ndarray, seed: int) -> None:
        model = MLPClassifier(random_state=seed)
        # Its users divide by 255, which gives float64.
        images = data.train.images.reshape(len(data.train), -1) / 255
        test = inputs.astype(np.float64)
        for _ in range(epochs):
            model.partial_fit(images, data.train.labels, classes=np.arange(10))
            clock.stop()
            if clock.look(_accuracy(model.predict_proba(test), data)):
                break
            clock.go_on()

    return _seeds(run, mnist, goals, seeds)


def _torch_optimizer(torch: Any, model: Any, settings: dict[str, Any]) -> Any:
    """PyTorch's counterpart of an optimiser of digitnet, which lets only weights decay."""
    kinds = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}
    decay = {2: settings["weight_decay"], 1: 0.0}
    groups = [
        {"params": [one for one in model.parameters() if one.ndim == ndim], "weight_decay": decay[ndim]}
        for ndim in (2, 1)
    ]
    betas, epsilon = (settings["beta1"], settings["beta2"]), settings["epsilon"]
    return kinds[settings["kind"]](groups, lr=1e-3, betas=betas, eps=epsilon, fused=True)


def _load(torch: Any, parameters: list[Any], values: list[Any]) -> None:
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(value)


def _torch_accuracy(model: Any, inputs: np.ndarray, data: Dataset) -> float:
    torch = importlib.import_module("torch")
    with torch.no_grad():
        return _accuracy(model(torch.from_numpy(inputs)).numpy(), data)


def _accuracy(outputs: np.ndarray, data: Dataset) -> float:
    return float((outputs.argmax(axis=1) == data.test.labels).mean())
