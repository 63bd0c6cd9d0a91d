"""The guide's pictures of the ingredients: each is drawn, from a short run, and none is forgotten."""

import importlib
import re

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image


@pytest.fixture(scope="module")
def ingredients(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "scripts")
        yield importlib.import_module("ingredients")


@pytest.mark.parametrize("name", ["mini_batches", "initialisation", "l1", "bias"])
def test_a_picture_shows_something(ingredients, tmp_path, name):
    short = {"epochs": 2} if name in ("mini_batches", "initialisation") else {}
    path = tmp_path / "picture.png"
    ingredients.draw(ingredients.EXPERIMENTS[name](**short)).savefig(path)
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    coloured = np.ptp(pixels.astype(int), axis=1) > 60
    assert 0.001 < coloured.mean() < 0.3


def test_every_experiment_has_a_picture_and_a_place_in_the_guide(ingredients, root):
    guide = (root / "docs" / "guide" / "ingredients.md").read_text("utf-8")
    shown = re.findall(r"\.\./_generated/ingredients/(\w+)\.png", guide)
    assert shown == list(ingredients.EXPERIMENTS)


def test_the_script_writes_the_pictures_that_are_asked_for(ingredients, tmp_path):
    result = CliRunner().invoke(ingredients.main, ["--out", str(tmp_path / "new"), "--only", "bias"])
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["bias.png"]
