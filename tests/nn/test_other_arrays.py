"""The network on another array library: to the last bit as with NumPy, and no NumPy call touches it."""

import json
import sys
from types import ModuleType

import numpy as np
import pytest

from digitnet.data.batches import Batches
from digitnet.evaluation import accuracy
from digitnet.geometry import DIGITS_GEOMETRY
from digitnet.model_file import Model, load_model, save_model
from digitnet.nn import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    BinaryCrossEntropy,
    Constant,
    Cosine,
    Dense,
    Dropout,
    ExponentialDecay,
    GradientClip,
    LeakyReLU,
    MeanSquaredError,
    Network,
    OneCycle,
    ReLU,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    StepDecay,
    Tanh,
    TimeDecay,
    WeightAverage,
    array_module,
    softmax,
    to_numpy,
)
from digitnet.nn.architecture import LAYER_KINDS
from digitnet.nn.arrays import FUNCTIONS, METHODS
from digitnet.training import EarlyStopping, Trainer

WIDTH, CLASSES, ROWS = 12, 4, 90
HEADS = {"logits": list, "sigmoid": lambda: [Sigmoid()], "softmax": lambda: [Softmax()]}
LOSSES = {
    "softmax cross-entropy": (SoftmaxCrossEntropy, "logits"),
    "label smoothing": (lambda: SoftmaxCrossEntropy(label_smoothing=0.1), "logits"),
    "binary cross-entropy": (BinaryCrossEntropy, "sigmoid"),
    "binary cross-entropy of softmax": (BinaryCrossEntropy, "softmax"),
    "binary cross-entropy of logits": (lambda: BinaryCrossEntropy(from_logits=True), "logits"),
    "mean squared error": (MeanSquaredError, "logits"),
    "half summed squared error": (lambda: MeanSquaredError(reduction="sum", factor=0.5), "softmax"),
}
OPTIMIZERS = {
    "gradient descent": SGD,
    "momentum, L1 and L2": lambda: SGD(momentum=0.9, weight_decay=0.01, l1=1e-3),
    "Nesterov": lambda: SGD(momentum=0.9, nesterov=True),
    "Adam, L1 and L2": lambda: Adam(weight_decay=0.01, l1=1e-3),
    "AdamW, L1": lambda: AdamW(weight_decay=0.01, l1=1e-3),
}
SCHEDULES = [
    Constant(0.01),
    TimeDecay(0.01, decay=0.5, steps_per_epoch=3),
    StepDecay(0.01, factor=0.5, every=3),
    ExponentialDecay(0.01, factor=0.9, every=3),
    Cosine(0.01, total_steps=12),
    OneCycle(0.01, total_steps=12),
]


def _data():
    rng = np.random.default_rng(1)
    inputs, labels = rng.standard_normal((ROWS, WIDTH)), rng.integers(0, CLASSES, ROWS)
    return inputs + labels[:, None], labels, rng.random(ROWS)


def _network(xp, head="logits", dtype=np.float32):
    layers = [
        *(Dense(WIDTH, 11), BatchNorm(11), ReLU(), Dropout(0.3)),
        *(Dense(11, 10, use_bias=False), LeakyReLU(0.1), GradientClip(1e-3), Dropout(0.0)),
        *(Dense(10, 9), Tanh(), Dense(9, 8), Sigmoid(), Dense(8, CLASSES), *HEADS[head]()),
    ]
    return Network(layers, rng=np.random.default_rng(7), dtype=dtype, xp=xp)


def _trainer(xp, loss="label smoothing", optimizer="AdamW, L1", weighted=True, dtype=np.float32, **options):
    inputs, labels, weights = _data()
    make_loss, head = LOSSES[loss]
    targets = labels if "softmax cross" in loss or "smoothing" in loss else np.eye(CLASSES)[labels]
    split = slice(60)
    return Trainer(
        _network(xp, head, dtype),
        make_loss(),
        OPTIMIZERS[optimizer](),
        options.pop("schedule", Constant(0.01)),
        Batches(
            inputs[split],
            targets[split],
            weights=weights[split] if weighted else None,
            batch_size=25,
            seed=3,
            dtype=dtype,
        ),
        validation=(inputs[60:], targets[60:], *([weights[60:]] if weighted else [])),
        average=WeightAverage(0.9),
        **options,
    )


def _outcome(trainer):
    """All bytes that a run leaves behind."""
    arrays = [trainer.network.parameters, trainer.network.state, trainer.average.value]
    arrays += [trainer.network.gradients, *trainer.optimizer.memory.values()]
    return (
        [to_numpy(array).tobytes() for array in arrays],
        [(r.training_loss, r.validation_loss, r.validation_metric, r.best) for r in trainer.history],
    )


def _same(strict, epochs=4, **settings):
    outcomes = []
    for xp in (np, strict.xp):
        trainer = _trainer(xp, **settings)
        list(trainer.epochs(epochs))
        assert isinstance(trainer.network.parameters, strict.StrictArray) == (xp is strict.xp)
        outcomes.append(_outcome(trainer))
    assert outcomes[0] == outcomes[1]


