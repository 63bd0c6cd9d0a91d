"""Several processes train as one does, and none is left behind, however training ends."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from digitnet.crew import crew as crew_module
from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches
from digitnet.errors import ConfigurationError, TrainingError
from digitnet.evaluation import accuracy
from digitnet.nn import (
    SGD,
    AdamW,
    BatchNorm,
    Dense,
    Dropout,
    GradientClip,
    LeakyReLU,
    MeanSquaredError,
    Network,
    ReLU,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    WeightAverage,
)
from digitnet.training import EarlyStopping, Trainer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a crew needs Linux")

INPUTS, LABELS = np.random.default_rng(0).random((150, 64)), np.random.default_rng(1).integers(0, 3, 150)

NETWORKS = {
    "one hidden layer": lambda: [Dense(64, 17), ReLU(), Dense(17, 3)],
    "normalised, with dropout everywhere": lambda: [
        *(Dropout(0.1), Dense(64, 12, use_bias=False), BatchNorm(12), LeakyReLU(), Dropout(0.3)),
        *(Dense(12, 9), Tanh(), Dense(9, 3, use_bias=False)),
    ],
    "three hidden layers and a norm of the outputs": lambda: [
        *(Dense(64, 9), Sigmoid(), Dense(9, 8), GradientClip(0.001), ReLU(), Dense(8, 5), ReLU()),
        *(Dense(5, 3), BatchNorm(3)),
    ],
    "hidden layers of which two processes have whole tiles": lambda: [
        *(Dense(64, 640), ReLU(), Dense(640, 128), ReLU(), Dense(128, 3))
    ],
}


def slower(step):
    """A schedule."""
    return 0.05 / (1.0 + step)


def _trainer(processes, layers=NETWORKS["one hidden layer"], optimizer=SGD, weights=None, **options):
    network = Network(layers(), rng=3, dtype=np.float64)
    augment, batch_size = options.pop("augment", None), options.pop("batch_size", 32)
    batches = Batches(
        INPUTS.copy(),
        LABELS,
        batch_size=batch_size,
        weights=weights,
        augment=augment,
        seed=4,
        dtype=np.float64,
    )
    loss, schedule = options.pop("loss", None), options.pop("schedule", slower)
    options.setdefault("validation", (INPUTS[:40], LABELS[:40]))
    loss = loss or SoftmaxCrossEntropy(label_smoothing=0.1)
    return Trainer(network, loss, optimizer(), schedule, batches, processes=processes, **options)


def _numbers(trainer):
    arrays = [trainer.network.parameters, trainer.network.state, *trainer.optimizer.memory.values()]
    return np.concatenate([*arrays, *(average.value for average in trainer.kept_weights.averages)])


def _helpers(trainer):
    return [pid for pid, _ in trainer._crew._helpers]


def _gone(pids):
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_it_computes_what_one_process_computes(layers, processes, tiled, monkeypatch):
    monkeypatch.setattr("digitnet.crew.crew.tiles_pay", lambda _: tiled)
    options = {
        "optimizer": lambda: SGD(momentum=0.9, weight_decay=0.01, l1=0.001),
        "weights": np.random.default_rng(2).random(150),
        "augment": Augmenter(8, Deformation(shift=0.3, elastic=0.1, smoothness=2.0)),
        "metric": accuracy,
    }
    alone, crew = (_trainer(count, layers, average=WeightAverage(0.9), **options) for count in (1, processes))
    reports = zip(alone.epochs(3), crew.epochs(3), strict=True)
    for one, other in reports:
        assert other.training_loss == pytest.approx(one.training_loss, rel=1e-9)
        assert other.validation_loss == pytest.approx(one.validation_loss, rel=1e-9)
        assert (other.steps, other.training_metric) == (one.steps, one.training_metric)
    np.testing.assert_allclose(_numbers(crew), _numbers(alone), rtol=1e-7, atol=1e-10)
    assert crew.network.rng.bit_generator.state == alone.network.rng.bit_generator.state


def test_adam_and_a_mean_squared_error_are_the_same_too():
    targets = np.random.default_rng(5).random((150, 3))
    trainers = []
    for processes in (1, 2):
        network = Network(NETWORKS["one hidden layer"](), rng=3, dtype=np.float64)
        batches = Batches(INPUTS, targets, batch_size=64, shuffle=False, dtype=np.float64)
        trainer = Trainer(
            network, MeanSquaredError(), AdamW(weight_decay=0.1), slower, batches, processes=processes
        )
        list(trainer.epochs(40))  # 120 steps: more than between two cleanings of what is remembered
        trainers.append(trainer)
    np.testing.assert_allclose(_numbers(trainers[1]), _numbers(trainers[0]), rtol=1e-6, atol=1e-9)


def test_a_run_repeats_to_the_last_bit():
    layers = NETWORKS["normalised, with dropout everywhere"]
    runs = [_trainer(2, layers) for _ in range(2)]
    for trainer in runs:
        list(trainer.epochs(3))
    assert _numbers(runs[0]).tobytes() == _numbers(runs[1]).tobytes()


def test_a_resumed_run_ends_with_the_same_bytes(tmp_path):
    layers = NETWORKS["normalised, with dropout everywhere"]

    def trainer(name):
        return _trainer(2, layers, AdamW, average=WeightAverage(0.9), checkpoint=tmp_path / name)

    whole, first = trainer("whole"), trainer("cut")
    list(whole.epochs(4))
    for report in first.epochs(4):
        if report.epoch == 2:
            break
    second = trainer("cut")
    list(second.epochs(4))
    assert second.resumed_epochs == 2
    assert _numbers(second).tobytes() == _numbers(whole).tobytes()


def test_weights_that_somebody_sets_between_two_epochs_are_trained_on():
    alone, crew = (_trainer(processes, validation=None) for processes in (1, 2))
    for trainer in (alone, crew):
        for report in trainer.epochs(2):
            if report.epoch == 1:
                trainer.network.parameters *= 0.5
    np.testing.assert_allclose(_numbers(crew), _numbers(alone), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("way", ["end", "break", "close", "early"])
def test_no_process_is_left_behind(way):
    stopping = EarlyStopping(1, min_delta=1e9) if way == "early" else None
    trainer = _trainer(3, early_stopping=stopping)
    reports = trainer.epochs(4)
    next(reports)
    helpers = _helpers(trainer)
    assert len(helpers) == 2
    assert not _gone(helpers)
    if way == "close":
        reports.close()
    else:
        for _ in reports:
            if way == "break":
                break
        del reports
    assert trainer._crew is None
    assert _gone(helpers)


def test_ctrl_c_leaves_a_network_that_can_be_used_and_trained_on():
    pids, calls = [], []

    def metric(outputs, targets):
        pids[:] = _helpers(trainer)
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return accuracy(outputs, targets)

    trainer = _trainer(2, metric=metric)
    reports = list(trainer.epochs(5))
    assert (len(reports), trainer.interrupted) == (1, True)
    assert pids
    assert _gone(pids)
    assert np.isfinite(trainer.network.parameters).all()
    assert len(list(trainer.epochs(3))) == 2
    assert not trainer.interrupted


def test_a_loss_that_is_not_finite_is_said_and_changes_nothing():
    layers = NETWORKS["normalised, with dropout everywhere"]
    said, numbers = [], []
    for processes in (1, 2):
        trainer = _trainer(processes, layers, average=WeightAverage(0.9), validation=None)
        reports = trainer.epochs(3)
        next(reports)
        reports.close()
        trainer.batches.inputs[:, 0] = np.nan
        with pytest.raises(TrainingError, match="loss became nan at step 6") as caught:
            list(trainer.epochs(3))
        said.append(str(caught.value))
        numbers.append(_numbers(trainer))
        assert trainer._crew is None
    assert said[0] == said[1]
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("moment", ["between two epochs", "in one"])
def test_a_helper_that_is_killed_is_noticed(moment):
    def metric(outputs, targets):
        if moment == "in one" and len(trainer.history) == 1:
            os.kill(_helpers(trainer)[0], signal.SIGKILL)
        return accuracy(outputs, targets)

    trainer = _trainer(2, metric=metric)
    reports = trainer.epochs(9)
    next(reports)
    helpers = _helpers(trainer)
    if moment == "between two epochs":
        os.kill(helpers[0], signal.SIGKILL)
    with pytest.raises(TrainingError, match=r"has ended .* train with processes=1"):
        list(reports)
    assert _gone(helpers)
    assert np.isfinite(trainer.network.parameters).all()


def test_an_error_of_a_helper_is_told():
    here = os.getpid()

    def augment(batch, rng):  # noqa: ARG001
        if os.getpid() != here:
            raise ValueError("the helper's own trouble")

    with pytest.raises(TrainingError, match="ValueError: the helper's own trouble"):
        list(_trainer(2, augment=augment).epochs(1))


def test_an_error_of_the_caller_is_its_own():
    here = os.getpid()

    def augment(batch, rng):  # noqa: ARG001
        if os.getpid() == here:
            raise ValueError("the caller's own trouble")

    trainer = _trainer(2, augment=augment)
    with pytest.raises(ValueError, match="the caller's own trouble"):
        list(trainer.epochs(1))
    assert trainer._crew is None


@pytest.mark.parametrize("moment", ["in an epoch", "between two"])
def test_helpers_end_with_the_process_that_made_them(root, moment):
    program = textwrap.dedent(
        """
        import time
        import numpy as np
        from digitnet.data.batches import Batches
        from digitnet.nn import SGD, Constant, Dense, MeanSquaredError, Network
        from digitnet.training import Trainer

        def metric(outputs, targets):
            if MOMENT == "in an epoch":
                wait()
            return 0.0

        def wait():
            print(*(pid for pid, _ in trainer._crew._helpers), flush=True)
            time.sleep(60)

        batches = Batches(np.ones((8, 4)), np.ones((8, 1)), batch_size=4)
        network = Network([Dense(4, 4), Dense(4, 1)], rng=0)
        trainer = Trainer(
            network, MeanSquaredError(), SGD(), Constant(0.1), batches, metric=metric, processes=3
        )
        for report in trainer.epochs(2):
            wait()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"MOMENT = {moment!r}\n{program}"],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:
        helpers = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert len(helpers) == 2
    for _ in range(200):
        if all(_ended(pid) for pid in helpers):
            break
        time.sleep(0.05)
    assert all(_ended(pid) for pid in helpers)


