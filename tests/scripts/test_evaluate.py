"""scripts/evaluate.py, run as an operator runs it."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from digitnet.corruptions import CORRUPTIONS
from digitnet.data import load_digits
from digitnet.model_file import load_model
from digitnet.renderings import RENDERINGS

QUICK = ["--hidden", "16", "--epochs", "3", "--quiet"]


@pytest.fixture
def shipped(root):
    return root / "models" / "digits.safetensors"


@pytest.fixture
def labelled(tmp_path):
    """Test digits of the 8×8 set as files: by folder, by name, a number, non-digits, and trouble."""
    folder = tmp_path / "labelled"
    test = load_digits().test
    render = RENDERINGS["off-centre on a 600×400 page"]

    def write(name, content):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    for place in range(6):
        label, content = test.labels[place], render(test.images[place], 16)
        write(f"{label}/anna__{place}.png", content)
        write(f"{label}__ben__{place}.png", content)
    pair = np.concatenate([test.images[0], np.zeros((8, 8), np.uint8), test.images[3]], axis=1)
    buffer = io.BytesIO()
    Image.fromarray(255 - 15 * np.pad(pair, 8)).resize((600, 360)).save(buffer, "PNG")
    write(f"{test.labels[0]}{test.labels[3]}_pair.png", buffer.getvalue())
    buffer = io.BytesIO()
    Image.new("L", (60, 60), 255).save(buffer, "PNG")
    write("non-digits/blank.png", buffer.getvalue())
    write("5/broken.png", render(test.images[0], 16)[:90])
    write("5/text.png", b"no picture at all")
    write("unnamed.png", buffer.getvalue())
    write("README.md", b"# Pictures")
    return folder


def test_evaluate_writes_the_card_and_json(run, trained, tmp_path):
    report = json.loads(run("evaluate", trained, "--pictures", 4, "--json").stdout)
    model = load_model(trained)
    assert report["accuracy"] == pytest.approx(model.metrics["test_accuracy"])
    assert report["pictures"] == 899
    assert report["errors"] == sum(report["errors_by_digit"].values())
    low, high = report["error_interval_95"]
    assert low < report["errors"] / 899 < high
    assert all(row["pictures"] == 4 for row in report["as_image_files"].values())

    run("evaluate", trained, "--pictures", 0, "--card")
    card = (tmp_path / "m.md").read_text()
    assert model.version in card
    assert f"{100 * report['accuracy']:.2f} %" in card
    assert f"{100 * model.metrics['shuffled_test_accuracy']:.2f} %" in card
    load_model(trained)  # the card is the right one

    # Training over it removes the card, which would describe another model.
    assert "Removed" in run("train", *QUICK, "--seed", 1, "--output", trained).stdout
    assert not (tmp_path / "m.md").exists()


def test_a_card_of_another_model_stops_prediction_but_not_a_new_card(run, trained, pictures, tmp_path):
    (tmp_path / "m.md").write_text(f"| SHA-256 | `{'0' * 64}` |")
    assert "card" in run("predict", pictures / "seven.png", "--model", trained, status=1).stderr
    run("evaluate", trained, "--pictures", 0, "--card")
    run("predict", pictures / "seven.png", "--model", trained)


def test_what_is_no_card_is_left_alone(run, tmp_path):
    (tmp_path / "README.md").write_text("precious")
    run("train", *QUICK, "--output", "README.safetensors")
    assert "is no model card" in run("evaluate", "README.safetensors", "--card", status=1).stderr
    assert (tmp_path / "README.md").read_text() == "precious"
    assert "its own card" in run("train", *QUICK, "--output", "x.md", status=1).stderr


@pytest.mark.mnist
def test_the_shipped_mnist_model_is_as_good_as_its_card_says(run, root, mnist_dir):
    model = root / "models" / "mnist.safetensors"
    output = run("evaluate", model, "--data-dir", mnist_dir, "--json", "--pictures", 0).stdout
    report = json.loads(output)
    assert report["accuracy"] >= 0.988
    assert f"{100 * report['accuracy']:.2f} %" in (root / "models" / "mnist.md").read_text()


def test_the_shipped_digits_model_is_as_good_as_its_card_says(run, root):
    model = root / "models" / "digits.safetensors"
    report = json.loads(run("evaluate", model, "--json", "--pictures", 0).stdout)
    assert report["accuracy"] >= 0.95
    assert f"{100 * report['accuracy']:.2f} %" in (root / "models" / "digits.md").read_text()


def test_images_are_scored_and_every_file_is_accounted_for(run, shipped, labelled):
    result = run("evaluate", shipped, "--images", labelled, "--pictures", 0, "--json")
    images = json.loads(result.stdout)["images"]
    sources = images["groups"]["labelled"]["sources"]
    assert {name: row["pictures"] for name, row in sources.items()} == {"anna": 6, "ben": 6, "labelled": 1}
    assert sources["anna"] == sources["ben"]  # the same pictures, labelled in two ways
    assert sources["anna"]["exact"] >= 5 / 6
    assert images["non_digits"]["all"]["pictures"] == images["non_digits"]["all"]["nothing_found"] == 1
    assert images["confidence"]["auroc"] == images["confidence"]["auroc_test_split"] == 1
    assert len(images["answers"]) == 14
    for answer in images["answers"]:
        assert answer.keys() == {"file", "label", "source", "text", "confidence", "accepted"}
    assert {row["file"].rpartition("/")[2] for row in images["unreadable"]} == {"broken.png", "text.png"}
    assert [name.rpartition("/")[2] for name in images["unlabelled"]] == ["unnamed.png"]
    assert [name.rpartition("/")[2] for name in images["not_images"]] == ["README.md"]

    text = run("evaluate", shipped, "--images", labelled, "--pictures", 0).stdout
    assert "labelled: mean over sources" in text
    assert "2 files that could not be read" in text
    assert "unnamed.png" in text


def test_pictures_of_ones_own_are_measured_without_the_data_set(run, labelled, root, tmp_path):
    """MNIST is not at hand and cannot be downloaded: what can be measured is."""
    mnist = root / "models" / "mnist.safetensors"
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    empty = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path), **nowhere}
    result = run("evaluate", mnist, "--images", labelled, "--json", **empty)
    assert "Measured without the test split" in result.stderr
    report = json.loads(result.stdout)
    assert "accuracy" not in report
    assert report["images"]["numbers"]["all"]["pictures"] == 13
    run("evaluate", mnist, **empty, status=1)
    run("evaluate", mnist, "--images", labelled, "--card", **empty, status=1)


def test_non_digits_may_be_measured_alone(run, shipped, labelled):
    result = run("evaluate", shipped, "--non-digits", labelled / "non-digits", "--pictures", 0, "--json")
    images = json.loads(result.stdout)["images"]
    assert images["numbers"] is None
    assert images["non_digits"]["sources"].keys() == {"non-digits"}


def test_everything_lands_on_the_card(run, trained, labelled, tmp_path):
    run("evaluate", trained, "--images", labelled, "--pictures", 3, "--card", "--plots", "q")
    card = (tmp_path / "m.md").read_text()
    for name in (*CORRUPTIONS, *RENDERINGS, "labelled: anna", "labelled: mean over sources"):
        assert f"| {name} | " in card
    drawn = {"confusion-matrix", "worst-mistakes", "reliability", "rejection-curve", "corruptions"}
    assert {path.stem for path in (tmp_path / "q").iterdir()} == drawn | {"image-mistakes", "non-digits"}
    load_model(trained)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--images", "absent"], "absent is no folder"),
        (["--images", "."], "no picture there has a label"),
        (["--non-digits", "absent"], "absent is no folder"),
        (["--dataset", "mnist", "--data-dir", "absent"], "absent"),
        (["--plots", "/dev/null/x"], "cannot be written"),
    ],
)
def test_mistakes_are_answered_in_sentences(run, shipped, arguments, words):
    assert words in run("evaluate", shipped, *arguments, status=1).stderr
