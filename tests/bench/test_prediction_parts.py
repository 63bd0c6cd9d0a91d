"""The parts about prediction, pictures and folders: what they say of figures, and that they run."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
if str(SCRIPTS) not in sys.path:  # as Python does for a script in that folder
    sys.path.insert(0, str(SCRIPTS))

from bench import folder, pictures, prediction, prediction_peers  # noqa: E402
from bench.contest import Results  # noqa: E402
from bench.settings import Settings  # noqa: E402

QUICK = Settings(quick=True, say=lambda _: None)


def test_goals_and_losses_of_prediction():
    ours = {f"{name}, {size}": 1e-3 for name in (prediction.SHIPPED, prediction.PLAIN) for size in (1, 64)}
    ours |= {f"{name}, {prediction.LIT}": 1e-3 for name in (prediction.SHIPPED, prediction.PLAIN)}
    theirs = {name: 2e-3 if name.endswith(", 64") else 0.8e-3 for name in ours}
    results = Results({"digitnet": [ours], "ONNX Runtime": [theirs], "sgemm": [ours]})
    part = prediction.report(results, (1, 64))
    assert [(goal.measured, goal.met) for goal in part.goals[:2]] == [
        (pytest.approx(1.25), False),
        (pytest.approx(2.0), True),
    ]
    assert len(part.losses) == 4  # one picture, and one all lit, of two networks
    assert "64,000" in part.tables[1].markdown()
    assert prediction.report(Results({"digitnet": [ours]}), (1, 64)).losses == []


@pytest.mark.parametrize("who", ["digitnet", "live_network", "scikit_learn", "weights", "products"])
def test_contestants_measure_every_batch(who):
    rows = np.zeros((3, 784), np.float32)
    turn = prediction_peers.contestant(who, [prediction.PLAIN], rows, (1, 3), 0.001, 1)
    seconds = turn()
    assert set(seconds) == {f"{prediction.PLAIN}, {size}" for size in ("1", "3", prediction.LIT)}
    assert min(seconds.values()) > 0


def test_pictures_of_three_kinds_and_what_they_take(monkeypatch, tmp_path):
    drawings = {kind: [file] for kind, file in _little_pictures().items()}
    monkeypatch.setattr(pictures, "pictures", lambda *_: drawings)
    turns = {who: [pictures.contestant(who, 1, tmp_path)()] for who in ("answer", "stages", "bare")}
    part = pictures.report(Results(turns))
    assert len(part.tables[0].rows) == 6
    assert len(part.losses) == 3


def _little_pictures():
    content = (SCRIPTS.parent / "docs" / "number.jpg").read_bytes()
    return dict.fromkeys(pictures.KINDS, content)


def test_a_folder_is_read_and_its_memory_watched(monkeypatch):
    monkeypatch.setattr(folder, "QUICK_SIZES", (4, 6))
    part = folder.measure(replace(QUICK, turns=1))
    assert [row[0] for row in part.tables[1].rows] == ["4", "6"]
    assert part.goals[0].measured < 1.5 or np.isnan(part.goals[0].measured)
    assert part.curves[0].series["digitnet"][0][0] == 4
