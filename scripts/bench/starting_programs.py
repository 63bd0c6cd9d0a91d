"""The programs whose start-up and memory are measured, each from nothing to one step."""

from __future__ import annotations

#: What each needs, by who it is.
NEEDS = {
    "PyTorch": ("torch",),
    "ONNX Runtime": ("onnxruntime", "onnx"),
    "scikit-learn": ("sklearn",),
}

# VmHWM belongs to this process alone; getrusage() also remembers the process that started this one.
_END = """
import json, pathlib, resource, sys
status = pathlib.Path("/proc/self/status")
if status.exists():
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    peak = 1024 * int(line.split()[1])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"peak": peak}))
"""

_FOLDER = """
import os
folder, threads = os.environ["BENCH_FOLDER"], int(os.environ["BENCH_THREADS"])
"""

_DATA = """
import numpy as np
inputs, labels = np.load(folder + "/inputs.npy"), np.load(folder + "/labels.npy")
"""

_DIGITNET_ANSWER = """
import numpy as np
from digitnet import Recognizer
recognizer = Recognizer.load(os.environ["BENCH_MODEL"])
recognizer.probabilities(np.full((1, 28, 28), 100, np.uint8))
"""

_DIGITNET_EPOCH = """
from digitnet.data import Batches
from digitnet.nn import Adam, Constant, Dense, Network, ReLU, SoftmaxCrossEntropy
from digitnet.training import Trainer
layers = [Dense(784, 512), ReLU(), Dense(512, 256), ReLU(), Dense(256, 10)]
network = Network(layers, rng=np.random.default_rng(0))
batches = Batches(inputs, labels, batch_size=128)
trainer = Trainer(network, SoftmaxCrossEntropy(), Adam(), Constant(1e-3), batches)
next(trainer.epochs(1))
"""

# The network of the shipped model: dense, normalised, ReLU, three times, and a dense layer.
_TORCH_ANSWER = """
import torch
from safetensors.torch import load_file
torch.set_num_threads(threads)
weights = load_file(os.environ["BENCH_MODEL"])
get = lambda layer, name: weights[f"layers.{layer}.{name}"]
x = torch.full((1, 784), 100 / 255)
with torch.no_grad():
    for layer in (0, 3, 6):
        x = x @ get(layer, "weight") + get(layer, "bias")
        names = ("running_mean", "running_variance", "gain", "shift")
        x = torch.relu(torch.nn.functional.batch_norm(x, *(get(layer + 1, name) for name in names)))
    torch.softmax(x @ get(9, "weight") + get(9, "bias"), dim=1).numpy()
"""

_TORCH_EPOCH = """
import torch
torch.set_num_threads(threads)
nn = torch.nn
model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
x, y = torch.from_numpy(inputs), torch.from_numpy(labels)
for rows in torch.randperm(len(y)).split(128):
    optimizer.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
    optimizer.step()
"""

_ONNX_ANSWER = """
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(folder + "/model.onnx", options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
session.run(None, {name: np.full((1, 784), 100 / 255, np.float32)})
"""

_SKLEARN_EPOCH = """
from sklearn.neural_network import MLPClassifier
model = MLPClassifier((512, 256), batch_size=128)
model.partial_fit(inputs, labels, classes=np.arange(10))
"""

#: By who it is and how far it goes.
PROGRAMS = {
    (who, step): _FOLDER + (_DATA if step == "epoch" else "") + program + _END
    for (who, step), program in {
        ("floor: Python", "import"): "",
        ("floor: NumPy", "import"): "import numpy",
        ("floor: NumPy", "epoch"): "",
        ("digitnet", "import"): "from digitnet import Recognizer",
        ("digitnet", "answer"): _DIGITNET_ANSWER,
        ("digitnet", "epoch"): _DIGITNET_EPOCH,
        ("PyTorch", "import"): "import torch",
        ("PyTorch", "answer"): _TORCH_ANSWER,
        ("PyTorch", "epoch"): _TORCH_EPOCH,
        ("ONNX Runtime", "import"): "import onnxruntime",
        ("ONNX Runtime", "answer"): _ONNX_ANSWER,
        ("scikit-learn", "import"): "from sklearn.neural_network import MLPClassifier",
        ("scikit-learn", "epoch"): _SKLEARN_EPOCH,
    }.items()
}
