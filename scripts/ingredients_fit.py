"""Experiments on what a network can express, and on how well what it learned holds for other data."""

from __future__ import annotations

import numpy as np
from ingredients_lab import Array, Curves, Dots, Experiment, accuracy, for_each, over_seeds, rings, train

from digitnet.data.digits import load_digits
from digitnet.nn import (
    SGD,
    Adam,
    BinaryCrossEntropy,
    Dense,
    Dropout,
    Layer,
    MeanSquaredError,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
)


def bias() -> Experiment:
    """Points above and below the line x + y = 3, all far from the origin."""

    def measure(seed: int, use_bias: bool) -> float:
        rng = np.random.default_rng(seed)
        inputs = rng.uniform(0.5, 2.5, (300, 2))
        targets = (inputs.sum(axis=1) > 3).astype(float)
        network = train(
            [Dense(2, 1, use_bias=use_bias)],
            BinaryCrossEntropy(from_logits=True),
            inputs,
            targets,
            seed=seed,
            epochs=400,
            learning_rate=3.0,
        ).network
        return accuracy(network, inputs, targets)

    values = for_each(measure, {"no bias": False, "bias": True})
    return Experiment(
        "Bias: without it every boundary goes through the origin",
        [Dots("Points on the right side of the line", "accuracy", values)],
    )


WIDTHS = (1, 2, 3, 4, 8, 16)


def layer_sizes() -> Experiment:
    """Two rings and networks of growing width and depth, judged on fresh points."""

    def measure(seed: int, width: int, depth: int) -> float:
        layers: list[Layer] = []
        for level in range(depth):
            layers += [Dense(width if level else 2, width), Tanh()]
        layers.append(Dense(width, 1))
        network = train(
            layers,
            BinaryCrossEntropy(from_logits=True),
            *rings(seed),
            seed=seed,
            epochs=100,
            learning_rate=0.02,
            optimizer=Adam(),
            batch_size=20,
        ).network
        return accuracy(network, *rings(seed + 100, 1000))

    def over_widths(seed: int, depth: int) -> list[float]:
        return [measure(seed, width, depth) for width in WIDTHS]

    lines = for_each(over_widths, {"one hidden layer": 1, "two hidden layers": 2})
    panel = Curves(
        "Held-out points on the right side",
        "units in a hidden layer",
        "accuracy",
        np.array(WIDTHS),
        lines,
        log_x=True,
    )
    return Experiment("Layer sizes: two units cannot close a ring, four can", [panel])


#: Of so many features the first few carry all that there is to know.
FEATURES, USEFUL = 20, 3
PENALTIES = {"none": {}, "L1": {"l1": 0.1}, "L2": {"weight_decay": 0.1}}


def sparse_weights(seed: int, **penalty: float) -> Array:
    """Weights ``(FEATURES,)`` of a linear unit on data of which only the first USEFUL features count."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((200, FEATURES))
    targets = inputs[:, :USEFUL] @ [2.0, -1.5, 1.0] + rng.standard_normal(200)
    run = train(
        [Dense(FEATURES, 1)],
        MeanSquaredError(factor=0.5),
        inputs,
        targets,
        seed=seed,
        epochs=1000,
        learning_rate=0.02,
        optimizer=SGD(**penalty),
    )
    return np.abs(run.network.layers[0].weight[:, 0])


def l1() -> Experiment:
    """Which weights remain when seventeen of twenty features are noise?"""
    lines = for_each(lambda seed, penalty: sparse_weights(seed, **penalty), PENALTIES)
    share = {label: np.mean(weights[:, USEFUL:] < 0.01, axis=1) for label, weights in lines.items()}
    return Experiment(
        "L1: features that carry nothing lose their weight",
        [
            Curves(
                "Size of each weight",
                "feature; the first three matter",
                "|w|",
                np.arange(1, FEATURES + 1),
                lines,
                log_y=True,
            ),
            Dots("Useless weights below 0.01", "share", share),
        ],
    )


def l2() -> Experiment:
    """Forty noisy samples of thirty features: the penalty against the error on fresh samples."""
    penalties = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)

    def measure(seed: int) -> list[tuple[float, float, float]]:
        rng = np.random.default_rng(seed)
        truth = rng.standard_normal(30) / np.sqrt(30)
        inputs, fresh = rng.standard_normal((40, 30)), rng.standard_normal((1000, 30))
        targets = inputs @ truth + rng.standard_normal(40)
        found = []
        for penalty in penalties:
            run = train(
                [Dense(30, 1, use_bias=False)],
                MeanSquaredError(),
                inputs,
                targets,
                seed=seed,
                epochs=1000,
                learning_rate=0.05,
                optimizer=SGD(weight_decay=penalty),
            )
            norm = float(np.linalg.norm(run.network.parameters))
            found.append((norm, float(run.losses[-1]), run.loss_of(MeanSquaredError(), fresh, fresh @ truth)))
        return found

    norm, training, held_out = np.moveaxis(over_seeds(measure), 2, 0)
    x = np.array([0.003, *penalties[1:]])
    names = [f"{penalty:g}" for penalty in penalties]
    return Experiment(
        "L2: smaller weights, and a better answer on data not seen",
        [
            Curves(
                "Error",
                "weight_decay λ",
                "mean squared error",
                x,
                {"training samples": training, "fresh samples, without noise": held_out},
                log_x=True,
                x_names=names,
            ),
            Curves(
                "Norm of the weights", "weight_decay λ", "‖w‖", x, {"‖w‖": norm}, log_x=True, x_names=names
            ),
        ],
    )


def dropout() -> Experiment:
    """Two hundred digits, one label in five wrong: how many of 899 others are read?"""
    data = load_digits()

    def measure(seed: int, rate: float) -> float:
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(len(data.train.labels))[:200]
        labels = data.train.labels[chosen].astype(np.int64)
        wrong = rng.random(200) < 0.2
        labels[wrong] = rng.integers(0, 10, int(wrong.sum()))
        images = data.train.images[chosen].reshape(200, 64) / 16.0
        network = train(
            [Dense(64, 128), ReLU(), Dropout(rate), Dense(128, 10)],
            SoftmaxCrossEntropy(),
            images,
            labels,
            seed=seed,
            epochs=60,
            learning_rate=0.005,
            optimizer=Adam(),
            batch_size=20,
        ).network
        answers = network.predict(data.test.images.reshape(-1, 64) / 16.0).argmax(axis=1)
        return float(np.mean(answers == data.test.labels))

    rates = {f"rate {rate:g}" if rate else "no dropout": rate for rate in (0.0, 0.25, 0.5, 0.75)}
    values = for_each(measure, rates)
    return Experiment(
        "Dropout: wrong labels are not learned by heart",
        [Dots("Digits of other writers read, trained on 200", "accuracy", values)],
    )