def test_the_stand_in_is_strict(strict):
    array, host = strict.xp.asarray([1.0, 2.0]), np.array([1.0, 2.0])
    assert not isinstance(array, np.ndarray)
    for touch in (
        *(lambda: np.add(array, array), lambda: np.add(array, host), lambda: np.exp(array)),
        *(lambda: np.asarray(array), lambda: np.sum(array), lambda: np.concatenate([array, array])),
        *(lambda: array + host, lambda: host + array, lambda: array * np.float64(2.0)),
        *(lambda: np.float64(2.0) * array, lambda: array.__iadd__(host), lambda: host.__iadd__(array)),
        *(
            lambda: array[host > 1],
            lambda: array.__setitem__(..., host),
            lambda: host.__setitem__(..., array),
        ),
        *(lambda: np.add(host, host, out=array), lambda: strict.xp.multiply(array, host)),
        *(lambda: strict.xp.multiply(array, 2.0, out=host), lambda: list(array), lambda: bool(array[0])),
    ):
        with pytest.raises(TypeError):
            touch()
    with pytest.raises(AttributeError, match="not part"):
        strict.xp.einsum("i,i", array, array)
    assert np.isnan(strict.xp.empty(3).get()).all()
    np.testing.assert_array_equal(to_numpy(array * 2.0), [2.0, 4.0])


@pytest.mark.parametrize("weighted", [True, False], ids=["weighted", "unweighted"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_layer_and_loss_trains_as_with_numpy(strict, loss, weighted):
    used = {layer.kind for head in HEADS for layer in _network(np, head).layers}
    assert used == set(LAYER_KINDS), "add the new kind of layer to the network here"
    _same(strict, loss=loss, weighted=weighted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains_as_with_numpy(strict, optimizer, dtype):
    _same(strict, optimizer=optimizer, dtype=dtype)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
def test_every_schedule_trains_as_with_numpy(strict, schedule):
    _same(strict, schedule=schedule)


def test_metrics_and_early_stopping_see_what_numpy_would_show_them(strict):
    def metric(outputs, labels):
        assert type(outputs) is type(labels) is np.ndarray
        return accuracy(outputs, labels)

    _same(strict, epochs=40, metric=metric, early_stopping=EarlyStopping(2), optimizer="momentum, L1 and L2")


def test_checkpoints_are_the_same_file_and_resume_on_either_side(strict, tmp_path):
    whole = _trainer(np)
    list(whole.epochs(6))
    for name, xp in (("host", np), ("device", strict.xp)):
        list(_trainer(xp, checkpoint=tmp_path / name).epochs(3))
    for name, xp in (("device", strict.xp), ("host", strict.xp), ("device", np)):
        path = tmp_path / "copy"
        path.write_bytes((tmp_path / name).read_bytes())
        resumed = _trainer(xp, checkpoint=path)
        assert resumed.resumed_epochs == 3
        list(resumed.epochs(6))
        assert _outcome(resumed) == _outcome(whole), (name, xp)


def test_predictions_and_input_gradients_take_arrays_of_both_kinds(strict):
    inputs = _data()[0]
    direction = np.ones((ROWS, CLASSES))
    host, device = _network(np), _network(strict.xp)
    for batch_size in (4096, 7):
        expected = host.predict(inputs, batch_size=batch_size)
        for given in (inputs, strict.xp.asarray(inputs), inputs.tolist()):
            outputs = device.predict(given, batch_size=batch_size)
            assert type(outputs) is strict.StrictArray
            np.testing.assert_array_equal(to_numpy(outputs), expected)
    expected = host.input_gradient(inputs, direction)
    for given in (inputs, direction), (strict.xp.asarray(inputs), strict.xp.asarray(direction)):
        gradient = device.input_gradient(*given)
        assert type(gradient) is strict.StrictArray
        np.testing.assert_array_equal(to_numpy(gradient), expected)
    np.testing.assert_array_equal(to_numpy(softmax(device.predict(inputs))), softmax(host.predict(inputs)))


def test_one_loss_may_serve_both(strict):
    loss, host = MeanSquaredError(), np.array([[1.0], [3.0]])
    for array in (host, strict.xp.asarray(host), host):
        assert loss.forward(array, array * 0.0) == 5.0
        np.testing.assert_array_equal(to_numpy(loss.backward()), host)


def test_a_model_file_is_the_same_wherever_it_was_trained(strict, tmp_path):
    for name, xp in (("host", np), ("device", strict.xp)):
        network = Network([Dense(64, 10)], rng=np.random.default_rng(0), xp=xp)
        save_model(Model("m", network, DIGITS_GEOMETRY), tmp_path / name)
    assert (tmp_path / "host").read_bytes() == (tmp_path / "device").read_bytes()
    assert type(load_model(tmp_path / "device").network.parameters) is np.ndarray


def test_architectures_can_be_built_there(strict):
    network = _network(np)
    again = Network.from_architecture(json.loads(json.dumps(network.architecture())), xp=strict.xp)
    assert again.xp is strict.xp
    assert type(again.parameters) is strict.StrictArray


def test_what_the_documentation_asks_of_a_library_is_what_is_used(strict):
    strict.xp.used.clear()
    for loss in LOSSES:
        list(_trainer(strict.xp, loss=loss, optimizer="Adam, L1 and L2").epochs(1))
    _network(strict.xp).predict(_data()[0])
    assert strict.xp.used == FUNCTIONS | METHODS


def test_the_library_of_an_array_is_what_it_names_or_where_its_type_lives(strict, monkeypatch):
    assert array_module(np.zeros(2)) is np
    assert array_module(strict.xp.zeros(2)) is strict.xp
    home = ModuleType("elsewhere")
    monkeypatch.setitem(sys.modules, "elsewhere", home)
    nameless = type("ndarray", (), {"__module__": "elsewhere.core"})()
    assert array_module(nameless) is home
