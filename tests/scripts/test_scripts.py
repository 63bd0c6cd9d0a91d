"""What an operator types, run as an operator runs it."""

import csv
import io
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from digitnet.data import load_digits
from digitnet.data.idx import encode_idx
from digitnet.model_file import load_model

QUICK = ["--hidden", "16", "--epochs", "3", "--quiet"]


@pytest.mark.parametrize("script", ["train", "evaluate", "predict"])
def test_help_teaches(run, script):
    output = run(script, "--help").stdout
    assert "Examples:" in output
    assert f"python scripts/{script}.py" in output


def test_train_writes_a_model_that_predict_loads(run, trained, pictures):
    model = load_model(trained)
    assert model.name == "digits"
    assert {"validation_accuracy", "test_accuracy", "shuffled_test_accuracy"} <= model.metrics.keys()
    output = run("predict", pictures / "seven.png", "--model", trained).stdout
    assert output.startswith(f"{pictures / 'seven.png'}: ")


def test_the_summary_never_quotes_only_the_flattering_figure(run):
    output = run("train", *QUICK).stdout
    assert "strange writers" in output
    assert "same writers on both sides" in output
    assert "Saved runs/digits.safetensors" in output


def test_plots_are_drawn(run, tmp_path):
    run("train", *QUICK, "--plots", "p")
    names = {"learning-curves.png", "confusion-matrix.png", "worst-mistakes.png"}
    assert {path.name for path in (tmp_path / "p").iterdir()} == names


def test_folders_without_pictures_are_named(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty holds no PNG" in run("predict", "empty", status=1).stderr
    assert run("predict", "absent.png", status=1).stderr.count("absent.png") == 1


def test_predict_formats_and_failures(run, pictures):
    result = run("predict", pictures, status=1)
    assert f"{pictures / 'seven.png'}: 7  " in result.stdout
    assert "blank.png: no digit found" in result.stdout
    assert "broken.png: " in result.stderr
    assert "notes.txt" not in result.stdout + result.stderr

    rows = list(csv.DictReader(io.StringIO(run("predict", pictures, "--format", "csv", status=1).stdout)))
    assert [row["text"] for row in rows] == ["", "", "7", "7"]
    assert [bool(row["error"]) for row in rows] == [False, True, False, False]

    lines = run("predict", pictures, "--format", "jsonl", status=1).stdout.splitlines()
    row = [json.loads(line) for line in lines][2]
    assert row["text"] == "7"
    assert len(row["digits"][0]["probabilities"]) == 10
    assert run("predict", pictures / "seven.jpg").stdout.strip().endswith("%")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--hidden", "wide"], "expected widths such as 512,256"),
        (["train", "--dataset", "letters"], "letters"),
        (["train", "--epochs", "0"], "0"),
        (["train", "--data-dir", "x"], "mnist"),
        (["train", "--dataset", "mnist", "--data-dir", "absent"], "absent"),
        (["train", "--dropout", "1.5"], "dropout rate"),
        (["train", "--hidden", "10000000000"], "memory"),
        (["train", "--weight-decay", "nan"], "weight_decay"),
        (["train", "--plots", "/dev/null/x"], "cannot be written"),
        (["train", "--validation", "100"], "0<x<1"),
        (["evaluate", "absent.safetensors"], "cannot be read"),
        (["predict", "x.png", "--model", "absent.safetensors"], "cannot be read"),
        (["predict"], "PATH"),
    ],
)
def test_mistakes_are_answered_in_sentences(run, arguments, words):
    status = 2 if arguments[0] == "predict" and len(arguments) == 1 else None
    if status is None:
        status = 2 if words in ("expected widths such as 512,256", "letters", "0", "0<x<1") else 1
    result = run(*arguments, status=status)
    assert words in result.stderr


def test_a_loss_that_explodes_saves_nothing(run, tmp_path):
    result = run("train", *QUICK, "--learning-rate", "1e30", status=1)
    assert "Lower the learning rate" in result.stderr
    assert not (tmp_path / "runs" / "digits.safetensors").exists()


def test_an_output_that_cannot_be_written_is_known_before_training(run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = run("train", "--epochs", "100000", "--output", "file/model", status=1)
    assert "cannot be written" in result.stderr


def test_ctrl_c_saves_the_best_model_so_far(root, tmp_path):
    process = subprocess.Popen(
        [
            sys.executable,
            str(root / "scripts" / "train.py"),
            *("--epochs", "100000", "--quiet", "--checkpoint", "c"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "c").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "Training interrupted after" in stdout
    assert load_model(tmp_path / "runs" / "digits.safetensors").metrics["test_accuracy"] > 0.1


def test_training_resumes_from_a_checkpoint(run, tmp_path):
    run("train", *QUICK, "--checkpoint", "c", "--output", "a")
    run("train", *QUICK, "--checkpoint", "c", "--output", "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    result = run("train", *QUICK, "--checkpoint", "c", "--seed", "4", status=1)
    assert "belongs to another run" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems train on one process")
def test_two_processes_train_what_one_does(run, tmp_path):
    for count in (1, 2):
        run("train", *QUICK, "--processes", count, "--output", f"by-{count}")
    one, two = (load_model(tmp_path / f"by-{count}") for count in (1, 2))
    assert (one.provenance["processes"], two.provenance["processes"]) == (1, 2)
    np.testing.assert_allclose(two.network.parameters, one.network.parameters, rtol=0, atol=1e-2)


def test_the_fast_recipe_trains_on_components_unless_it_deforms(run, tmp_path):
    fast = ["--recipe", "fast", *QUICK]
    run("train", *fast, "--checkpoint", "c", "--output", "a", OPENBLAS_NUM_THREADS="1")
    run("train", *fast, "--checkpoint", "c", "--output", "b", OPENBLAS_NUM_THREADS="2")
    run("train", *fast, "--deform", "--output", "deformed")
    one, two, deformed = (load_model(tmp_path / name) for name in ("a", "b", "deformed"))
    np.testing.assert_array_equal(one.network.parameters, two.network.parameters)
    assert one.provenance["recipe"]["components"] == 64
    assert one.provenance["recipe"]["deformation"] is None
    assert deformed.provenance["recipe"]["components"] is None
    assert deformed.provenance["recipe"]["deformation"]["rotation"] > 0
    assert deformed.network.in_features == one.network.in_features == 64


def test_ones_own_data_in_mnists_format(run, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    data = load_digits()
    for prefix, split in (("train", data.train), ("t10k", data.test)):
        images = np.zeros((len(split), 28, 28), np.uint8)
        images[:, 6:22, 6:22] = split.images.repeat(2, axis=1).repeat(2, axis=2) * 15
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(encode_idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(encode_idx(split.labels.astype(np.uint8)))
    own = ["--dataset", "mnist", "--data-dir", "own"]
    run("train", *own, "--hidden", 32, "--epochs", 4, "--batch-size", 32, "--quiet")
    report = json.loads(
        run("evaluate", "runs/mnist.safetensors", "--data-dir", "own", "--json", "--pictures", 0).stdout
    )
    assert report["accuracy"] > 0.6
    assert report["pictures"] == 899
