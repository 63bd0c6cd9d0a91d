"""What the fuzzer starts from and what it found before, as ordinary tests; and the fuzzer for a moment."""

import os
import subprocess
import sys
from pathlib import Path

import corpus
import pytest
import targets

from digitnet.imaging import decode

FUZZER = Path(__file__).with_name("fuzz.py")


@pytest.mark.parametrize("target", targets.TARGETS)
def test_every_input_that_was_kept(target):
    feed, seeds = targets.TARGETS[target]
    inputs = [b"", *seeds(), *corpus.known(target)]
    assert len(inputs) > 40
    for data in inputs:
        feed(data)


def test_the_seeds_are_whole():
    for data in targets.picture_seeds():
        assert decode(data, max_pixels=targets.MAX_PIXELS).grey.min() < 0.5


def test_the_seeds_of_requests_reach_every_place_with_a_picture_that_is_read():
    answers = [targets._client().post(place[0], data=b"") for place in targets.PLACES]
    assert len(answers) == len(list(targets.request_seeds()))
    data = next(seed for seed in targets.request_seeds() if targets.PLACES[seed[0]][1].startswith("image/"))
    answer = targets._client().post(targets.PREDICT, data=data[1:], content_type="image/png")
    assert answer.status_code == 200


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), AssertionError()])
def test_any_other_error_is_found(monkeypatch, error):
    def fail(_data, **_options):
        raise error

    monkeypatch.setattr(targets, "decode", fail)
    with pytest.raises(type(error)):
        targets.feed_decoders(b"x")


def test_the_fuzzer_runs_and_leaves_nothing_behind(tmp_path):
    pytest.importorskip("atheris", reason="atheris needs Linux and Python below 3.14.")
    answer = subprocess.run(
        [sys.executable, FUZZER, "decode", "-runs=60", "-seed=1"],
        env={**os.environ, "PYTHONPATH": str(FUZZER.parents[2]), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert "DONE" in answer.stderr
    assert list(tmp_path.iterdir()) == []
