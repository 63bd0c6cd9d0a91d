"""What a trainer refuses, and what it leaves behind when a hand reaches in between."""

import subprocess
import sys
import textwrap
from functools import partial

import numpy as np
import pytest

from digitnet.data import Batches
from digitnet.errors import ConfigurationError, TrainingError
from digitnet.nn import SGD, Adam, BatchNorm, Constant, Dense, MeanSquaredError, Network, WeightAverage
from digitnet.training import EarlyStopping, Trainer

RNG = np.random.default_rng(5)
INPUTS, TARGETS = RNG.standard_normal((64, 3)), RNG.standard_normal((64, 1))


def _rate(step):
    return 0.1 / (1 + step)


def _trainer(layers=None, *, schedule=None, batches=None, optimizer=None, **options):
    """Full batches in order, so that one epoch is one step on all rows."""
    network = Network(layers or [Dense(3, 1)], rng=0, dtype=np.float64)
    batches = batches or Batches(INPUTS, TARGETS, batch_size=64, shuffle=False, dtype=np.float64)
    schedule = Constant(0.1) if schedule is None else schedule
    return Trainer(network, MeanSquaredError(), optimizer or SGD(), schedule, batches, **options)


def _run(trainer, *parts):
    for part in parts:
        list(trainer.epochs(part)) if isinstance(part, int) else part(trainer)
    return trainer.network.parameters.copy()


def _step(trainer):
    trainer.step(INPUTS, TARGETS)


@pytest.mark.parametrize(
    "options", [{}, {"average": 0.9}, {"validation": (INPUTS, -TARGETS), "early_stopping": EarlyStopping(9)}]
)
def test_a_step_after_epochs_counts(options):
    def fresh():
        average = {"average": WeightAverage(options["average"])} if "average" in options else {}
        return _trainer(optimizer=Adam(), **(options | average))

    # After a step the network holds the weights that the step made, whatever the loop had left it with.
    expected = _run(fresh(), _step, _step, _step, _step)
    np.testing.assert_array_equal(_run(fresh(), 1, _step, 2, _step), expected)


@pytest.mark.parametrize("average", [None, 0.9])
def test_weights_set_by_hand_between_epochs_are_where_training_goes_on(average):
    def reset(trainer):
        trainer.network.parameters[...] = 7.0

    def fresh():
        return _trainer(schedule=Constant(1e-12), average=WeightAverage(average) if average else None)

    trainer = fresh()
    for _ in trainer.epochs(1):
        pass
    reset(trainer)
    for _ in trainer.epochs(2):
        np.testing.assert_allclose(trainer.network.parameters, 7.0, rtol=1e-9)


def test_a_loss_that_is_not_finite_leaves_parameters_and_statistics_alone():
    trainer = _trainer([Dense(3, 2), BatchNorm(2), Dense(2, 1)])
    _step(trainer)
    network = trainer.network
    before = network.parameters.copy(), network.state.copy()
    with pytest.raises(TrainingError), np.errstate(invalid="ignore"):
        trainer.step(INPUTS * np.nan, TARGETS)
    np.testing.assert_array_equal(network.parameters, before[0])
    np.testing.assert_array_equal(network.state, before[1])


def test_a_metric_may_return_any_number(tmp_path):
    def metric(outputs, targets):
        return -np.abs(outputs - targets).mean(dtype=np.float32)

    for report in _trainer(metric=metric, validation=(INPUTS, TARGETS), checkpoint=tmp_path / "c").epochs(2):
        assert type(report.training_metric) is type(report.validation_metric) is float


def test_lists_will_do_for_validation():
    expected = next(_trainer(validation=(INPUTS, TARGETS)).epochs(1))
    report = next(_trainer(validation=[INPUTS.tolist(), TARGETS.tolist()]).epochs(1))
    assert report.validation_loss == expected.validation_loss


@pytest.mark.parametrize("parts", [1, 4])
def test_validation_data_have_two_parts_or_three(parts):
    with pytest.raises(ConfigurationError, match=rf"\(inputs, targets\) or .* got {parts} part"):
        _trainer(validation=(INPUTS, TARGETS, np.ones(64), np.ones(64))[:parts])


def test_batch_norm_needs_batches_of_two():
    layers = [Dense(3, 2), BatchNorm(2), Dense(2, 1)]
    single = Batches(INPUTS, TARGETS, batch_size=1, dtype=np.float64)
    with pytest.raises(ConfigurationError, match=r"BatchNorm.*batch_size of 2"):
        _trainer(layers, batches=single)
    _trainer(batches=single)  # without one it is plain stochastic gradient descent


def test_a_last_batch_of_one_row_does_not_spoil_the_running_variance():
    batches = Batches(INPUTS, TARGETS, batch_size=63, dtype=np.float64, seed=1)
    trainer = _trainer([Dense(3, 2), BatchNorm(2), Dense(2, 1)], batches=batches, schedule=Constant(1e-12))
    _run(trainer, 60)
    dense, norm, _ = trainer.network.layers
    hidden = INPUTS @ dense.weight + dense.bias
    np.testing.assert_allclose(norm.running_variance, hidden.var(axis=0, ddof=1), rtol=0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schedule": 0.1}, r"function of the step, such as Constant\(0\.1\); got 0\.1"),
        ({"batches": (INPUTS, TARGETS)}, r"Batches\(inputs, targets, batch_size=…\); got a tuple"),
        ({"checkpoint_every": 2.5}, "checkpoint_every is a whole number"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(options, words):
    with pytest.raises(ConfigurationError, match=words):
        _trainer(**options)


def test_patience_is_a_whole_number():
    with pytest.raises(ConfigurationError, match="patience of early stopping is a whole number"):
        EarlyStopping(2.5)


def test_one_optimiser_trains_one_network():
    trainer = _trainer()
    with pytest.raises(ConfigurationError, match="make a new one for each network"):
        _trainer(optimizer=trainer.optimizer)
    before = trainer.network.parameters.copy()
    assert not np.array_equal(_run(trainer, 1), before)


def test_a_schedule_without_a_name_cannot_have_a_checkpoint(tmp_path):
    for schedule in (partial(_rate), lambda step: _rate(step)):
        with pytest.raises(ConfigurationError, match="schedule needs a name"):
            _trainer(schedule=schedule, checkpoint=tmp_path / "c")
        _run(_trainer(schedule=schedule), 1)


def test_a_function_as_schedule_resumes_in_another_process(tmp_path):
    program = textwrap.dedent(
        """
        import sys
        import numpy as np
        from digitnet.data import Batches
        from digitnet.nn import SGD, Dense, MeanSquaredError, Network
        from digitnet.training import Trainer

        elsewhere = [object() for _ in range(int(sys.argv[2]))]  # so that functions live at other addresses

        def schedule(step):
            return 0.1 / (1 + step)

        batches = Batches(np.ones((4, 3)), np.ones((4, 1)), batch_size=4)
        network = Network([Dense(3, 1)], rng=0)
        trainer = Trainer(network, MeanSquaredError(), SGD(), schedule, batches, checkpoint=sys.argv[1])
        print(*(report.epoch for report in trainer.epochs(trainer.resumed_epochs + 1)))
        """
    )
    for epoch, count in enumerate(("0", "100000"), start=1):
        command = [sys.executable, "-c", program, str(tmp_path / "c"), count]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.stdout.strip(), result.returncode) == (str(epoch), 0), result.stderr
