"""Who takes part in the prediction part: digitnet, ONNX Runtime, PyTorch, scikit-learn, and two floors."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.settings import MODEL
from digitnet.model_file import load_model
from digitnet.nn import BatchNorm, Dense, Network, ReLU

Rows = NDArray[np.float32]
Predict = Callable[[Rows], Any]

#: The shipped model, and the network of the training part.
SHIPPED, PLAIN = "the shipped mnist", "784-512-256-10"
#: Inputs that are no pictures: every pixel lit.
LIT = "1, all lit"
#: Enough calls for a median, however short they are.
MOST_CALLS = 5000


def network_of(name: str) -> Network:
    """One of the two networks; the plain one has the weights that it starts to train with."""
    if name == SHIPPED:
        return load_model(MODEL).network
    return Network([Dense(784, 512), ReLU(), Dense(512, 256), ReLU(), Dense(256, 10)], rng=0)


def contestant(
    who: str, names: Sequence[str], pictures: Rows, batches: Sequence[int], seconds: float, threads: int
) -> Callable[[], dict[str, float]]:
    """Seconds a call, the median over some time, of every network and batch size.

    Args:
        who: a function of this module that makes a ``predict`` of a network.
        names: of the networks.
        pictures: ``(n, 784)``, as many as the largest batch.
        batches: sizes.
        seconds: spent on each.
        threads: of the contestant.
    """
    predicts = {name: globals()[who](network_of(name), threads) for name in names}
    rng = np.random.default_rng(0)
    inputs: dict[str, Rows] = {str(size): np.ascontiguousarray(pictures[:size]) for size in batches}
    inputs[LIT] = rng.uniform(0.05, 1.0, (1, 784)).astype(np.float32)
    for name, predict in predicts.items():
        for rows in inputs.values():
            _check(name, predict, rows, who)

    def turn() -> dict[str, float]:
        return {
            f"{name}, {size}": _seconds_a_call(predict, rows, seconds)
            for name, predict in predicts.items()
            for size, rows in inputs.items()
        }

    return turn


def _seconds_a_call(predict: Predict, rows: Rows, seconds: float) -> float:
    predict(rows)
    times: list[float] = []
    started = time.perf_counter()
    end = started + seconds
    while len(times) < 3 or (started < end and len(times) < MOST_CALLS):
        started = time.perf_counter()
        predict(rows)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _check(name: str, predict: Predict, rows: Rows, who: str) -> None:
    """Everybody computes the same, the floors aside."""
    if who in ("weights", "products"):
        return
    logits = network_of(name).forward(rows)
    expected = np.exp(logits - logits.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    found = np.asarray(predict(rows))
    if who != "scikit_learn":
        found = np.exp(found - found.max(1, keepdims=True))
        found /= found.sum(1, keepdims=True)
    if not np.allclose(found, expected, atol=1e-3):
        raise RuntimeError(f"{who} gives other answers than the network {name}")


def digitnet(network: Network, threads: int) -> Predict:
    """The frozen network, as a ``Recognizer`` has it of a saved model."""
    del threads
    return network.frozen().predict


def live_network(network: Network, threads: int) -> Predict:
    """``Network.predict``, as whoever trains has it; the environment has set the threads."""
    del threads
    return network.predict


def onnx_runtime(network: Network, threads: int) -> Predict:
    """The network as digitnet exports it, in ONNX Runtime."""
    runtime = importlib.import_module("onnxruntime")
    onnx_file = importlib.import_module("digitnet.onnx_file")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    content = onnx_file.network_to_onnx(network).SerializeToString()
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(None, {"inputs": rows})[0]


def pytorch(network: Network, threads: int) -> Predict:
    """The same layers and weights in PyTorch, eager, in inference mode."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    layers = []
    for layer in network.layers:
        if isinstance(layer, Dense):
            linear = torch.nn.Linear(layer.in_features, layer.out_features)
            _fill(torch, {linear.weight: layer.weight.T, linear.bias: layer.bias})
            layers.append(linear)
        elif isinstance(layer, BatchNorm):
            norm = torch.nn.BatchNorm1d(layer.features, eps=layer.epsilon)
            _fill(torch, {norm.weight: layer.gain, norm.bias: layer.shift})
            _fill(torch, {norm.running_mean: layer.running_mean, norm.running_var: layer.running_variance})
            layers.append(norm)
        else:
            layers.append(torch.nn.ReLU())
    model = torch.nn.Sequential(*layers).eval()

    def predict(rows: Rows) -> Any:
        with torch.inference_mode():
            return model(torch.from_numpy(rows)).numpy()

    return predict


def _fill(torch: Any, values: Mapping[Any, Any]) -> None:
    with torch.no_grad():
        for tensor, array in values.items():
            tensor.copy_(torch.from_numpy(np.array(array)))


def scikit_learn(network: Network, threads: int) -> Predict:
    """``MLPClassifier.predict_proba`` with the same weights in float32; it has no BatchNorm."""
    del threads
    neural = importlib.import_module("sklearn.neural_network")
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    classifier = neural.MLPClassifier([layer.out_features for layer in dense[:-1]], batch_size=10)
    classifier.partial_fit(np.zeros((10, 784), np.float32), np.arange(10), classes=np.arange(10))
    classifier.coefs_ = [layer.weight.copy() for layer in dense]
    classifier.intercepts_ = [layer.bias.copy() for layer in dense]
    return lambda rows: classifier.predict_proba(rows)


def weights(network: Network, threads: int) -> Predict:
    """Floor of one picture: one product with all weights as a single matrix, which reads each once."""
    del threads
    matrix = network.parameters[: network.weight_count // 1024 * 1024].reshape(-1, 1024)
    vector = np.ones(1024, np.float32)
    return lambda rows: matrix @ vector if len(rows) == 1 else None


def products(network: Network, threads: int) -> Predict:
    """Floor of a batch: a square product of 1,536 rows and columns, for its rate."""
    del network, threads
    square = np.ones((1536, 1536), np.float32)
    out = np.empty_like(square)
    return lambda _: np.matmul(square, square, out=out)
