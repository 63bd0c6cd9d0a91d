"""Models of one recipe and several seeds: how much of an error rate is luck."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from digitnet.errors import ConfigurationError
from digitnet.model_file import Model, load_model


def sibling_errors(model: Model, paths: Sequence[Path]) -> list[float]:
    """The error rates on the test split, at the last epoch, of models that differ in their seeds alone.

    Args:
        model: whose rate comes first.
        paths: files of its siblings. Each model holds the rate that was measured when it was trained.

    Raises:
        ConfigurationError: a model of another data set or recipe, a seed that comes twice, or a training
            that did not go to the end.
        ModelFileError: a file that is no model.

    >>> digits = load_model("models/digits.safetensors")
    >>> sibling_errors(digits, [Path("models/mnist.safetensors")])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    digitnet.errors.ConfigurationError: models/mnist.safetensors is no sibling: ...
    """
    family, seeds, errors = _family(model), set(), []
    for name, member in [("This model", model), *((path, load_model(path)) for path in paths)]:
        made = member.provenance
        if _family(member) != family or made.get("seed") in seeds:
            raise ConfigurationError(
                f"{name} is no sibling: it was trained on {made.get('dataset')} with seed "
                f"{made.get('seed')}; siblings share data set and recipe, and each has a seed of its own."
            )
        if made.get("ended") or "test_accuracy" not in member.metrics:
            raise ConfigurationError(f"{name} is no sibling: its training did not go to the end.")
        seeds.add(made.get("seed"))
        errors.append(1.0 - float(member.metrics["test_accuracy"]))
    return errors


def _family(model: Model) -> str:
    # As JSON, since a recipe that was read from a file has lists where a fresh one has tuples.
    # What a model has learnt later makes another family of it.
    made = [model.provenance.get(name) for name in ("dataset", "recipe", "refined")]
    return json.dumps(made, sort_keys=True)
