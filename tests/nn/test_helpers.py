"""Helpers do their parts, say what went wrong, and are waited for by nobody who can work himself."""

import threading

import pytest

from digitnet.nn import helpers


def test_every_part_is_done_once_and_the_callers_by_the_caller():
    done = []
    helpers.share(lambda start, stop: done.append((start, stop, threading.get_ident())), (0, 3, 5, 9))
    assert sorted(part[:2] for part in done) == [(0, 3), (3, 5), (5, 9)]
    assert (0, 3, threading.get_ident()) in done


@pytest.mark.parametrize("bad", [0, 4])
def test_a_failure_is_raised_after_all_parts_have_ended_and_spoils_nothing(bad):
    def work(start, _):
        if start == bad:
            raise ValueError(f"part {start} failed")

    for _ in range(3):
        with pytest.raises(ValueError, match=f"part {bad} failed"):
            helpers.share(work, (0, 4, 8))
    done = []
    helpers.share(lambda start, _: done.append(start), (0, 4, 8))
    assert sorted(done) == [0, 4]


def test_who_finds_no_idle_helper_works_alone():
    threads = []

    def inner(*_):
        threads.append(threading.get_ident())

    def outer(start, _):
        if start == 0:
            helpers.share(inner, (0, 1, 2))

    before = threading.active_count()
    for _ in range(5):
        helpers.share(outer, (0, 1, 2))
    assert len(threads) == 10
    assert threading.active_count() <= max(before, 2) + 2


@pytest.mark.parametrize(
    ("environment", "threads"),
    [({"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3), ({"OMP_NUM_THREADS": "5"}, 5)],
)
def test_the_environment_says_how_many_threads(monkeypatch, environment, threads):
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert helpers.threads_allowed() == threads


@pytest.mark.parametrize("value", ["", "0", "-2", "many"])
def test_else_there_are_as_many_as_cores(monkeypatch, value):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", value)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert helpers.threads_allowed() >= 1