def _ended(pid):
    """Whether a process is gone, or waits for nothing but its new parent's notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (lambda: [Dense(64, 3)], "it has no hidden layer"),
        (lambda: [Dense(64, 1), ReLU(), Dense(1, 3)], "a hidden layer has fewer than 2 units"),
        (lambda: [BatchNorm(64), Dense(64, 8), Dense(8, 3)], "cannot be shared out where it stands"),
        (lambda: [Dense(64, 8), Softmax(), Dense(8, 3)], r"its Softmax\(\) cannot be shared out"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(layers, sentence):
    with pytest.raises(ConfigurationError, match=f"{sentence}.* Train with processes=1"):
        _trainer(2, layers)


@pytest.mark.parametrize("processes", [0, -1, 1.5, "2"])
def test_a_number_of_processes_is_a_whole_number(processes):
    with pytest.raises(ConfigurationError, match="processes"):
        _trainer(processes)


def test_where_nothing_can_be_shared_one_process_trains(monkeypatch):
    monkeypatch.setattr("digitnet.crew.members.sys.platform", "darwin")
    assert _trainer(2).processes == 1


@pytest.mark.parametrize("lacking", ["digitnet.crew.crew._fork", "digitnet.crew.crew.Rendezvous"])
def test_where_no_other_process_can_start_one_trains_and_says_so(lacking, monkeypatch):
    alone = _trainer(1)
    list(alone.epochs(2))
    started, whole = [], crew_module._fork

    def refuse(*_):
        if lacking.endswith("_fork") and not started:  # the first helper still can
            started.append(whole())
            return started[0]
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(lacking, refuse)
    trainer = _trainer(3)
    with pytest.warns(RuntimeWarning, match=r"^One process trains, .*Resource temporarily unavailable"):
        list(trainer.epochs(2))
    assert trainer.processes == 1
    assert _numbers(trainer).tobytes() == _numbers(alone).tobytes()
    assert _gone(started)
