"""Checkpoints of a training run: everything that the next step depends on, in one safetensors file."""

from __future__ import annotations

import hashlib
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

# 2: Adam remembers sums in place of means.
_VERSION = 2
_KEY = "digitnet.checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """A training run at the end of an epoch.

    Attributes:
        arrays: by name: parameters, state, the optimiser's memory, the average, the best weights.
        progress: plain values: epoch, steps, random states, history.
        run: plain values that say which run this is (architecture, hyperparameters, seed, data): a
            checkpoint resumes only the run that wrote it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.checkpoint"
    ...     Checkpoint({"weights": np.arange(3.0)}, {"epoch": 7}, {"seed": 1}).save(path)
    ...     Checkpoint.load(path, run={"seed": 1}).progress
    {'epoch': 7}
    """

    arrays: dict[str, NDArray[Any]]
    progress: dict[str, Any]
    run: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write the checkpoint atomically: a reader finds the old file or the new one, never half of one.

        Raises:
            DigitnetError: the file cannot be written.
        """
        header = {
            "version": _VERSION,
            "digest": self._digest(),
            "progress": self.progress,
            "run": self.run,
        }
        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        write_atomically(path, safetensors.numpy.save(arrays, metadata={_KEY: json.dumps(header)}))

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
            version, stored = header["version"], header["run"]
            checkpoint = cls(arrays, header["progress"], stored)
            if version == _VERSION and header["digest"] != checkpoint._digest():
                raise ValueError("the content is not what was written")
            # Through JSON, so that tuples and lists compare as they were stored.
            wanted = json.loads(json.dumps(run))
            different = sorted(name for name in stored | wanted if stored.get(name) != wanted.get(name))
        except (
            OSError,
            safetensors.SafetensorError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:
            raise ModelFileError(
                f"{path} is not a readable checkpoint. Remove it to start the training anew."
            ) from error
        if version != _VERSION:
            raise ModelFileError(
                f"{path} is a checkpoint of version {version}; this digitnet reads {_VERSION}."
            )
        if different:
            raise ModelFileError(
                f"{path} belongs to another run: it differs in {', '.join(different)}. "
                "Remove it, choose another file, or train with the settings it was made with."
            )
        return checkpoint

    def _digest(self) -> str:
        """SHA-256 of all arrays and of the progress: one flipped bit must not go on as training."""
        digest = hashlib.sha256(json.dumps(self.progress, sort_keys=True).encode())
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name])
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()
