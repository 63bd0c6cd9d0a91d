"""A new model file is taken without losing a request; a bad one is refused, and the old model goes on."""

import dataclasses
import json
import logging
import os
import shutil
import signal
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from digitnet.model_file import load_model, model_bytes, save_model
from service import create_app, served_model
from service.config import Config
from service.metrics import of

from .load import under_load

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two files whose models answer differently: what one calls "new" says that it is only half as sure."""
    folder = tmp_path_factory.mktemp("models")
    old = load_model(CHECKOUT / "models" / "mnist.safetensors")
    save_model(dataclasses.replace(old, name="old"), folder / "old.safetensors")
    save_model(dataclasses.replace(old, name="new", temperature=4.0), folder / "new.safetensors")
    return folder


def put(source, target):
    """Replace a file as a careful operator does, in one step."""
    shutil.copy(source, target.with_suffix(".coming"))
    target.with_suffix(".coming").replace(target)


def version(path):
    return load_model(path, check_card=False).version


def of_file(path):
    app = create_app(Config(model=path))
    return app, served_model.of(app)


def look(app):
    served = served_model.of(app)
    served.watch.look(served, of(app), report=True)


def nan_model(path):
    """A file whose weights are not all numbers, and all else is right."""
    data = bytearray(path.read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    return bytes(data)


def blind_model(path):
    """A file that is valid in all its parts, of a model that cannot read."""
    model = load_model(path)
    for array in model.network.named_arrays().values():
        array[...] = 0
    return model_bytes(model)


BAD = {
    "truncated": lambda good: good.read_bytes()[:-1000],
    "empty": lambda _: b"",
    "no model": lambda _: b"no model at all" * 1000,
    "not finite": nan_model,
    "blind": blind_model,
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_once_and_the_old_model_goes_on(models, tmp_path, caplog, fault):
    caplog.set_level(logging.INFO, "service")
    path = tmp_path / "model.safetensors"
    put(models / "old.safetensors", path)
    app, served = of_file(path)
    before = served.recognizer
    path.write_bytes(BAD[fault](models / "new.safetensors"))
    for _ in range(3):
        look(app)
    assert served.recognizer is before
    (line,) = caplog.records
    assert (line.message, line.levelname) == ("model refused", "WARNING")
    assert line.reason.endswith(".")
    assert b'digitnet_model_reloads_total{outcome="refused"} 1.0' in of(app).text()
    put(models / "new.safetensors", path)
    look(app)
    assert served.recognizer.name == "new"
    assert caplog.records[-1].message == "model reloaded"


def test_a_missing_file_and_a_folder_are_refused(models, tmp_path, caplog):
    path = tmp_path / "model.safetensors"
    put(models / "old.safetensors", path)
    app, served = of_file(path)
    path.unlink()
    look(app)
    path.mkdir()
    look(app)
    assert served.recognizer.name == "old"
    assert [line.message for line in caplog.records] == ["model refused"] * 2


def test_a_model_that_is_not_the_one_on_its_card_waits_for_the_card(models, tmp_path, caplog):
    path = tmp_path / "model.safetensors"
    put(models / "old.safetensors", path)
    card = path.with_suffix(".md")
    words = (CHECKOUT / "models" / "mnist.md").read_text("utf-8")
    shipped = load_model(CHECKOUT / "models" / "mnist.safetensors").checksum
    old, new = (load_model(models / f"{name}.safetensors").checksum for name in ("old", "new"))
    assert shipped in words
    card.write_text(words.replace(shipped, old), "utf-8")
    app, served = of_file(path)
    put(models / "new.safetensors", path)  # the model comes before its card
    look(app)
    assert served.recognizer.name == "old"
    assert "card" in caplog.records[-1].reason
    card.write_text(words.replace(shipped, new), "utf-8")
    look(app)
    assert served.recognizer.name == "new"


def test_a_file_that_changes_without_a_trace_in_its_times_is_seen(models, tmp_path):
    path = tmp_path / "model.safetensors"
    put(models / "old.safetensors", path)
    app, served = of_file(path)
    put(models / "new.safetensors", path)
    look(app)
    # The same inode, size and time, as where two writes fall into one tick of the clock.
    stat = path.stat()
    data = path.read_bytes()
    path.write_bytes(data.replace(b'\\"new\\"', b'\\"now\\"'))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    look(app)
    assert served.recognizer.name == "now"


def test_with_corrections_kept_the_layout_of_pictures_stays(tmp_path, caplog):
    path = tmp_path / "model.safetensors"
    put(CHECKOUT / "models" / "mnist.safetensors", path)
    app = create_app(Config(model=path, feedback=tmp_path / "corrections.sqlite"))
    put(CHECKOUT / "models" / "digits.safetensors", path)
    look(app)
    assert served_model.of(app).recognizer.name == "mnist"
    assert "corrections" in caplog.records[-1].reason


def test_an_application_without_a_server_watches_nothing(models):
    app, _ = of_file(models / "old.safetensors")
    app.test_client().get("/health/ready")
    assert "model-watch" not in {thread.name for thread in threading.enumerate()}


def counted(server, name):
    """The samples of one metric: labels and value."""
    with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return [
        (sample.labels, sample.value)
        for family in families
        for sample in family.samples
        if sample.name == name
    ]


def served_by(server):
    """How many processes serve which version."""
    processes = counted(server, "digitnet_model_processes")
    return {labels["version"]: number for labels, number in processes if number}


def reloads(server):
    found = counted(server, "digitnet_model_reloads_total")
    return {labels["outcome"]: number for labels, number in found}["ok"]


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.05)


def test_five_swaps_and_bad_files_between_them_lose_no_request(run_server, models, tmp_path, draw):
    path = tmp_path / "model.safetensors"
    put(models / "old.safetensors", path)
    versions = {name: version(models / f"{name}.safetensors") for name in ("old", "new")}
    with run_server("--model", str(path), "--watch-seconds", "1") as server:
        with under_load(server.port, draw("42"), keep_alive=4, new_connections=1) as load:
            for turn in range(5):
                name = ("new", "old")[turn % 2]
                if turn:
                    fault = [*BAD][turn]
                    path.write_bytes(BAD[fault](models / "new.safetensors"))  # not in one step
                    time.sleep(1.3)
                    assert list(served_by(server)) == [versions[("new", "old")[(turn - 1) % 2]]]
                put(models / f"{name}.safetensors", path)
                wait_until(lambda name=name: served_by(server) == {versions[name]: 2})
                wait_until(lambda turn=turn: reloads(server) == turn + 1)  # the master's look, too
        assert load.failures == []
        assert {status for status, _ in load.answers} == {200}
        # Each model says by its confidence, too, which one it is.
        said = {
            (body["model"]["name"], body["model"]["version"], round(body["predictions"][0]["confidence"], 9))
            for _, body in load.answers
        }
        assert {(name, number) for name, number, _ in said} == set(versions.items())
        assert len(said) == 2


def test_sighup_has_every_process_look_and_ends_none(run_server, models, tmp_path):
    path = tmp_path / "model.safetensors"
    put(models / "old.safetensors", path)
    # A younger file would be read anew by each process at its start, perhaps after it has been replaced here.
    os.utime(path, (1e9, 1e9))
    with run_server("--model", str(path), "--watch-seconds", "0", "--workers", "3") as server:
        wait_until(lambda: sum(served_by(server).values()) == 3)
        master = psutil.Process(server.process.pid)
        before = {child.pid for child in master.children()}
        put(models / "new.safetensors", path)
        time.sleep(1)
        assert served_by(server) == {version(models / "old.safetensors"): 3}
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: served_by(server) == {version(models / "new.safetensors"): 3})
        assert {child.pid for child in master.children()} == before


def test_a_process_that_is_started_later_serves_the_newest_good_model(run_server, models, tmp_path):
    path = tmp_path / "model.safetensors"
    put(models / "old.safetensors", path)
    new = version(models / "new.safetensors")
    with run_server("--model", str(path), "--watch-seconds", "1", "--workers", "1") as server:
        put(models / "new.safetensors", path)
        wait_until(lambda: served_by(server) == {new: 1})
        time.sleep(2.5)  # the master has looked as well
        path.write_bytes(b"bad")
        (worker,) = psutil.Process(server.process.pid).children()
        worker.kill()
        wait_until(lambda: [c.pid for c in psutil.Process(server.process.pid).children()] != [worker.pid])
        for _ in range(5):
            with urllib.request.urlopen(server.url + "/health/ready", timeout=30) as answer:
                assert json.loads(answer.read())["model"]["version"] == new
