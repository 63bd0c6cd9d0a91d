"""Models of one recipe and several seeds: how much of an error rate is luck."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from digitnet.errors import ConfigurationError
from digitnet.model_file import load_model
from digitnet.recipes import Recipe


def sibling_errors(paths: Sequence[Path], dataset: str, recipe: Recipe, seed: int) -> list[float]:
    """The error rates on the test split, at the last epoch, of models that differ in their seeds alone.

    Args:
        paths: model files, each with the error that was measured when it was trained.
        dataset: name of the data set that all of them must have been trained on.
        recipe: that all of them must have.
        seed: of the model that they stand beside; each must have another one.

    Raises:
        ConfigurationError: a model of another data set or recipe, a seed that comes twice, or a training
            that did not go to the end.
        ModelFileError: a file that is no model.
    """
    wanted, seeds, errors = json.loads(json.dumps(asdict(recipe))), {seed}, []
    for path in paths:
        model = load_model(path)
        made = model.provenance
        if made.get("dataset") != dataset or made.get("recipe") != wanted or made.get("seed") in seeds:
            raise ConfigurationError(
                f"{path} is no sibling: it was trained on {made.get('dataset')} with seed "
                f"{made.get('seed')}; siblings share data set and recipe, and each has a seed of its own."
            )
        if made.get("ended") or "test_accuracy" not in model.metrics:
            raise ConfigurationError(f"{path} is no sibling: its training did not go to the end.")
        seeds.add(made["seed"])
        errors.append(1.0 - float(model.metrics["test_accuracy"]))
    return errors
