"""Contestants take turns, and one that fails is named without the others being lost."""

import pytest
from bench.contest import Entry, Results, compete

CREW = """
import os
import pathlib

def writer(name, path, fails_at=None, status=None):
    note = lambda what: pathlib.Path(path).open("a").write(f"{name}{what} ")
    note("!")
    count = 0
    def turn():
        nonlocal count
        note(count)
        if count == fails_at:
            if status:
                os._exit(status)
            raise ValueError(f"{name} has had enough\\nof it")
        count += 1
        return {"turn": count, "flag": os.environ.get("BENCH_FLAG", "")}
    return turn
"""


@pytest.fixture
def writer(tmp_path, monkeypatch):
    (tmp_path / "crew_of_writers.py").write_text(CREW)
    monkeypatch.syspath_prepend(tmp_path)

    def entry(name, **arguments):
        environment = arguments.pop("environment", {})
        needs = arguments.pop("needs", ())
        arguments |= {"name": name, "path": str(tmp_path / "log")}
        return Entry("crew_of_writers:writer", arguments, needs, environment)

    return entry, tmp_path / "log"


def test_all_are_prepared_and_then_take_turns(writer):
    entry, log = writer
    said = []
    entries = {"a": entry("a", environment={"BENCH_FLAG": "up"}), "b": entry("b")}
    results = compete(entries, turns=2, warm_up=1, say=said.append)
    assert log.read_text().split() == ["a!", "b!", "a0", "b0", "a1", "b1", "a2", "b2"]
    assert results.values("a", "turn") == [2, 3]
    assert [turn["flag"] for turn in results.turns["a"] + results.turns["b"]] == ["up", "up", "", ""]
    assert results.left_out == {}
    assert len(said) == 4


def test_who_fails_ends_or_is_not_installed_is_left_out_with_the_reason(writer):
    entry, log = writer
    entries = {
        "fails": entry("f", fails_at=1),
        "ends": entry("e", fails_at=2, status=3),
        "absent": entry("x", needs=("json", "no_such_module")),
        "stays": entry("s"),
    }
    results = compete(entries, turns=2, warm_up=1)
    assert results.left_out == {
        "absent": "no_such_module is not installed",
        "fails": "ValueError: f has had enough",
        "ends": "its process ended with status 3",
    }
    assert list(results.turns) == ["stays"]
    assert len(results.turns["stays"]) == 2
    assert "x!" not in log.read_text().split()


def test_ratios_are_taken_turn_by_turn():
    # A machine that slows down to a tenth in the second turn.
    results = Results({"a": [20.0, 2.0, 21.0], "b": [10.0, 1.0, 10.0]})
    assert results.ratio("a", "b") == 2.0
    assert results.median("a") == 20.0
