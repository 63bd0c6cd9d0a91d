"""A folder read by several processes: the same rows in the same order, whatever happens on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageDraw

from digitnet.data import load_digits


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """60 small pictures in two folders, with two files among them that cannot be read."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "b").mkdir()
    images = load_digits().test.images
    for number in range(60):
        picture = Image.fromarray((255 - images[number] * 15).astype("uint8")).resize((40, 40))
        picture.save(folder / ("b" if number % 3 else "") / f"{number}.png")
    (folder / "13.png").write_bytes(b"no picture")
    (folder / "b" / "cut.png").write_bytes((folder / "0.png").read_bytes()[:60])
    return folder


def rows(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_several_processes_say_the_same_in_the_same_order(run, folder):
    one, two = (
        rows(run("predict", folder, "--format", "jsonl", "--jobs", jobs, status=1)) for jobs in (1, 2)
    )
    names = [row["file"] for row in two]
    assert names == sorted(names, key=lambda name: Path(name).parts)
    assert len(two) == 62
    assert [Path(row["file"]).name for row in two if row["error"]] == ["13.png", "cut.png"]
    for single, several in zip(one, two, strict=True):  # other threads may round the last digit otherwise
        assert single["confidence"] == pytest.approx(several["confidence"], abs=2e-4)
        assert {**single, "confidence": 0, "digits": 0} == {**several, "confidence": 0, "digits": 0}


def test_a_process_that_is_killed_costs_no_more_than_the_file_it_read(root, tmp_path):
    picture = Image.new("L", (500, 500), 255)
    ImageDraw.Draw(picture).line([(100, 100), (360, 100), (230, 400)], fill=0, width=30)
    for number in range(60):
        picture.save(tmp_path / f"{number:02}.png")
    process = _start(root, tmp_path, tmp_path, "--jobs", "2")
    lines = [process.stdout.readline()]
    children = _readers(process)
    assert len(children) == 2
    children[0].kill()
    lines += process.stdout  # `communicate` would miss what was read ahead with the first line
    _, stderr = process.communicate(timeout=60)
    found = [json.loads(line) for line in lines]
    assert [row["file"] for row in found] == [str(tmp_path / f"{number:02}.png") for number in range(60)]
    lost = [row for row in found if row["error"]]
    assert len(lost) <= 1, stderr
    assert all("ended with status -9" in row["error"] for row in lost)
    assert {row["text"] for row in found if not row["error"]} == {"7"}
    assert process.returncode == (1 if lost else 0)


def test_ctrl_c_ends_all_processes_without_a_traceback(root, tmp_path):
    Image.new("L", (900, 900), 255).save(tmp_path / "0.png")
    for number in range(1, 3000):
        os.link(tmp_path / "0.png", tmp_path / f"{number}.png")
    process = _start(root, tmp_path, tmp_path, start_new_session=True)
    assert process.stdout.readline()
    children = _readers(process)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert stderr.strip() == "Aborted!"
    assert not any(child.is_running() for child in children)


def test_memory_stays_flat(root, folder, tmp_path):
    """What all processes hold at the end of 600 pictures is what they held after 150, but for some slack."""
    for number in range(600):
        os.link(folder / "0.png", tmp_path / f"{number}.png")
    held, count = {}, 0
    with _start(root, tmp_path, tmp_path, "--jobs", "2") as process:
        for _ in process.stdout:
            count += 1
            if count in (150, 560):
                everyone = [psutil.Process(process.pid), *_readers(process)]
                held[count] = sum(one.memory_info().rss for one in everyone)
    assert process.returncode == 0
    assert count == 600
    assert held[560] - held[150] < 12 * 2**20, held


def _start(root, folder, cwd, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, str(root / "scripts/predict.py"), str(folder), "--format", "jsonl", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        **options,
    )


def _readers(process):
    """The processes that read, without the one that multiprocessing keeps for resources."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        children = psutil.Process(process.pid).children()
        found = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("no process reads")
