"""scripts/export.py, run as an operator runs it."""

import importlib.util
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner

from digitnet.model_file import load_model
from digitnet.nn import Dense, Network
from digitnet.onnx_file import export_network


@pytest.fixture
def model_file(root, tmp_path):
    return shutil.copy(root / "models" / "digits.safetensors", tmp_path / "m.safetensors")


@pytest.fixture
def refuse(root, tmp_path, monkeypatch):
    """Run the script in this process where it must end with an error; gives the message."""
    spec = importlib.util.spec_from_file_location("export", root / "scripts" / "export.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(tmp_path)

    def refuse(*arguments):
        result = CliRunner().invoke(module.main, [*map(str, arguments)])
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit)
        assert result.stderr.startswith("Error: ")
        return result.stderr

    return refuse


def test_there_and_back_is_the_same_file(run, model_file, tmp_path):
    version = load_model(model_file).version
    said = run("export", model_file, "out/m.ONNX").stdout
    assert said == f"Wrote out/m.ONNX: the model digits, version {version}.\n"
    session = onnxruntime.InferenceSession(tmp_path / "out" / "m.ONNX", providers=["CPUExecutionProvider"])
    assert session.run(["digit"], {"inputs": np.zeros((2, 64), np.float32)})[0].shape == (2,)

    assert version in run("export", "out/m.ONNX", "back.safetensors").stdout
    assert (tmp_path / "back.safetensors").read_bytes() == model_file.read_bytes()
    assert load_model(tmp_path / "back.safetensors").version == version


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("m.safetensors", "m.pt"),
        ("m.safetensors", "m2.safetensors"),
        ("m.onnx", "m2.onnx"),
        ("m.pkl", "m.onnx"),
        ("m", "n"),
    ],
)
def test_endings_that_say_nothing_are_a_sentence(refuse, source, target, tmp_path):
    error = refuse(source, target)
    assert "from .safetensors to .onnx, or from .onnx to .safetensors" in error
    assert f"{source} and {target}" in error
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_read_or_written_are_sentences(refuse, model_file, tmp_path):
    assert "cannot be read" in refuse("absent.safetensors", "m.onnx")
    assert "cannot be read" in refuse("absent.onnx", "m.safetensors")
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    assert "broken.onnx is refused" in refuse("broken.onnx", "n.safetensors")
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in refuse(model_file, "file/m.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.onnx", "file", "m.safetensors"]


def test_a_bare_network_is_no_model(refuse, tmp_path):
    export_network(Network([Dense(64, 10)], rng=np.random.default_rng(0)), tmp_path / "n.onnx")
    error = refuse("n.onnx", "n.safetensors")
    assert "does not say how a digit lies in its inputs" in error
    assert "import_network" in error
    assert not (tmp_path / "n.safetensors").exists()


def test_without_the_package_onnx_script_and_library_say_what_to_install(root, model_file, tmp_path):
    program = f"""
import runpy, sys
sys.modules["onnx"] = None  # whoever imports it finds nothing
try:
    import digitnet.onnx_file
except ImportError as error:
    print(error)
sys.argv = ["export.py", {str(model_file)!r}, "m.onnx"]
runpy.run_path({str(root / "scripts" / "export.py")!r}, run_name="__main__")
"""
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    sentence = "ONNX files need the package onnx: pip install 'digitnet[onnx]'.\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, sentence, f"Error: {sentence}")
    assert not (tmp_path / "m.onnx").exists()
