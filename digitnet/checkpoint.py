"""Checkpoints of a training run: everything that the next step depends on, in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from digitnet.errors import ModelFileError
from digitnet.files import write_atomically

_VERSION = 1
_KEY = "digitnet.checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """A training run at the end of an epoch.

    Attributes:
        arrays: by name: parameters, state, the optimiser's memory, the average, the best weights.
        progress: plain values: epoch, steps, random states, history.
        run: plain values that say which run this is (architecture, hyperparameters, seed, data): a
            checkpoint resumes only the run that wrote it.
    """

    arrays: dict[str, NDArray[Any]]
    progress: dict[str, Any]
    run: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write the checkpoint atomically."""
        header = json.dumps({"version": _VERSION, "progress": self.progress, "run": self.run})
        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items() if array.size}
        write_atomically(path, safetensors.numpy.save(arrays, metadata={_KEY: header}))

    @classmethod
    def load(cls, path: Path, *, run: dict[str, Any]) -> Checkpoint:
        """Read a checkpoint of the given run.

        Raises:
            ModelFileError: the file is missing, damaged, of another version or of another run.
        """
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                header = json.loads((file.metadata() or {})[_KEY])
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, safetensors.SafetensorError, KeyError, ValueError) as error:
            raise ModelFileError(
                f"{path} is not a readable checkpoint. Remove it to start the training anew."
            ) from error
        if header.get("version") != _VERSION:
            raise ModelFileError(
                f"{path} is a checkpoint of version {header.get('version')}; this digitnet reads {_VERSION}."
            )
        stored = header["run"]
        # Through JSON, so that tuples and lists compare as they were stored.
        wanted = json.loads(json.dumps(run))
        different = sorted(name for name in stored | wanted if stored.get(name) != wanted.get(name))
        if different:
            raise ModelFileError(
                f"{path} belongs to another run: it differs in {', '.join(different)}. "
                "Remove it, choose another file, or train with the settings it was made with."
            )
        return cls(arrays, header["progress"], stored)
