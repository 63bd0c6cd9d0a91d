"""What the tests of the scripts share: running one as an operator does, a quickly trained model, pictures."""

import os
import subprocess
import sys

import pytest
from PIL import Image, ImageDraw

QUICK = ["--hidden", "16", "--epochs", "3", "--quiet"]


@pytest.fixture
def run(root, tmp_path):
    def run(script, *arguments, status=0, **environment):
        result = subprocess.run(
            [sys.executable, str(root / "scripts" / f"{script}.py"), *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=300,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "error", **environment},
        )
        assert result.returncode == status, result.stdout + result.stderr
        assert "Traceback" not in result.stderr
        return result

    return run


@pytest.fixture
def trained(run, tmp_path):
    run("train", *QUICK, "--output", "m.safetensors")
    return tmp_path / "m.safetensors"


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).line([(60, 50), (140, 50), (95, 155)], fill=0, width=14, joint="curve")
    image.save(folder / "seven.png")
    image.save(folder / "seven.jpg")
    Image.new("L", (50, 50), 255).save(folder / "blank.png")
    (folder / "broken.png").write_bytes((folder / "seven.png").read_bytes()[:100])
    (folder / "notes.txt").write_text("not looked at")
    return folder
