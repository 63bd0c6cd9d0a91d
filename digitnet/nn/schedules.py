"""The learning rate as a pure function of the step: ``schedule(step) -> float`` for step 0, 1, 2 and on.

A schedule keeps no state, so a resumed run needs only its step to go on where it was. Values are
builtin floats: a NumPy float64 scalar would make float32 arithmetic up to six times slower.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from digitnet.errors import ConfigurationError

# ``schedule(step) -> learning rate`` for step 0, 1, 2 and on: any function will do.
Schedule = Callable[[int], float]


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ConfigurationError(f"A schedule's {name} is a positive number; got {value}.")


@dataclass(frozen=True)
class Constant:
    """``α(step) = learning_rate``.

    Args:
        learning_rate: α above zero.

    Raises:
        ConfigurationError: a learning rate that is not a positive number.

    >>> Constant(0.1)(0), Constant(0.1)(60_000)
    (0.1, 0.1)
    """

    learning_rate: float

    def __post_init__(self) -> None:
        _positive(learning_rate=self.learning_rate)

    def __call__(self, step: int) -> float:  # noqa: ARG002
        return float(self.learning_rate)


@dataclass(frozen=True)
class TimeDecay:
    """``α = α₀ / (1 + decay · epoch)`` with ``epoch = step // steps_per_epoch``.

    With a decay above zero its sum diverges while its squares' converges, which Robbins & Monro (1951) ask of
    a learning rate.

    Args:
        initial: α₀ above zero.
        decay: zero or positive.
        steps_per_epoch: steps after which the rate falls, above zero; ``len(batches)``.

    Raises:
        ConfigurationError: an argument outside its range.

    >>> [round(TimeDecay(0.2, decay=1.0, steps_per_epoch=1)(epoch), 4) for epoch in (1, 2, 3, 4)]
    [0.1, 0.0667, 0.05, 0.04]
    """

    initial: float
    decay: float
    steps_per_epoch: int

    def __post_init__(self) -> None:
        _positive(initial=self.initial, steps_per_epoch=self.steps_per_epoch)
        if not 0.0 <= self.decay < math.inf:
            raise ConfigurationError(f"A decay is zero or positive; got {self.decay}.")

    def __call__(self, step: int) -> float:
        return float(self.initial / (1.0 + self.decay * (step // self.steps_per_epoch)))


@dataclass(frozen=True)
class StepDecay:
    """``α = α₀ · factor^(step // every)``: a staircase that goes down once in ``every`` steps.

    Args:
        initial: α₀ above zero.
        factor: above zero; below 1 to go down.
        every: steps to a stair, above zero.

    Raises:
        ConfigurationError: an argument that is not a positive number.

    >>> schedule = StepDecay(0.1, factor=0.5, every=100)
    >>> schedule(99), schedule(100), schedule(250)
    (0.1, 0.05, 0.025)
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        _positive(initial=self.initial, factor=self.factor, every=self.every)

    def __call__(self, step: int) -> float:
        return float(self.initial * self.factor ** (step // self.every))


@dataclass(frozen=True)
class ExponentialDecay:
    """``α = α₀ · factor^(step / every)``: the staircase of :class:`StepDecay` made smooth.

    Arguments and errors are those of :class:`StepDecay`.

    >>> schedule = ExponentialDecay(0.1, factor=0.25, every=100)
    >>> schedule(0), schedule(50), schedule(100)
    (0.1, 0.05, 0.025)
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        _positive(initial=self.initial, factor=self.factor, every=self.every)

    def __call__(self, step: int) -> float:
        return float(self.initial * self.factor ** (step / self.every))


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from ``initial`` at step 0 to ``final`` at ``total_steps`` (Loshchilov & Hutter 2017).

    ``α = final + ½ (initial - final) (1 + cos(π · step / total_steps))``, then ``final`` for ever.

    Args:
        initial: above zero.
        total_steps: of the run, above zero.
        final: zero or positive.

    Raises:
        ConfigurationError: an argument outside its range.

    >>> [round(Cosine(1.0, total_steps=10)(step), 6) for step in (0, 5, 10, 99)]
    [1.0, 0.5, 0.0, 0.0]
    """

    initial: float
    total_steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        _positive(initial=self.initial, total_steps=self.total_steps)
        if not 0.0 <= self.final < math.inf:
            raise ConfigurationError(f"A final learning rate is zero or positive; got {self.final}.")

    def __call__(self, step: int) -> float:
        progress = min(step / self.total_steps, 1.0)
        return float(self.final + 0.5 * (self.initial - self.final) * (1.0 + math.cos(math.pi * progress)))


@dataclass(frozen=True)
class OneCycle:
    """Warm-up along half a cosine to ``peak``, then half a cosine down to almost nothing (Smith 2018).

    From ``peak / start_divisor`` at step 0 to ``peak`` at ``warmup · total_steps``, then down to
    ``peak / end_divisor`` at ``total_steps``, where it stays.

    Args:
        peak: the largest rate, above zero.
        total_steps: of the run, above zero.
        warmup: share of the steps before the peak, in [0, 1].
        start_divisor: above zero.
        end_divisor: above zero.

    Raises:
        ConfigurationError: an argument outside its range.

    >>> schedule = OneCycle(1.0, total_steps=100, warmup=0.3)
    >>> [round(schedule(step), 4) for step in (0, 30, 100)]
    [0.04, 1.0, 0.0001]
    """

    peak: float
    total_steps: int
    warmup: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e4

    def __post_init__(self) -> None:
        _positive(
            peak=self.peak,
            total_steps=self.total_steps,
            start_divisor=self.start_divisor,
            end_divisor=self.end_divisor,
        )
        if not 0.0 <= self.warmup <= 1.0:
            raise ConfigurationError(f"The warm-up's share of the steps lies in [0, 1]; got {self.warmup}.")

    def __call__(self, step: int) -> float:
        warm_steps = self.warmup * self.total_steps
        if step < warm_steps:
            start, end, progress = self.peak / self.start_divisor, self.peak, step / warm_steps
        else:
            start, end = self.peak, self.peak / self.end_divisor
            progress = min((step - warm_steps) / max(self.total_steps - warm_steps, 1e-12), 1.0)
        return float(end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * progress)))
