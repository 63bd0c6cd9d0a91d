"""What the tests of the benchmark share: its modules in scripts/bench, and data in MNIST's format."""

import sys
from pathlib import Path

import numpy as np
import pytest

from digitnet.data.idx import encode_idx

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
if str(SCRIPTS) not in sys.path:  # as Python does for a script in that folder
    sys.path.insert(0, str(SCRIPTS))


@pytest.fixture(scope="session")
def little_mnist(tmp_path_factory):
    """A folder with pictures of noise, each with a bright line that tells its label."""
    folder, rng = tmp_path_factory.mktemp("mnist"), np.random.default_rng(0)
    for name, count in (("train", 1200), ("t10k", 200)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = rng.integers(0, 40, (count, 28, 28)).astype(np.uint8)
        images[np.arange(count), 2 * labels + 4] = 250
        (folder / f"{name}-images-idx3-ubyte").write_bytes(encode_idx(images))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(encode_idx(labels))
    return folder


@pytest.fixture
def no_peers(monkeypatch):
    """A machine on which no peer is installed."""
    from bench import contest

    find, peers = contest.importlib.util.find_spec, {"torch", "sklearn", "onnxruntime"}
    monkeypatch.setattr(
        contest.importlib.util, "find_spec", lambda name, *rest: None if name in peers else find(name, *rest)
    )
