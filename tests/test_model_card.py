"""The report of a model and the card that is made of it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitnet import Recognizer, card_tables
from digitnet.card_file import checksum_on_card
from digitnet.corruptions import CORRUPTIONS
from digitnet.data import load_digits
from digitnet.image_scores import Reading
from digitnet.labelled_images import LabelledImage, LabelledImages
from digitnet.model_card import render_card
from digitnet.report import describe, measure_images, measure_test_split
from digitnet.report_text import report_lines


def _reading(label, text, confidence, source, group="photos", accepted=True):
    return Reading(LabelledImage(Path(f"{source}.png"), label, group, source), text, confidence, accepted)


READINGS = [
    _reading("42", "42", 0.9, "anna"),
    _reading("7", "1", 0.8, "anna"),
    _reading("7", "7", 0.7, "ben", "scans"),
    _reading("", "4", 0.6, "letters", "others"),
    _reading("", "", 0.0, "letters", "others", accepted=False),
]


@pytest.fixture(scope="module")
def model(root):
    return Recognizer.load(root / "models" / "digits.safetensors").model


@pytest.fixture(scope="module")
def report(model):
    data, recognizer = load_digits(), Recognizer(model)
    probabilities = recognizer.probabilities(data.test.images)
    found = LabelledImages(unlabelled=[Path("b.png")], others=[Path("README.md")])
    return {
        **describe(model),
        **measure_test_split(
            recognizer,
            data,
            probabilities,
            pictures=4,
            progress=lambda items, name: items,  # noqa: ARG005
        ),
        "images": measure_images(READINGS, {Path("broken.png"): "It is damaged."}, found, probabilities),
    }


def test_the_report_is_plain_json_and_holds_together(report):
    assert json.loads(json.dumps(report))["pictures"] == 899
    confusion = np.array(report["confusion"])
    assert confusion.sum() == 899
    assert confusion.trace() == 899 - report["errors"]
    assert sum(report["errors_by_digit"].values()) == report["errors"]
    assert sum(row["answers"] for row in report["reliability"]) == 899
    last = report["rejection_curve"][0]
    assert (last["coverage"], last["errors"]) == (1.0, report["errors"])
    errors = [point["errors"] for point in report["rejection_curve"]]
    assert errors == sorted(errors, reverse=True)
    assert 0 < report["aurc"] < report["errors"] / 899
    assert report["averaged"]["accuracy"] == pytest.approx(1 - report["averaged"]["errors"] / 899)


def test_images_are_scored_by_folder_and_source(report):
    images = report["images"]
    assert list(images["groups"]) == ["photos", "scans"]
    assert images["groups"]["photos"]["sources"]["anna"]["exact"] == 0.5
    assert images["numbers"]["mean_over_sources"]["exact"] == 0.75
    assert images["numbers"]["all"]["exact"] == pytest.approx(2 / 3)
    assert images["non_digits"]["all"]["accepted"] == 0.5
    assert images["confidence"]["auroc"] == 1.0
    assert images["confidence"]["digits"] == 2  # the pictures of a single one
    assert images["confidence"]["auroc_test_split"] > 0.9
    assert images["answers"][1] == {
        "file": "anna.png",
        "label": "7",
        "source": "anna",
        "text": "1",
        "confidence": 0.8,
        "accepted": True,
    }
    assert images["unreadable"] == [{"file": "broken.png", "error": "It is damaged."}]
    assert images["unlabelled"] == ["b.png"]
    assert images["not_images"] == ["README.md"]


def test_folders_of_one_kind_alone_are_reported_too(report):
    digits = measure_images(READINGS[:3], {}, LabelledImages())
    assert digits["non_digits"] is digits["confidence"] is None
    others = measure_images(READINGS[3:], {}, LabelledImages(), np.full((4, 10), 0.1))
    assert others["numbers"] is None
    assert list(others["confidence"]) == ["auroc_test_split"]
    only_images = {"model": report["model"], "images": digits}
    for part in (only_images, {**only_images, "images": others}, {**report, "images": others}):
        assert report_lines(part)
    assert "| letters | 2 | 50.0 % |" in "\n".join(card_tables.images(others))


def test_the_lines_for_people_name_every_figure(report):
    text = "\n".join(report_lines(report))
    for words in (
        f"{report['errors']} errors in 899 pictures",
        "7 mild deformations",
        "area under the curve",
        *CORRUPTIONS,
        "mean of MNIST-C's fifteen",
        "photos: anna",
        "all folders: mean over sources",
        "letters",
        "AUROC",
        "left out: 1 file that could not be read",
        "broken.png: It is damaged.",
        "left out: 1 file without a label",
        "left out: 1 file whose ending is not that of a picture",
    ):
        assert words in text, words


def test_the_card_shows_every_measurement(model, report, tmp_path):
    card = render_card(model, report)
    (tmp_path / "card.md").write_text(card)
    assert checksum_on_card(tmp_path / "card.md") == model.checksum
    cells = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", card, re.MULTILINE))
    assert cells["accuracy on the test split"] == f"{100 * report['accuracy']:.2f} %"
    assert cells["errors"] == f"{report['errors']} of 899"
    assert cells["accepted"] == f"{100 * report['accepted']:.2f} %"
    for words in ("written ↓", "mean confidence", "share kept", "## Spoilt pictures", "## Other people's"):
        assert words in card
    for name in CORRUPTIONS:
        assert f"| {name} | " in card
    assert "| photos: anna | 2 | 50.0 % | 66.7 % | 100.0 % | 1 |" in card
    assert "Of 2 pictures that show no digit, 50.0 % are accepted" in card
    for table in re.findall(r"(?:^\|.*\|\n)+", card, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table


def test_the_card_tells_what_other_seeds_gave(model, report):
    seeds = replace(model, metrics=model.metrics | {"seeds": [0.02, 0.022, 0.024]})
    assert "each of 3 seeds" in render_card(seeds, report)
    assert "2.200 ± 0.200 %" in render_card(seeds, report)
    assert "seeds:" not in render_card(model, report)


def test_the_card_tells_what_was_trained_on_beside_the_data_set(model, report):
    recipe = {"written": 35000, "non_digits": 60000}
    other = replace(model, provenance=model.provenance | {"recipe": recipe})
    assert "35,000 pictures of other handwriting" in render_card(other, report)
    assert "60,000 of what is no digit" in render_card(other, report)
    assert "other handwriting" not in render_card(model, report)


def test_the_card_tells_which_corrections_came_later(model, report):
    made = {"base": "0123456789ab", "corrections": 1200, "held_out": 240, "checksum": "cd" * 32}
    refined = [{**made, "epochs": 5, "replayed": 10_000}]
    card = render_card(replace(model, provenance=model.provenance | {"refined": refined}), report)
    assert "| then on | 960 corrections for 5 epochs, among 10,000 pictures of what it knew" in card
    assert "as version `0123456789ab` (SHA-256 of the corrections, 240 held out among them: `cdcd" in card
    assert "then on" not in render_card(model, report)
    # The checksum of the corrections is not taken for the model's.
    assert card.index(model.checksum) < card.index("cdcd")


def test_a_card_without_images_says_what_was_not_measured(model, report):
    bare = {name: value for name, value in report.items() if name != "images"}
    card = render_card(model, {**bare, "corrupted": {}, "as_image_files": {}})
    assert "was not measured here" in card
    assert "Spoilt" not in card
