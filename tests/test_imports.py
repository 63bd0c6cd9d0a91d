"""Imports point one way; what serving does not need is not loaded."""

import ast
import subprocess
import sys

import pytest

import digitnet

# package or module -> what of digitnet it may import; the longest prefix counts
ALLOWED = {
    "digitnet.errors": set(),
    "digitnet.geometry": {"digitnet.errors"},
    "digitnet.files": {"digitnet.errors"},
    "digitnet.nn": {"digitnet.errors", "digitnet.nn"},
    "digitnet.imaging": {"digitnet.errors", "digitnet.geometry", "digitnet.imaging"},
    "digitnet.data": {"digitnet.errors", "digitnet.geometry", "digitnet.data", "digitnet.nn.buffers"},
    "digitnet.synthesis": {
        f"digitnet.{name}"
        for name in ("errors", "files", "geometry", "data", "imaging", "probabilities", "synthesis")
    },
    "digitnet": {"digitnet"},
    "service": {f"digitnet.{name}" for name in ("errors", *digitnet.__all__)} | {"service"},
    "scripts": {"digitnet", "service"},  # some document the service, or compare it with others
}
FORBIDDEN_ANYWHERE = {"pickle", "torch", "tensorflow", "jax", "cv2"}
PEERS = {"torch"}  # which the benchmark, and nothing else, runs beside digitnet


def _imports(path):
    """Dotted names that a file imports; ``from a import b`` counts as ``a.b`` and as ``a``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import; the project names modules in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _rule(module):
    return max((name for name in ALLOWED if module == name or module.startswith(name + ".")), key=len)


def _files(root):
    for folder in ("digitnet", "service", "scripts"):
        for path in sorted((root / folder).rglob("*.py")):
            relative = path.relative_to(root).with_suffix("")
            yield path, ".".join(relative.parts).removesuffix(".__init__")


def test_imports_point_one_way(root):
    wrong = []
    for path, module in _files(root):
        allowed = ALLOWED[_rule(module)]
        for name in _imports(path):
            forbidden = FORBIDDEN_ANYWHERE - (PEERS if module.startswith("scripts.bench.") else set())
            if name.split(".")[0] in forbidden:
                wrong.append(f"{module} imports {name}")
            if name.split(".")[0] not in ("digitnet", "service", "scripts"):
                continue
            if not any(name == ok or name.startswith(ok + ".") for ok in allowed):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_nn_imports_numpy_and_the_standard_library_only(root):
    for path in (root / "digitnet" / "nn").rglob("*.py"):
        for name in _imports(path):
            top = name.split(".")[0]
            assert top in {"numpy", "digitnet"} or top in sys.stdlib_module_names, f"{path.name}: {name}"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import digitnet.nn", ["scipy", "PIL", "sklearn", "safetensors", "click"]),
        ("from digitnet import Recognizer", ["sklearn", "matplotlib", "pooch", "tqdm", "flask"]),
        ("import service", ["sklearn", "matplotlib", "pooch", "tqdm", "digitnet.data", "digitnet.training"]),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(statement, absent):
    program = f"import sys; {statement}; print([m for m in {absent!r} if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


# What a service loads until its first answer. A package more makes every start slower: is it worth it?
SERVING = {
    "PIL",
    "annotated_types",
    "blinker",
    "click",
    "digitnet",
    "dotenv",
    "flask",
    "flask_openapi",
    "flask_openapi_swagger",
    "gunicorn",
    "itsdangerous",
    "jinja2",
    "markupsafe",
    "numpy",
    "prometheus_client",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "safetensors",
    "scipy",
    "service",
    "typing_extensions",
    "typing_inspection",
    "werkzeug",
}
# SciPy brings these to an interpreter that has them, by NumPy's f2py.
BROUGHT = {"charset_normalizer"}
SERVING_NEVER = [
    "digitnet.data",
    "digitnet.estimator",
    "digitnet.evaluation",
    "digitnet.fitting",
    "digitnet.onnx_file",
    "digitnet.plots",
    "digitnet.synthesis",
    "digitnet.training",
    "scipy.optimize",
    "scipy.stats",
    "scipy.spatial",
    "scipy.signal",
]
FIRST_ANSWER = """
import io, sys
started_with = set(sys.modules)
import service.__main__
import service.server
from PIL import Image, ImageDraw
from service import create_app
from service.config import Config

picture = Image.new("L", (96, 96), 255)
ImageDraw.Draw(picture).line([(28, 22), (68, 22), (42, 76)], fill=0, width=9, joint="curve")
stream = io.BytesIO()
picture.save(stream, "PNG")
client = create_app(Config()).test_client()
answer = client.post("/api/v1/predict", data=stream.getvalue(), content_type="image/png")
assert answer.json["predictions"][0]["text"] == "7", answer.text
for name in set(sys.modules) - started_with:
    file = getattr(sys.modules[name], "__file__", None)
    if file is not None:  # what is built into another module has none
        print(name)
"""


def test_a_service_loads_what_it_needs_for_its_answers_and_nothing_else(root):
    output = subprocess.run(
        [sys.executable, "-c", FIRST_ANSWER], cwd=root, capture_output=True, text=True, check=True
    )
    loaded = output.stdout.split()
    packages = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names) - BROUGHT
    assert {name for name in packages if not name.startswith("_")} <= SERVING
    assert [name for name in SERVING_NEVER if name in loaded] == []


def test_every_module_opens_with_a_sentence(root):
    for path, _ in _files(root):
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        assert docstring, f"{path.relative_to(root)} has no docstring"
        assert docstring.split("\n\n")[0].rstrip().endswith((".", ":")), path.relative_to(root)


def test_files_stay_small(root):
    long = {
        str(path.relative_to(root)): lines
        for path, _ in _files(root)
        if (lines := len(path.read_text("utf-8").splitlines())) > 260
    }
    assert long == {}


def test_any_module_of_the_service_may_be_the_first_to_be_imported(root):
    """Modules that import each other in a circle work only as long as nobody begins at the wrong one."""
    names = [module for path, module in _files(root) if "service" in path.relative_to(root).parts[0]]
    program = f"""
import importlib, sys
for name in {names!r}:
    for loaded in [one for one in sys.modules if one.split(".")[0] == "service"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, error)
"""
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert len(names) > 15
    assert output.stdout == ""
