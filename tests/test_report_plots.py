from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitnet import report_plots
from digitnet.corruptions import CORRUPTIONS
from digitnet.data import Split
from digitnet.image_scores import Reading
from digitnet.labelled_images import LabelledImage


@pytest.fixture
def split():
    rng = np.random.default_rng(0)
    return Split("test", rng.integers(0, 17, (60, 8, 8), dtype=np.uint8), np.arange(60) % 10)


def _probabilities(split, wrong):
    probabilities = np.full((60, 10), 0.02)
    shown = split.labels.copy()
    shown[:wrong] = (shown[:wrong] + 1) % 10
    probabilities[np.arange(60), shown] = np.linspace(0.5, 0.8, 60)
    return probabilities


def _not_empty(path):
    pixels = np.asarray(Image.open(path).convert("L"))
    assert pixels.shape[0] > 100
    assert pixels.std() > 5


@pytest.mark.parametrize(("wrong", "threshold"), [(0, 0.7), (7, 0.0), (60, 1.0)])
def test_measurements_are_drawn(tmp_path, split, wrong, threshold):
    drawn = report_plots.save_measurements(
        tmp_path, split, _probabilities(split, wrong), levels=16, threshold=threshold
    )
    names = ["confusion-matrix", "worst-mistakes", "reliability", "rejection-curve", "corruptions"]
    assert [path.stem for path in drawn] == names
    for path in drawn:
        _not_empty(path)


def test_corruptions_have_a_row_each(split):
    rows = report_plots.corruptions(split, 16).axes
    assert [axes.get_ylabel() for axes in rows] == ["as it is", *CORRUPTIONS]


def test_the_rejection_curve_marks_the_models_threshold(split):
    axes = report_plots.rejection(_probabilities(split, 7), split.labels, 0.65).axes[0]
    curve, mark = axes.get_lines()
    kept = (_probabilities(split, 7).max(axis=1) >= 0.65).mean()
    assert mark.get_xdata()[0] == pytest.approx(100 * kept)
    assert curve.get_ydata()[-1] == pytest.approx(100 * 7 / 60)


def test_misread_pictures_are_shown_worst_first(tmp_path):
    def picture(name, size):
        image = Image.new("RGB", size, "white")
        ImageDraw.Draw(image).line([(10, 10), (size[0] - 10, size[1] - 10)], fill="navy", width=8)
        image.save(tmp_path / name)
        return tmp_path / name

    square, wide = picture("a.png", (90, 90)), picture("b.png", (400, 60))

    def reading(path, label, text, confidence, accepted):
        return Reading(LabelledImage(path, label, "g", "s"), text, confidence, accepted)

    readings = [
        reading(square, "7", "7", 1.0, True),
        reading(wide, "42", "4", 0.7, False),
        reading(square, "1", "7", 0.6, True),
        reading(Path("gone.png"), "1", "", 0.0, False),
        reading(square, "", "4", 0.9, True),
    ]
    drawn = report_plots.save_readings(tmp_path / "new", readings)
    assert [path.name for path in drawn] == ["image-mistakes.png", "non-digits.png"]
    for path in drawn:
        _not_empty(path)
    assert report_plots.save_readings(tmp_path, []) == []
    sheet = report_plots.misread("title", [r for r in readings if not r.right])
    captions = [axes.get_title() for axes in sheet.axes if axes.get_title()]
    assert captions[0] == "none → 4\n90%, accepted"
    assert captions[1] == "1 → 7\n60%, accepted"
    assert captions[2:] == ["42 → 4\n70%", "1 → none\n0%"]
