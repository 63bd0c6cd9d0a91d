"""The trainer through its public door: it learns, stops, resumes bit for bit and says what is wrong."""

import subprocess
import sys
import textwrap
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from digitnet.data.augment import Augmenter, Deformation
from digitnet.data.batches import Batches
from digitnet.errors import ConfigurationError, ModelFileError, TrainingError
from digitnet.evaluation import accuracy
from digitnet.nn import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    Constant,
    Dense,
    Dropout,
    MeanSquaredError,
    Network,
    OneCycle,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    WeightAverage,
)
from digitnet.training import EarlyStopping, Trainer

SEED = 7


def _problem(count=300, seed=SEED):
    """Three blobs on an 8×8 grid: inputs (count, 64) and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    centres = np.random.default_rng(0).random((3, 64)) * 2
    return (centres[labels] + 0.4 * rng.standard_normal((count, 64))).astype(np.float32), labels


def _trainer(checkpoint=None, epochs=8, optimizer=None, loss=None, held_out=60, **options):
    inputs, labels = _problem()
    network = Network(
        [Dense(64, 32), BatchNorm(32), ReLU(), Dropout(0.2), Dense(32, 3)], rng=np.random.default_rng(SEED)
    )
    batches = Batches(
        inputs[:240],
        labels[:240],
        batch_size=32,
        seed=SEED,
        augment=Augmenter(8, Deformation(shift=0.3, elastic=0.1, smoothness=2.0)),
    )
    options.setdefault("average", WeightAverage(0.95))
    return Trainer(
        network,
        loss or SoftmaxCrossEntropy(),
        optimizer or AdamW(weight_decay=0.01),
        OneCycle(3e-3, total_steps=epochs * len(batches)),
        batches,
        validation=(inputs[-held_out:], labels[-held_out:]),
        metric=accuracy,
        checkpoint=checkpoint,
        **options,
    )


def _everything(trainer):
    """All bytes that the rest of a run depends on."""
    memory = b"".join(array.tobytes() for array in trainer.optimizer.memory.values())
    return (
        trainer.network.parameters.tobytes(),
        trainer.network.state.tobytes(),
        memory,
        trainer.average.value.tobytes(),
        trainer.optimizer.steps,
        trainer.network.rng.bit_generator.state,
        [(r.training_loss, r.validation_loss, r.learning_rate, r.best) for r in trainer.history],
    )


def test_it_learns_and_reports():
    trainer = _trainer(epochs=15)
    reports = list(trainer.epochs(15))
    assert [report.epoch for report in reports] == list(range(1, 16))
    assert reports[-1].steps == 15 * 8
    assert reports[-1].training_loss < reports[0].training_loss / 2
    assert reports[-1].validation_metric > 0.95
    assert reports[-1].learning_rate < reports[7].learning_rate
    assert not trainer.interrupted
    assert not trainer.stopped_early


@pytest.mark.parametrize("optimizer", [lambda: AdamW(weight_decay=0.01), lambda: SGD(momentum=0.9)])
@pytest.mark.parametrize("killed_after", [1, 3, 7])
def test_a_resumed_run_ends_with_the_same_bytes(tmp_path, killed_after, optimizer):
    whole = _trainer(tmp_path / "whole", optimizer=optimizer())
    list(whole.epochs(8))

    first = _trainer(tmp_path / "cut", optimizer=optimizer())
    for report in first.epochs(8):
        if report.epoch == killed_after:
            break
    second = _trainer(tmp_path / "cut", optimizer=optimizer())
    assert second.resumed_epochs == killed_after
    list(second.epochs(8))
    assert _everything(second) == _everything(whole)


def test_a_killed_process_resumes_with_the_same_bytes(tmp_path):
    """The real thing: kill -9 in the middle of an epoch, again and again, then let it finish."""
    program = textwrap.dedent(
        """
        import importlib.util, os, sys
        spec = importlib.util.spec_from_file_location("t", sys.argv[1])
        t = importlib.util.module_from_spec(spec); spec.loader.exec_module(t)
        from pathlib import Path
        trainer = t._trainer(Path(sys.argv[2]))
        stop = trainer.resumed_epochs + 2
        steps, original = [0], trainer.step
        def step(*batch):
            steps[0] += 1
            if len(trainer.history) == stop and steps[0] % 8 == 5:
                os.kill(os.getpid(), 9)
            return original(*batch)
        trainer.step = step
        list(trainer.epochs(8))
        print("done")
        """
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program, __file__, str(tmp_path / "killed")],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        for _ in range(4)
    ]
    assert [output.returncode for output in outputs] == [-9, -9, -9, 0], outputs[-1].stderr
    assert "done" in outputs[-1].stdout
    resumed = _trainer(tmp_path / "killed")
    assert resumed.resumed_epochs == 8
    whole = _trainer()
    list(whole.epochs(8))
    list(resumed.epochs(8))
    assert _everything(resumed) == _everything(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["killed"]


def test_going_on_goes_on_from_the_last_step_not_from_the_kept_weights():
    whole, in_parts = _trainer(), _trainer()
    list(whole.epochs(8))
    list(in_parts.epochs(3))
    list(in_parts.epochs(8))
    assert _everything(in_parts) == _everything(whole)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    list(_trainer(tmp_path / "c").epochs(2))
    with pytest.raises(ModelFileError, match="another run: it differs in optimizer"):
        _trainer(tmp_path / "c", optimizer=Adam())
    with pytest.raises(ModelFileError, match="schedule"):
        _trainer(tmp_path / "c", epochs=9)


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "garbled", "one bit", "one digit"])
def test_a_damaged_checkpoint_is_refused_with_advice(tmp_path, damage):
    path = tmp_path / "c"
    list(_trainer(path).epochs(1))
    content = path.read_bytes()
    path.write_bytes(
        {
            "truncated": content[: len(content) // 2],
            "empty": b"",
            "text": b"weights",
            "garbled": b"\xff" * 8 + content[8:],
            "one bit": content[:-1] + bytes([content[-1] ^ 1]),
            "one digit": content.replace(b'optimizer_steps\\": 8', b'optimizer_steps\\": 9'),
        }[damage]
    )
    with pytest.raises(ModelFileError, match="not a readable checkpoint"):
        _trainer(path)


@pytest.mark.parametrize("header", ["[]", "5", "{}", '{"version": 1}', '{"version": 1, "run": []}'])
def test_a_forged_checkpoint_is_refused(tmp_path, header):
    import safetensors.numpy

    (tmp_path / "c").write_bytes(
        safetensors.numpy.save({"weights": np.zeros(3)}, metadata={"digitnet.checkpoint": header})
    )
    with pytest.raises(ModelFileError, match="not a readable checkpoint"):
        _trainer(tmp_path / "c")


def test_every_setting_is_part_of_what_a_checkpoint_belongs_to(tmp_path):
    path = str(tmp_path / "c")  # text will do
    list(_trainer(path).epochs(1))
    with pytest.raises(ModelFileError, match="differs in average"):
        _trainer(path, average=WeightAverage(0.5))
    with pytest.raises(ModelFileError, match="early stopping"):
        _trainer(path, early_stopping=EarlyStopping(3))
    other = _trainer(loss=SoftmaxCrossEntropy(label_smoothing=0.1))
    with pytest.raises(ModelFileError, match="loss"):
        _trainer(path, loss=other.loss)
    with pytest.raises(ModelFileError, match="validation data"):
        _trainer(path, held_out=30)


def test_min_delta_is_a_margin():
    keen = _trainer(epochs=30, early_stopping=EarlyStopping(patience=3))
    content = _trainer(epochs=30, early_stopping=EarlyStopping(patience=3, min_delta=0.5))
    assert len(list(content.epochs(30))) < len(list(keen.epochs(30)))
    losses = [report.validation_loss for report in content.history if report.best]
    assert all(later < earlier - 0.5 for earlier, later in pairwise(losses))


def test_running_statistics_are_averaged_with_the_weights():
    trainer = _trainer()
    for _ in trainer.epochs(2):
        current = trainer.network.state.copy()
    assert not np.array_equal(trainer.network.state, current)
    np.testing.assert_allclose(trainer.network.state, current, rtol=0.5, atol=0.5)


def test_a_validation_loss_that_is_not_finite_stops_with_advice():
    trainer = _trainer()
    trainer.validation[0][0] = np.nan
    with pytest.raises(TrainingError, match="validation loss"):
        list(trainer.epochs(1))


def test_data_that_do_not_fit_are_refused_before_training():
    inputs, labels = _problem()
    network = Network([Dense(64, 3)], rng=np.random.default_rng(0))
    for bad_inputs, bad_labels, words in (
        (inputs[:, :60], labels, "64"),
        (inputs, labels + 1, "between 0 and 2"),
        (inputs, labels * 1.0, "integer labels"),
    ):
        batches = Batches(bad_inputs, bad_labels, batch_size=10, seed=0)
        with pytest.raises(ConfigurationError, match=words):
            Trainer(network, SoftmaxCrossEntropy(), SGD(), Constant(0.1), batches)


def test_checkpoints_need_a_generator_that_can_be_written_down(tmp_path):
    inputs, labels = _problem()
    network = Network([Dense(64, 3)], rng=np.random.Generator(np.random.MT19937(0)))
    batches = Batches(inputs, labels, batch_size=10, seed=0)
    with pytest.raises(ConfigurationError, match="default_rng"):
        Trainer(network, SoftmaxCrossEntropy(), SGD(), Constant(0.1), batches, checkpoint=tmp_path / "c")


def test_early_stopping_restores_the_best_epoch():
    trainer = _trainer(epochs=60, early_stopping=EarlyStopping(patience=3), optimizer=SGD(), average=None)
    # A rate far too large makes the loss jump about, so that the best epoch is not the last.
    trainer.schedule = Constant(0.5)
    reports = list(trainer.epochs(60))
    assert trainer.stopped_early
    assert len(reports) < 60
    best = min(reports, key=lambda report: report.validation_loss)
    assert best.epoch == trainer.best_epoch == len(reports) - 3
    loss = SoftmaxCrossEntropy().forward(
        trainer.network.predict(trainer.validation[0]), trainer.validation[1]
    )
    assert loss == pytest.approx(best.validation_loss)


def test_ctrl_c_keeps_the_best_model_so_far():
    trainer = _trainer(epochs=20)
    original = trainer.step

    def step(*batch):
        if len(trainer.history) == 4:
            raise KeyboardInterrupt
        return original(*batch)

    trainer.step = step
    reports = list(trainer.epochs(20))
    assert len(reports) == 4
    assert trainer.interrupted
    best = min(report.validation_loss for report in reports)
    outputs = trainer.network.predict(trainer.validation[0])
    assert SoftmaxCrossEntropy().forward(outputs, trainer.validation[1]) == pytest.approx(best)


def test_leaving_the_loop_keeps_the_best_model_too():
    trainer = _trainer(epochs=20)
    epochs = trainer.epochs(20)
    for _ in range(3):
        next(epochs)
    epochs.close()  # what Python does to a generator whose loop was left
    assert trainer.interrupted
    outputs = trainer.network.predict(trainer.validation[0])
    best = min(report.validation_loss for report in trainer.history)
    assert SoftmaxCrossEntropy().forward(outputs, trainer.validation[1]) == pytest.approx(best)


def test_a_loss_that_is_not_finite_stops_with_advice():
    trainer = _trainer(optimizer=SGD(), average=None)
    trainer.schedule = Constant(1e30)
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        list(trainer.epochs(8))


def test_a_run_that_explodes_late_keeps_its_best_weights():
    trainer = _trainer(optimizer=SGD(), average=None)
    trainer.schedule = lambda step: 0.05 if step < 30 else 1e30
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        list(trainer.epochs(8))
    best = min(report.validation_loss for report in trainer.history)
    outputs = trainer.network.predict(trainer.validation[0])
    assert SoftmaxCrossEntropy().forward(outputs, trainer.validation[1]) == pytest.approx(best)


def test_nan_in_the_inputs_stops_with_advice():
    inputs, labels = _problem()
    inputs[5] = np.nan
    network = Network([Dense(64, 3)], rng=np.random.default_rng(0))
    batches = Batches(inputs, labels, batch_size=300, seed=0)
    trainer = Trainer(network, SoftmaxCrossEntropy(), SGD(), Constant(0.1), batches)
    with pytest.raises(TrainingError, match="NaN"):
        list(trainer.epochs(1))


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigurationError, match="patience"):
        EarlyStopping(patience=0)
    inputs, labels = _problem()
    with pytest.raises(ConfigurationError, match="validation"):
        Trainer(
            Network([Dense(64, 3)], rng=np.random.default_rng(0)),
            SoftmaxCrossEntropy(),
            SGD(),
            Constant(0.1),
            Batches(inputs, labels, batch_size=10, seed=0),
            early_stopping=EarlyStopping(),
        )
    with pytest.raises(ConfigurationError, match="checkpoint_every"):
        _trainer(checkpoint_every=0)


def test_a_warm_step_of_the_trainer_allocates_nothing_to_speak_of():
    rng = np.random.default_rng(0)
    inputs, labels = rng.random((1024, 784), np.float32), rng.integers(0, 10, 1024)
    network = Network([Dense(784, 128), ReLU(), Dropout(0.2), Dense(128, 10)], rng=rng)
    trainer = Trainer(
        network,
        SoftmaxCrossEntropy(),
        Adam(),
        OneCycle(1e-3, total_steps=1000),
        Batches(inputs, labels, batch_size=256, seed=0),
        metric=accuracy,
        average=WeightAverage(0.99),
    )
    list(trainer.epochs(1))
    trainer.step(inputs[:256], labels[:256])
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(3):
            trainer.step(inputs[:256], labels[:256])
        assert tracemalloc.get_traced_memory()[1] - before < 64 * 1024
    finally:
        tracemalloc.stop()


def test_checkpoints_every_few_epochs_and_at_the_end(tmp_path):
    trainer = _trainer(tmp_path / "c", checkpoint_every=3)
    written = [(tmp_path / "c").exists() for _ in trainer.epochs(8)]
    assert written == [False, False, True, True, True, True, True, True]
    assert _trainer(tmp_path / "c").resumed_epochs == 8


def _weighted(weights=None, validation_weights=None, loss=None, rows=None):
    inputs, labels = _problem(120)
    rows = np.arange(100) if rows is None else rows
    network = Network([Dense(64, 3)], rng=np.random.default_rng(0), dtype=np.float64)
    return Trainer(
        network,
        loss or SoftmaxCrossEntropy(),
        SGD(),
        Constant(0.05),
        Batches(
            inputs[rows],
            labels[rows],
            weights=weights,
            batch_size=len(rows),
            shuffle=False,
            dtype=np.float64,
        ),
        validation=(inputs[100:], labels[100:], validation_weights),
    )


def test_a_weighted_run_is_the_run_on_repeated_rows():
    counts = np.random.default_rng(3).integers(0, 3, 100)
    repeated = np.repeat(np.arange(100), counts)
    weighted, plain = _weighted(counts / counts.mean()), _weighted(rows=repeated)
    for first, second in zip(weighted.epochs(5), plain.epochs(5), strict=True):
        assert first.training_loss == pytest.approx(second.training_loss, rel=1e-10)
        assert first.validation_loss == pytest.approx(second.validation_loss, rel=1e-10)
    np.testing.assert_allclose(weighted.network.parameters, plain.network.parameters, rtol=1e-9)


def test_validation_weights_weigh_the_validation_loss():
    weights = np.random.default_rng(4).random(20)
    trainer = _weighted(validation_weights=weights)
    report = next(trainer.epochs(1))
    inputs, labels, _ = trainer.validation
    outputs = trainer.network.predict(inputs)
    each = [SoftmaxCrossEntropy().forward(outputs[[row]], labels[[row]]) for row in range(20)]
    assert report.validation_loss == pytest.approx(np.dot(weights, each) / 20)


def test_weights_and_validation_data_that_cannot_be_are_refused():
    with pytest.raises(ConfigurationError, match="20 rows needs one weight"):
        _weighted(validation_weights=np.ones(19))
    with pytest.raises(ConfigurationError, match="zero or positive"):
        _weighted(validation_weights=-np.ones(20))
    trainer = _weighted()
    inputs, labels = _problem(120)
    with pytest.raises(ConfigurationError, match="same length"):
        Trainer(
            trainer.network,
            trainer.loss,
            SGD(),
            Constant(0.1),
            trainer.batches,
            validation=(inputs[:9], labels[:8]),
        )


def test_batches_of_another_precision_are_refused():
    inputs, labels = _problem()
    network = Network([Dense(64, 3)], rng=np.random.default_rng(0), dtype=np.float64)
    with pytest.raises(ConfigurationError, match=r"dtype=np\.float64"):
        Trainer(
            network,
            SoftmaxCrossEntropy(),
            SGD(),
            Constant(0.1),
            Batches(inputs, labels, batch_size=10, seed=0),
        )


def test_full_batches_in_order_are_the_textbook_loop():
    """A 3-4-1 network of sigmoid units without bias, against its four lines of matrix products."""
    inputs = np.array([[0.0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    targets = np.array([[0.0], [1], [1], [0]])
    rng = np.random.default_rng(SEED)
    first, second = start = 2 * rng.random((3, 4)) - 1, 2 * rng.random((4, 1)) - 1
    layers = [
        *(Dense(3, 4, use_bias=False, initializer=lambda rng, shape: start[0]), Sigmoid()),  # noqa: ARG005
        *(Dense(4, 1, use_bias=False, initializer=lambda rng, shape: start[1]), Sigmoid()),  # noqa: ARG005
    ]
    network = Network(layers, rng=rng, dtype=np.float64)
    trainer = Trainer(
        network,
        MeanSquaredError(reduction="sum", factor=0.5),
        SGD(),
        Constant(1.0),
        Batches(inputs, targets, batch_size=4, shuffle=False, dtype=np.float64),
    )
    for report in trainer.epochs(300):
        hidden = 1 / (1 + np.exp(-inputs @ first))
        outputs = 1 / (1 + np.exp(-hidden @ second))
        assert report.training_loss == pytest.approx(0.5 * ((targets - outputs) ** 2).sum(), rel=1e-9)
        delta = (targets - outputs) * outputs * (1 - outputs)
        hidden_delta = delta @ second.T * hidden * (1 - hidden)
        first, second = first + inputs.T @ hidden_delta, second + hidden.T @ delta
    np.testing.assert_allclose(network.parameters, [*first.flat, *second.flat], rtol=1e-9)


def test_one_sample_at_a_time_in_order_is_the_textbook_loop():
    """A single sigmoid neuron that learns from sample after sample, its chain rule written out."""
    inputs = np.array([[2.0, 3.0], [-1.0, 0.5], [0.3, -2.0]])
    targets = np.array([1.0, 0.0, 1.0])
    network = Network([Dense(2, 1), Sigmoid()], rng=None, dtype=np.float64)
    batches = Batches(inputs, targets, batch_size=1, shuffle=False, dtype=np.float64)
    trainer = Trainer(network, MeanSquaredError(), SGD(), Constant(0.5), batches)
    weight, bias = np.zeros(2), 0.0
    for _ in trainer.epochs(20):
        for x, y in zip(inputs, targets, strict=True):
            prediction = 1 / (1 + np.exp(-(weight @ x + bias)))
            slope = -2 * (y - prediction) * prediction * (1 - prediction)
            weight, bias = weight - 0.5 * slope * x, bias - 0.5 * slope
        np.testing.assert_allclose(network.parameters, [*weight, bias], rtol=1e-12)
