"""Experiments on what decides whether and how fast a network learns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from ingredients_lab import Array, Curves, Experiment, for_each, rings, train

from digitnet.nn import (
    SGD,
    BatchNorm,
    BinaryCrossEntropy,
    Dense,
    GradientClip,
    Layer,
    MeanSquaredError,
    ReLU,
    Sigmoid,
    Tanh,
    TimeDecay,
)
from digitnet.nn.initializers import Initializer, glorot_uniform, he_normal, normal


def learning_rate(epochs: int = 300) -> Experiment:
    """Two rings with a rate that is too small, one that is right and one that is too large."""

    def losses(seed: int, rate: float) -> Array:
        return train(
            [Dense(2, 16), Tanh(), Dense(16, 1)],
            BinaryCrossEntropy(from_logits=True),
            *rings(seed),
            seed=seed,
            epochs=epochs,
            learning_rate=rate,
        ).losses

    lines = for_each(losses, {f"rate {rate:g}": rate for rate in (0.003, 1.0, 100.0)})
    panel = Curves("Loss", "step", "cross-entropy", np.arange(epochs + 1), lines, log_y=True, top=1e3)
    return Experiment("Learning rate: one creeps, one arrives, one leaps about", [panel])


def learning_rate_decay(epochs: int = 40) -> Experiment:
    """A noisy line learned from batches of four: how far from the best line do the steps end?"""

    def distances(seed: int, decay: float) -> Array:
        rng = np.random.default_rng(seed)
        inputs = rng.standard_normal((400, 5))
        targets = inputs @ rng.standard_normal(5) + rng.standard_normal(400)
        residual = np.linalg.lstsq(inputs, targets)[1][0] / len(inputs)
        schedule = TimeDecay(0.1, decay=decay, steps_per_epoch=100)
        run = train(
            [Dense(5, 1, use_bias=False)],
            MeanSquaredError(),
            inputs,
            targets,
            seed=seed,
            epochs=epochs,
            learning_rate=schedule,
            batch_size=4,
        )
        return run.losses - residual

    lines = for_each(distances, {"rate 0.1, constant": 0.0, "0.1 / (1 + epoch)": 1.0})
    title, x = "Loss above that of the best line", np.arange(epochs + 1)
    return Experiment(
        "Learning-rate decay: the noise of mini-batches dies away",
        [Curves(title, "epoch", "excess mean squared error", x, lines, log_y=True)],
    )


#: By which factor the distance to the minimum has to fall in the valley.
FALL = 1e-6
CONDITIONS = (10, 30, 100, 300)


def valley_steps(condition: float, seed: int, *, with_momentum: bool) -> int:
    """Steps down ``½ (κ w₁² + w₂²)``, with the best rate and momentum there is, to FALL of the distance.

    The valley is the loss of a linear unit on two samples, ``(√(2κ), 0)`` and ``(0, √2)``, with targets 0.
    """
    root = np.sqrt(condition)
    if with_momentum:
        optimizer, rate = SGD(momentum=((root - 1) / (root + 1)) ** 2), 4 / (root + 1) ** 2
    else:
        optimizer, rate = SGD(), 2 / (condition + 1)
    expected = np.log(1 / FALL) * (root if with_momentum else condition)
    losses = train(
        [Dense(2, 1, use_bias=False)],
        MeanSquaredError(factor=0.5),
        np.diag([np.sqrt(2 * condition), np.sqrt(2.0)]),
        np.zeros(2),
        seed=seed,
        epochs=int(expected) + 20,
        learning_rate=float(rate),
        optimizer=optimizer,
    ).losses
    return int(np.argmax(losses <= FALL**2 * losses[0]))


def momentum() -> Experiment:
    """Steps down a narrow valley against how narrow it is, with and without momentum."""

    def steps(seed: int, with_momentum: bool) -> list[float]:
        return [float(valley_steps(kappa, seed, with_momentum=with_momentum)) for kappa in CONDITIONS]

    lines = for_each(steps, {"gradient descent": False, "with momentum": True})
    kappa = np.array(CONDITIONS, float)
    theory = {
        "theory: ½ κ ln 10⁶": np.log(1 / FALL) / 2 * kappa[None],
        "theory: ½ √κ ln 10⁶": np.log(1 / FALL) / 2 * np.sqrt(kappa)[None],
    }
    panel = Curves(
        "Steps to a millionth of the distance",
        "κ, how many times steeper the walls are than the floor",
        "steps",
        kappa,
        lines | theory,
        log_x=True,
        log_y=True,
    )
    return Experiment("Momentum: √κ steps down a valley instead of κ", [panel])


def mini_batches(epochs: int = 20) -> Experiment:
    """The same passes over the data, cut into one batch, ten or a hundred."""

    def losses(seed: int, size: int) -> Array:
        return train(
            [Dense(2, 16), Tanh(), Dense(16, 1)],
            BinaryCrossEntropy(from_logits=True),
            *rings(seed, 1000),
            seed=seed,
            epochs=epochs,
            learning_rate=0.2,
            batch_size=size,
        ).losses

    lines = for_each(losses, {f"batches of {size}": size for size in (1000, 100, 10)})
    panel = Curves("Loss", "passes over the data", "cross-entropy", np.arange(epochs + 1), lines, log_y=True)
    return Experiment("Mini-batches: many small steps in the time of a large one", [panel])


def delta_trimming(epochs: int = 60) -> Experiment:
    """A sine in which one target of fifty is a thousand times too large."""

    def losses(seed: int, setting: tuple[float, float | None]) -> Array:
        rate, limit = setting
        clip = [] if limit is None else [GradientClip(limit)]
        rng = np.random.default_rng(seed)
        inputs = rng.uniform(-2, 2, (400, 1))
        clean = np.sin(2 * inputs)
        targets = clean.copy()
        targets[::50] *= 1000
        return train(
            [Dense(1, 32), Tanh(), Dense(32, 1), *clip],
            MeanSquaredError(),
            inputs,
            targets,
            seed=seed,
            epochs=epochs,
            learning_rate=rate,
            batch_size=10,
            judged_on=(inputs, clean),
        ).losses

    settings = {
        "rate 0.1": (0.1, None),
        "rate 0.001": (0.001, None),
        "rate 0.1, signals clipped to ±0.02": (0.1, 0.02),
    }
    lines = for_each(losses, settings)
    panel = Curves(
        "Error against the true sine",
        "epoch",
        "mean squared error",
        np.arange(epochs + 1),
        lines,
        log_y=True,
        top=1e6,
    )
    return Experiment("Delta trimming: eight wild targets do not throw the weights away", [panel])


def initialisation(epochs: int = 150, depth: int = 8) -> Experiment:
    """A deep narrow ReLU network from three kinds of initial weights."""

    def layers(initializer: Initializer) -> list[Layer]:
        widths = [2] + [16] * depth
        hidden: list[Layer] = []
        for before, after in pairwise(widths):
            hidden += [Dense(before, after, initializer=initializer), ReLU()]
        return [*hidden, Dense(16, 1, initializer=initializer)]

    def losses(seed: int, initializer: Initializer) -> Array:
        return train(
            layers(initializer),
            BinaryCrossEntropy(from_logits=True),
            *rings(seed),
            seed=seed,
            epochs=epochs,
            learning_rate=0.05,
            batch_size=20,
        ).losses

    lines = for_each(losses, {"0.1 · randn": normal(0.1), "1 · randn": normal(1.0), "He": he_normal})
    panel = Curves("Loss", "epoch", "cross-entropy", np.arange(epochs + 1), lines, log_y=True, top=1e3)
    return Experiment(f"Initial weights: {depth} hidden layers learn only from the right scale", [panel])


def batch_normalisation(epochs: int = 60, depth: int = 4) -> Experiment:
    """A deep sigmoid network whose second input is a hundred times too large and off centre."""

    def layers(normalise: bool) -> list[Layer]:
        widths = [2] + [16] * depth
        hidden: list[Layer] = [BatchNorm(2)] if normalise else []
        for before, after in pairwise(widths):
            hidden.append(Dense(before, after, initializer=glorot_uniform))
            hidden += [BatchNorm(after), Sigmoid()] if normalise else [Sigmoid()]
        return [*hidden, Dense(16, 1, initializer=glorot_uniform)]

    def run(seed: int, normalise: bool) -> Array:
        inputs, targets = rings(seed, 400)
        return train(
            layers(normalise),
            BinaryCrossEntropy(from_logits=True),
            inputs * [1, 100] + [0, 50],
            targets,
            seed=seed,
            epochs=epochs,
            learning_rate=0.3,
            batch_size=80,
        ).losses

    lines = for_each(run, {"without": False, "with BatchNorm": True})
    panel = Curves("Loss", "epoch", "cross-entropy", np.arange(epochs + 1), lines, log_y=True)
    return Experiment(f"Batch normalisation: {depth} sigmoid layers and badly scaled inputs", [panel])
