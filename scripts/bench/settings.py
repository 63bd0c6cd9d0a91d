"""What all parts of the benchmark are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "mnist.safetensors"


@dataclass(frozen=True)
class Settings:
    """What all parts of the benchmark are told.

    Attributes:
        mnist: folder with MNIST, or None for the user's cache.
        turns: of every contestant.
        quick: whether everything is cut short, to see that it runs; the figures are then worth nothing.
        say: shows a line about what goes on.
        threads: of every contestant's matrix products.
        seeds: runs to an accuracy of digitnet and of what has its recipe.
        slow_seeds: runs to an accuracy of those that take long.
        results: folder with what other parts have found, for parts that show it again.
    """

    mnist: Path | None = None
    turns: int = 5
    quick: bool = False
    say: Callable[[str], None] = print
    threads: int = 2
    seeds: int = 10
    slow_seeds: int = 3
    results: Path = ROOT / "runs" / "benchmark"
