"""The comparison with scikit-learn: a quick form of it, and the page that the whole of it wrote."""

import importlib.util
import re
import sys

import numpy as np
import pytest


@pytest.fixture(scope="module")
def script(root):
    spec = importlib.util.spec_from_file_location(
        "compare_classifiers", root / "scripts/compare_classifiers.py"
    )
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks its own module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("name", ["iris", "wine", "two moons", "two circles", "digits"])
def test_no_worse_than_scikit_learn(script, name):
    """On five seeds, by more than the noise or by one point of accuracy, whichever is more."""
    settings = {"hidden_layer_sizes": (30,), "learning_rate_init": 0.02, "max_iter": 60}
    comparison = script.compare(name, seeds=5, **settings)
    assert comparison.ours.shape == comparison.theirs.shape == (5,)
    assert comparison.theirs.mean() > 0.8
    assert comparison.difference > -max(0.01, script.student(5) * comparison.error)


def test_the_figures_of_a_comparison(script):
    comparison = script.Comparison(
        "x", 1234, 2, np.array([0.9, 0.8]), np.array([0.88, 0.8]), seconds=(1.0, 2.0)
    )
    assert comparison.difference == pytest.approx(0.01)
    assert comparison.error == pytest.approx(0.01)
    assert comparison.keeps_up
    assert "| x | 1,234 | 2 | 85.00 % | 84.00 % | +1.00 ± 1.00 | 0.50 |" in script.table([comparison])
    behind = script.Comparison("slow", 10, 2, np.array([0.8, 0.81]), np.array([0.9, 0.9]), seconds=(1.0, 2.0))
    assert not behind.keeps_up
    assert "Behind scikit-learn by more than the noise: slow." in script.page([comparison, behind])
    assert "On none of them" in script.page([comparison])


def test_the_page_holds_every_data_set_and_none_behind(script):
    text = script.PAGE.read_text("utf-8")
    cells = re.findall(r"^\| ([^|]+) \|.* ([+-][\d.]+) ± ([\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert [name for name, *_ in cells] == list(script.DATA_SETS)
    assert f"Each of {script.SEEDS} seeds" in text
    for _, difference, error, _ in cells:
        assert float(difference) >= -script.student(script.SEEDS) * float(error) - 0.01
    assert "On none of them is digitnet behind" in text
    assert re.search(r"Measured on \d{4}-\d\d-\d\d with .*scikit-learn \d", text)
