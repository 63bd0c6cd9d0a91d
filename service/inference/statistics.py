"""Counts what this process has inferred, in the form of Triton's statistics."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from service.inference.models import Model


@dataclass
class _Counts:
    last: int = 0
    inferences: int = 0
    executions: int = 0
    successes: int = 0
    nanoseconds: int = 0
    failures: int = 0
    nanoseconds_failing: int = 0


@dataclass
class Statistics:
    """Since the process started; each worker has its own.

    Counted are requests that were answered and that failed, with the time from the whole body to the
    finished answer, and the rows and executions of those that were answered.
    """

    _counts: dict[tuple[str, str], _Counts] = field(default_factory=lambda: defaultdict(_Counts))
    _lock: Lock = field(default_factory=Lock)

    def succeeded(self, model: Model, nanoseconds: int, rows: int, executions: int) -> None:
        """Count a request that was answered."""
        with self._lock:
            counts = self._counts[model.name, model.version]
            counts.last = time.time_ns() // 1_000_000
            counts.inferences += rows
            counts.executions += executions
            counts.successes += 1
            counts.nanoseconds += nanoseconds

    def failed(self, model: Model, nanoseconds: int) -> None:
        """Count a request that was refused or went wrong."""
        with self._lock:
            counts = self._counts[model.name, model.version]
            counts.failures += 1
            counts.nanoseconds_failing += nanoseconds

    def of(self, model: Model) -> dict[str, Any]:
        """The entry of `model_stats` for a model."""
        with self._lock:
            counts = self._counts[model.name, model.version]
            return {
                "name": model.name,
                "version": model.version,
                "last_inference": counts.last,
                "inference_count": counts.inferences,
                "execution_count": counts.executions,
                "inference_stats": {
                    "success": {"count": counts.successes, "ns": counts.nanoseconds},
                    "fail": {"count": counts.failures, "ns": counts.nanoseconds_failing},
                },
            }
