"""What is found goes to JSON and back, and becomes one page that also says where digitnet is behind."""

import math
import sys
from types import SimpleNamespace

import benchmark
import pytest
from bench.machine import Machine
from bench.plots import draw
from bench.report import page
from bench.results import Curves, Goal, Part, Table
from bench.settings import ROOT
from click.testing import CliRunner

MACHINE = Machine(
    processor="Abacus 3000",
    cores=2,
    caches={"L2": "2048K"},
    memory=4.0,
    system="Linux 6",
    python="3.11.7",
    blas="openblas, kernel Beads",
    versions={"NumPy": "2.4", "PyTorch": None},
    tuning={"OPENBLAS_CORETYPE": "Haswell"},
    day="2026-02-03",
    load=0.1,
    busy=0.5,
    sgemm=123.0,
    copy=10.0,
    threads=2,
)


def part(title="Speed"):
    return Part(
        title,
        "How it was done.",
        goals=[Goal("beside A", 2.0, 1.5, unit="×"), Goal("latency", 3.0, 1.0, at_least=False, unit="ms")],
        tables=[Table("Rows a second", ["who", "rows"], [["digitnet", "7"]])],
        curves=[Curves("Growth", "rows", "seconds", {"digitnet": [(1.0, 2.0), (10.0, 20.0)]}, log_x=True)],
        left_out={"B": "b is not installed"},
        losses=["At night: 0.9 times the rows a second of C."],
    )


def test_a_part_comes_back_from_json_as_it_was(tmp_path):
    before = part()
    before.save(tmp_path / "new" / "part.json")
    assert Part.load(tmp_path / "new" / "part.json") == before
    before.goals[0] = Goal("beside nobody", math.nan, 1.0)
    before.save(tmp_path / "part.json")
    assert math.isnan(Part.load(tmp_path / "part.json").goals[0].measured)


def test_the_page_tells_the_machine_what_was_reached_and_what_was_not():
    parts = {"speed": part(), "size": part("Size")}
    parts["size"].goals = [Goal("beside nobody", math.nan, 1.0)]
    failed = {"serving": "OSError: no port"}
    pictures = {"speed": [ROOT / "a.png"], "size": [ROOT / "b.png"]}
    text = page(parts, {"speed": MACHINE, "size": MACHINE}, failed, pictures)
    assert text.count("Abacus 3000") == 1
    assert "OPENBLAS_CORETYPE=Haswell" in text
    assert "**The machine was busy" in text
    assert "left out: PyTorch" in text
    assert "1 of 2 are reached; 1 could not be measured." in text
    assert "| latency | ≤ 1 ms | 3 ms | **no** |" in text
    assert "| beside nobody | ≥ 1 | not measured | – |" in text
    behind = text.partition("## Where digitnet is behind")[2].partition("## Speed")[0]
    assert "- At night: 0.9 times" in behind
    assert "latency" not in behind  # the table of goals says it
    assert "- Not measured: serving, since it failed: OSError: no port." in behind
    assert text.index("## Speed") < text.index("## Size")
    assert text.count("Left out: B, since b is not installed.") == 2
    assert "![Growth](" in text


def test_parts_of_another_day_say_so():
    other = Machine(**(MACHINE.save() | {"day": "2026-03-04", "busy": 0.0}))
    text = page({"a": part(), "b": part()}, {"a": MACHINE, "b": other}, {}, {})
    assert "For a, measured in a run of their own:" in text
    assert text.count("2026-03-04") == 1


def test_pictures_are_small_and_the_same_each_time(tmp_path):
    series = {
        "digitnet": [(float(x), 1.0 / x) for x in (32, 64, 1024)],
        "PyTorch": [(32.0, 2.0)],
        "PyTorch, compiled": [],
        "floor: nothing": [(32.0, 0.1)],
        "somebody": [(64.0, 1.0)],
    }
    for name in ("one.png", "other.png"):
        draw(Curves("Cost", "batch size", "ms", series, log_x=True, log_y=True), tmp_path / name)
    content = (tmp_path / "one.png").read_bytes()
    assert content == (tmp_path / "other.png").read_bytes()
    assert len(content) < 60_000


@pytest.fixture
def invented(monkeypatch, tmp_path):
    """A benchmark whose parts are invented, and whose page is somewhere else."""

    def fails(_settings):
        raise OSError("no port is free")

    modules = {"prediction": lambda _settings: part(), "folder": fails, "growth": lambda _: part("Growth")}
    for name, measure in modules.items():
        monkeypatch.setitem(sys.modules, f"bench.{name}", SimpleNamespace(measure=measure))
    monkeypatch.setattr(benchmark, "describe", lambda *_, **__: MACHINE)
    monkeypatch.setattr(benchmark, "PAGE", tmp_path / "BENCHMARKS.md")
    monkeypatch.setattr(benchmark, "ROOT", tmp_path)
    (tmp_path / "docs" / "benchmarks").mkdir(parents=True)
    (tmp_path / "docs" / "benchmarks" / "speed-old-1.png").write_bytes(b"of a part that is no more")

    def invoke(*names, options=()):
        parts = [option for name in names for option in ("--part", name)]
        results = ["--results", str(tmp_path / "results")]
        return CliRunner().invoke(benchmark.main, [*parts, *results, *options])

    return invoke, tmp_path


def test_a_part_that_fails_does_not_lose_the_others(invented):
    invoke, folder = invented
    answer = invoke("growth", "folder", "prediction", options=["--write"])
    assert answer.exit_code == 1
    assert "FAILED: folder: OSError: no port is free" in answer.output
    # The order is the page's, whatever was asked for.
    assert answer.output.index("prediction:") < answer.output.index("growth:")
    text = (folder / "BENCHMARKS.md").read_text("utf-8")
    assert text.index("## Speed") < text.index("## Growth")
    assert "Not measured: folder, since it failed: OSError: no port is free." in text
    pictures = {path.name for path in (folder / "docs" / "benchmarks").iterdir()}
    assert pictures == {"speed-prediction-1.png", "speed-growth-1.png"}
    assert "![Growth](docs/benchmarks/speed-growth-1.png)" in text


def test_parts_measured_before_stay_on_the_page(invented):
    invoke, folder = invented
    assert invoke("prediction").exit_code == 0
    assert invoke("growth", options=["--write"]).exit_code == 0
    assert "## Speed" in (folder / "BENCHMARKS.md").read_text("utf-8")


def test_worthless_figures_are_not_written(invented):
    invoke, _ = invented
    answer = invoke("prediction", options=["--quick", "--write"])
    assert answer.exit_code == 2
    assert "worth nothing" in answer.output
