import numpy as np
import pytest
from PIL import Image

from digitnet import plots
from digitnet.data import Split
from digitnet.training import EpochReport


def _reports(count, validation=True):
    return [
        EpochReport(e, e * 10, 0.01, 1 / e, 1 - 1 / e, 0.5 / e if validation else None, 1.0, False, 0.1)
        for e in range(1, count + 1)
    ]


@pytest.fixture
def split():
    rng = np.random.default_rng(0)
    return Split("test", rng.integers(0, 17, (60, 8, 8), dtype=np.uint8), np.arange(60) % 10)


def _not_empty(path):
    pixels = np.asarray(Image.open(path).convert("L"))
    assert pixels.shape[0] > 100
    assert pixels.std() > 5


@pytest.mark.parametrize("reports", [_reports(1), _reports(20), _reports(5, validation=False)])
def test_learning_curves(tmp_path, reports):
    figure = plots.learning_curves(reports)
    assert [axes.get_title() for axes in figure.axes] == ["cross-entropy", "errors, %", "learning rate"]
    lines = figure.axes[0].get_lines()
    assert list(lines[0].get_ydata()) == [report.training_loss for report in reports]
    _not_empty(plots.save(figure, tmp_path / "new" / "curves.png"))


def test_curves_that_have_nothing_to_show_are_left_out(tmp_path):
    report = EpochReport(1, 10, 0.01, 0.5, None, 0.4, None, False, 0.1)
    perfect = EpochReport(2, 20, 0.01, 0.5, 1.0, 0.4, 1.0, False, 0.1)
    assert plots.learning_curves([report]).axes[1].get_lines() == []
    assert plots.learning_curves([perfect]).axes[1].get_lines() == []
    _not_empty(plots.save(plots.learning_curves([report, perfect]), tmp_path / "curves.png"))


@pytest.mark.parametrize("wrong", [0, 3, 60])
def test_test_pictures(tmp_path, split, wrong):
    probabilities = np.full((60, 10), 0.02)
    shown = split.labels.copy()
    shown[:wrong] = (shown[:wrong] + 1) % 10
    probabilities[np.arange(60), shown] = np.linspace(0.5, 0.8, 60)
    for path in plots.save_test_pictures(tmp_path, split, probabilities):
        _not_empty(path)
    titles = [axes.get_title() for axes in plots.worst_mistakes(split, probabilities).axes]
    titles = [title for title in titles if title]
    assert len(titles) == min(wrong, 40)
    if wrong == 3:
        assert titles[0].startswith("2 → 3")  # the surest mistake first
    assert plots.confusion(split.labels, probabilities).axes[0].get_title() == f"{wrong} mistakes in 60"
