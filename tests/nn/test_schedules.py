import math

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import Constant, Cosine, ExponentialDecay, OneCycle, StepDecay, TimeDecay

ALL = [
    Constant(0.1),
    TimeDecay(0.2, decay=1.0, steps_per_epoch=10),
    StepDecay(0.1, factor=0.5, every=30),
    ExponentialDecay(0.1, factor=0.5, every=30),
    Cosine(0.1, total_steps=100),
    OneCycle(0.1, total_steps=100),
    Constant(np.float64(0.1)),
    TimeDecay(np.float64(0.1), decay=np.float64(1.0), steps_per_epoch=10),
    Cosine(np.float64(0.1), total_steps=100),
    OneCycle(np.float64(0.1), total_steps=100),
]


@pytest.mark.parametrize("schedule", ALL, ids=lambda schedule: type(schedule).__name__)
def test_every_schedule_gives_builtin_floats_and_depends_on_the_step_alone(schedule):
    values = [schedule(step) for step in range(150)]
    assert all(type(value) is float for value in values)
    assert [schedule(step) for step in reversed(range(150))] == values[::-1]
    assert min(values) >= 0
    assert max(values) <= 0.2


def test_time_decay_is_the_tutorials():
    schedule = TimeDecay(0.2, decay=1.0, steps_per_epoch=10)
    assert [schedule(10 * epoch + 9) for epoch in range(5)] == pytest.approx([0.2, 0.1, 0.2 / 3, 0.05, 0.04])


def test_exponential_meets_the_staircase_at_its_edges():
    smooth, stairs = ExponentialDecay(0.1, factor=0.5, every=30), StepDecay(0.1, factor=0.5, every=30)
    assert [smooth(step) for step in (0, 30, 60)] == pytest.approx([stairs(step) for step in (0, 30, 60)])
    assert smooth(15) == pytest.approx(0.1 * math.sqrt(0.5))


def test_cosine_falls_to_its_final_value_and_stays():
    schedule = Cosine(0.1, total_steps=100, final=0.01)
    values = [schedule(step) for step in range(101)]
    assert values == sorted(values, reverse=True)
    assert values[50] == pytest.approx(0.055)
    assert schedule(100) == schedule(1000) == pytest.approx(0.01)


@pytest.mark.parametrize("warmup", [0.0, 0.2, 1.0])
def test_one_cycle_rises_once_and_falls_once(warmup):
    schedule = OneCycle(1.0, total_steps=100, warmup=warmup)
    values = [schedule(step) for step in range(101)]
    peak = values.index(max(values))
    assert peak == pytest.approx(100 * warmup, abs=1)
    assert values[: peak + 1] == sorted(values[: peak + 1])
    assert values[peak:] == sorted(values[peak:], reverse=True)
    assert max(values) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(0.0),
        lambda: Constant(math.nan),
        lambda: TimeDecay(0.1, decay=math.nan, steps_per_epoch=1),
        lambda: Cosine(0.1, total_steps=10, final=-1.0),
        lambda: TimeDecay(0.1, decay=-1.0, steps_per_epoch=1),
        lambda: StepDecay(0.1, factor=0.5, every=0),
        lambda: OneCycle(0.1, total_steps=0),
        lambda: OneCycle(0.1, total_steps=10, warmup=1.5),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(ConfigurationError):
        make()
