"""The scripts that measure the service: their deadlines, their tables, and what they leave out."""

import time

import compare_servers
import pytest
import reliability
from click.testing import CliRunner
from load.findings import Finding


def finding(held):
    return Finding("what was done", "what is promised", "what was found", held)


def test_a_case_that_fails_or_takes_too_long_is_a_finding():
    def fails():
        yield finding(True)
        raise ConnectionError("nobody listens")

    def hangs():
        time.sleep(30)
        yield finding(True)

    good, failed = reliability.within("kill", 60, fails())
    assert good.held
    assert not failed.held
    assert "nobody listens" in failed.found
    (late,) = reliability.within("kill", 0.05, hangs())
    assert not late.held
    assert "not done after 0.05 seconds" in late.found


@pytest.mark.parametrize("held", [True, False])
def test_the_exit_status_tells_whether_all_held(monkeypatch, held):
    monkeypatch.setitem(reliability.CASES, "kill", lambda _minutes: iter([finding(True), finding(held)]))
    answer = CliRunner().invoke(reliability.main, ["--case", "kill"])
    assert answer.exit_code == (0 if held else 1)
    assert ("NOT HELD" in answer.output) != held


@pytest.mark.load
def test_a_server_that_runs_already_is_asked_what_needs_no_other(server):
    url = f"http://127.0.0.1:{server.address[1]}"
    options = ["--case", "kill", "--case", "steady", "--minutes", "0.05", "--url", url]
    answer = CliRunner().invoke(reliability.main, [*options, "--pid", str(server.process.pid)])
    assert answer.exit_code == 0, answer.output
    assert "kill: left out, since it needs a server of its own." in answer.output
    assert "held: 0.05 minutes of mixed requests" in answer.output


def test_every_case_has_a_deadline():
    assert set(reliability.DEADLINES) == set(reliability.CASES)


def test_the_table_of_servers_has_medians_and_tells_what_did_not_hold():
    one = compare_servers.Measured(
        speeds={
            "predict": [(90, 0.02, 0.1), (100, 0.01, 0.2), (300, 0.03, 0.3)],
            "live": [(2000, 0.001, 0.01)],
        },
        slow={"idle": 0.1, "half a header": 0.6, "slow body": float("inf"), "slow reader": 0.2},
        dropped=3,
        answered=997,
        ended=[1.0, 2.5],
    )
    row = compare_servers.table({"granian": one}).splitlines()[-1]
    assert row == (
        "| granian, 2 × 64 | 100 | 20.0, 200.0 ms | 2,000 | 1.0, 10.0 ms | 0.10 s | **0.60 s** | "
        "**no answer** | 0.20 s | 3 of 1,000; ended in 2.5 s |"
    )


def test_a_server_that_is_not_installed_is_named_and_left_out(monkeypatch):
    monkeypatch.setattr(compare_servers, "available", lambda _kind: False)
    answer = CliRunner().invoke(compare_servers.main, ["--server", "granian"])
    assert answer.exit_code == 0
    assert "Left out: granian, 2 × 64, since granian is not installed." in answer.output
