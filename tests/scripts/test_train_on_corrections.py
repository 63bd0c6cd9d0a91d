"""``train.py --feedback``, as an operator types it."""

import sqlite3
import sys

import numpy as np
import pytest

from digitnet import Corrections
from digitnet.card_file import card_path
from digitnet.data import load_digits
from digitnet.model_file import load_model


@pytest.fixture
def feedback(tmp_path):
    """Twenty-five digits, lying on their side."""
    path = tmp_path / "corrections.sqlite"
    corrections = Corrections(path, size=8, levels=16)
    train = load_digits().train
    for image, label in zip(train.images[:25], train.labels[:25], strict=True):
        corrections.add(np.rot90(image), label)
    return path


def test_it_writes_a_model_that_says_what_it_learnt_from(run, feedback, root, tmp_path):
    output = run("train", "--feedback", feedback, "--epochs", 1, "--quiet").stdout
    assert "before       after" in output
    for words in ("test accuracy", "20 corrections: right", "5 held out: right", "temperature"):
        assert words in output
    assert "Saved runs/digits-refined.safetensors" in output
    model = load_model(tmp_path / "runs" / "digits-refined.safetensors")
    (made,) = model.provenance["refined"]
    assert made["base"] == load_model(root / "models" / "digits.safetensors").version
    assert made["corrections"] == 25
    assert ("Warning: test accuracy fell" in output) == (model.metrics["test_accuracy"] < 0.9899)
    # The corrections are as they were, and the model can be trained on once more.
    assert len(Corrections(feedback, size=8, levels=16)) == 25
    card = card_path(tmp_path / "again.safetensors")
    card.write_text(f"SHA-256 | `{'0' * 64}`")
    base = tmp_path / "runs" / "digits-refined.safetensors"
    settings = ["--epochs", 1, "--processes", 2, "--quiet", "--output", "again.safetensors"]
    again = run("train", "--feedback", feedback, "--model", base, *settings)
    assert f"Removed {card.name}" in again.stdout
    made = load_model(tmp_path / "again.safetensors").provenance["refined"][1]
    assert (made["base"], made["processes"]) == (model.version, 2 if sys.platform == "linux" else 1)


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        (["--feedback", "absent.sqlite"], "There is no file absent.sqlite", 1),
        (["--feedback", "empty.sqlite"], "There is nothing to learn: there are no corrections yet", 1),
        (["--feedback", "large.sqlite"], "pictures of 28×28 pixels from 0 to 255, but 8×8", 1),
        (["--feedback", "text.sqlite"], "is no SQLite database", 1),
        (["--feedback", "empty.sqlite", "--model", "absent.safetensors"], "cannot be read", 1),
        (["--feedback", "empty.sqlite", "--learning-rate", "-1"], "is a positive number; got -1.0", 1),
        (["--feedback", "empty.sqlite", "--hidden", "32"], "--hidden is for a new network", 2),
        (["--feedback", "empty.sqlite", "--no-deform"], "--deform is for a new network", 2),
        (["--feedback", "empty.sqlite", "--recipe", "digits"], "--recipe is for a new network", 2),
        (["--model", "m.safetensors"], "--model is the model that --feedback trains on", 2),
    ],
)
def test_mistakes_are_answered_in_sentences(run, tmp_path, arguments, words, status):
    Corrections(tmp_path / "empty.sqlite", size=8, levels=16)
    Corrections(tmp_path / "large.sqlite", size=28, levels=255)
    (tmp_path / "text.sqlite").write_text("no database " * 100)
    if "--learning-rate" in arguments:
        Corrections(tmp_path / "empty.sqlite", size=8, levels=16).add(np.eye(8, dtype=np.uint8), 1)
    result = run("train", *arguments, "--quiet", status=status)
    assert words in result.stderr
    assert not (tmp_path / "runs" / "digits-refined.safetensors").exists()
    assert not (tmp_path / "absent.sqlite").exists()


def test_another_programs_database_is_left_alone(run, tmp_path):
    connection = sqlite3.connect(tmp_path / "other.sqlite")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    before = (tmp_path / "other.sqlite").read_bytes()
    assert "another program" in run("train", "--feedback", "other.sqlite", "--quiet", status=1).stderr
    assert (tmp_path / "other.sqlite").read_bytes() == before
