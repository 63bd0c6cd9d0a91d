"""Corrections: what comes back is what was kept, by many at once, and no file is taken for another."""

import multiprocessing
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digitnet import Corrections
from digitnet.corrections_file import SCHEMA_VERSION, connect
from digitnet.errors import ConfigurationError, CorrectionsError, CorrectionsFullError, DigitnetError

PIXELS = np.tri(8, dtype=np.uint8) * 16


@pytest.fixture
def path(tmp_path):
    return tmp_path / "corrections.sqlite"


@pytest.fixture
def corrections(path):
    return Corrections(path, size=8, levels=16)


def _sql(path, *statements):
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [connection.execute(*statement).fetchall() for statement in statements]
    finally:
        connection.close()


_CORRECTION = st.tuples(
    arrays.arrays(np.uint8, (8, 8), elements=st.integers(0, 16)).filter(np.any),
    st.integers(0, 9),
    st.none() | st.integers(0, 9),
    st.none() | st.floats(0, 1),
    st.text(st.characters(categories=("L", "N", "P")), max_size=100),
)


@settings(max_examples=25, deadline=None)
@given(given=st.lists(_CORRECTION, max_size=6), gone=st.sets(st.integers(0, 5)))
def test_what_comes_back_is_what_was_kept_in_its_order(given, gone, tmp_path_factory):
    path = tmp_path_factory.mktemp("corrections") / "kept.sqlite"
    kept = Corrections(path, size=8, levels=16)
    ids = [
        kept.add(pixels, digit, predicted=predicted, confidence=confidence, model=model)
        for pixels, digit, predicted, confidence, model in given
    ]
    assert len(set(ids)) == len(ids)
    for index in gone & set(range(len(ids))):
        assert kept.remove(ids[index])
        assert not kept.remove(ids[index])
    left = [row for index, row in enumerate(given) if index not in gone]
    again = Corrections(path, size=8, levels=16)  # as another process would
    assert len(again) == len(left)
    pixels, labels = again.read()
    assert (pixels.dtype, labels.dtype) == (np.uint8, np.int64)
    assert pixels.shape == (len(left), 8, 8)
    for found, label, row in zip(pixels, labels, left, strict=True):
        np.testing.assert_array_equal(found, row[0])
        assert label == row[1]
    (rows,) = _sql(path, ("SELECT predicted, confidence, model FROM corrections ORDER BY number",))
    assert rows == [row[2:] for row in left]


def test_what_is_read_may_be_changed_and_numpys_numbers_are_numbers(corrections):
    corrections.add(PIXELS, np.int64(3), predicted=np.uint8(5), confidence=np.float32(0.5))
    pixels, labels = corrections.read()
    pixels += 1
    labels += 1
    assert corrections.read()[1].tolist() == [3]


def test_an_id_cannot_be_guessed(corrections):
    ids = [corrections.add(PIXELS, 1) for _ in range(50)]
    assert all(len(name) == 22 for name in ids)  # 128 bits
    assert len({name[:4] for name in ids}) > 45


@pytest.mark.parametrize("name", ["", "x", "A" * 22, "é" * 22, "\ud800" * 22, "a" * 10_000, "' OR 1=1 --"])
def test_an_id_that_is_none_removes_nothing(corrections, name):
    corrections.add(PIXELS, 1)
    assert not corrections.remove(name)
    assert len(corrections) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pixels": PIXELS[:7]}, r"uint8 of shape \(8, 8\); got uint8 of shape \(7, 8\)"),
        ({"pixels": PIXELS.astype(float)}, "got float64"),
        ({"pixels": PIXELS[None]}, r"shape \(1, 8, 8\)"),
        ({"pixels": PIXELS + 1}, "the brightest is 17"),
        ({"pixels": np.zeros((8, 8), np.uint8)}, "show some ink"),
        ({"digit": 10}, "from 0 to 9; got 10"),
        ({"digit": -1}, "got -1"),
        ({"digit": True}, "got True"),
        ({"digit": 3.0}, "got 3.0"),
        ({"digit": "3"}, "got '3'"),
        ({"digit": None}, "got None"),
        ({"predicted": 11}, "predicted digit is a whole number from 0 to 9; got 11"),
        ({"confidence": 1.1}, "got 1.1"),
        ({"confidence": float("nan")}, "got nan"),
        ({"confidence": "much"}, "got 'much'"),
        ({"model": "x" * 101}, "at most 100"),
        ({"model": "a\nb"}, "printable"),
        ({"model": "\ud800"}, "printable"),
        ({"model": None}, "printable"),
    ],
)
def test_what_is_no_correction_is_refused(corrections, changes, words):
    with pytest.raises(ConfigurationError, match=words):
        corrections.add(**({"pixels": PIXELS, "digit": 1} | changes))
    assert len(corrections) == 0


@pytest.mark.parametrize("changes", [{"size": 0}, {"size": 2.5}, {"levels": 256}, {"levels": 0}, {"most": 0}])
def test_settings_that_cannot_work_make_no_file(path, changes):
    with pytest.raises(ConfigurationError):
        Corrections(path, **({"size": 8, "levels": 16} | changes))
    assert not path.exists()


def test_more_than_the_most_are_refused_until_one_goes(path):
    corrections = Corrections(path, size=8, levels=16, most=2)
    first, _ = corrections.add(PIXELS, 1), corrections.add(PIXELS, 2)
    with pytest.raises(CorrectionsFullError, match="there are 2 already, as many as are taken"):
        corrections.add(PIXELS, 3)
    corrections.remove(first)
    corrections.add(PIXELS, 4)
    assert corrections.read()[1].tolist() == [2, 4]


def test_nothing_else_is_stored(corrections, path):
    corrections.add(PIXELS, 1)
    columns = [row[1] for row in _sql(path, ("PRAGMA table_info(corrections)",))[0]]
    assert columns == ["number", "id", "pixels", "label", "predicted", "confidence", "model", "stored"]
    ((row,),) = _sql(path, ("SELECT predicted, confidence, model, stored FROM corrections",))
    assert row[:3] == (None, None, "")
    assert np.datetime64("now") - np.datetime64(row[3].rstrip("Z")) < np.timedelta64(1, "h")


def test_nothing_is_left_of_what_was_removed(corrections, path):
    marked = np.frombuffer(b"0123456789abcdef" * 4, np.uint8).reshape(8, 8) % 17
    name = corrections.add(marked, 1)
    assert marked.tobytes() in path.read_bytes()
    corrections.remove(name)
    files = list(path.parent.iterdir())
    assert not any(marked.tobytes() in file.read_bytes() for file in files)
    assert not any(name.encode() in file.read_bytes() for file in files)


def test_the_file_is_its_owners_and_durable(corrections, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    corrections.add(PIXELS, 1)
    connection = sqlite3.connect(path)  # keeps the files beside it, which SQLite makes, from going away
    connection.execute("SELECT * FROM corrections").fetchall()
    corrections.add(PIXELS, 2)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    connection.close()
    assert modes == {path.name + ending: 0o600 for ending in ("", "-wal", "-shm")}
    assert _sql(path, ("PRAGMA journal_mode",)) == [[("wal",)]]
    with connect(path) as connection:  # the disk must have it, not only the operating system
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def _empty_of_another(path):
    _sql(path, ("PRAGMA application_id = 7",))


def _anothers(path):
    _sql(path, ("CREATE TABLE corrections (id TEXT)",))


def _newer(path):
    Corrections(path, size=8, levels=16)
    _sql(path, (f"PRAGMA user_version = {SCHEMA_VERSION + 1}",))


def _without_tables(path):
    Corrections(path, size=8, levels=16)
    _sql(path, ("DROP TABLE about",))


def _without_geometry(path):
    Corrections(path, size=8, levels=16)
    _sql(path, ("DELETE FROM about",))


def _torn(path):
    Corrections(path, size=8, levels=16)
    content = bytearray(path.read_bytes())
    content[100:4096] = bytes(range(256)) * 15 + bytes(156)
    path.write_bytes(content)


HOSTILE = {
    "text": (lambda path: path.write_text("not a database\n" * 100), "is no SQLite database"),
    "one byte": (lambda path: path.write_bytes(b"S"), "is no SQLite database"),
    "a picture": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000)), "is no SQLite database"),
    "a folder": (lambda path: path.mkdir(), "is not a file"),
    "a pipe": (os.mkfifo, "is not a file"),
    "another's, empty": (_empty_of_another, "another program"),
    "another's": (_anothers, "another program"),
    "newer": (_newer, rf"of version {SCHEMA_VERSION + 1}; this digitnet reads version {SCHEMA_VERSION}"),
    "without tables": (_without_tables, "does not hold what digitnet writes"),
    "without geometry": (_without_geometry, "no known size"),
    "torn": (_torn, "damaged"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_holds_something_else_is_refused_and_left_as_it_was(path, what):
    make, words = HOSTILE[what]
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(CorrectionsError, match=words) as caught:
        Corrections(path, size=8, levels=16)
    assert isinstance(caught.value, DigitnetError)
    assert str(caught.value).endswith(".")
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize(("size", "levels"), [(28, 255), (8, 255), (28, 16)])
def test_corrections_of_another_geometry_are_refused(path, size, levels):
    Corrections(path, size=8, levels=16)
    with pytest.raises(CorrectionsError, match="pictures of 8×8 pixels from 0 to 16, but"):
        Corrections(path, size=size, levels=levels)


@pytest.mark.parametrize("place", ["absent/c.sqlite", "/dev/null/c.sqlite", "x" * 300, "/proc/none"])
def test_a_file_that_cannot_be_made_is_a_sentence(tmp_path, place):
    with pytest.raises(CorrectionsError, match=r"cannot be made: .*\. Name a file in a folder"):
        Corrections(tmp_path / place, size=8, levels=16)


# The folder and the file belong to somebody else, who is not root.
AS_NOBODY = """
import os, sys
from digitnet import Corrections
from digitnet.errors import CorrectionsError
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    Corrections(sys.argv[1], size=8, levels=16)
except CorrectionsError as error:
    print(error)
"""


def test_a_file_that_cannot_be_written_is_a_sentence(path):
    Corrections(path, size=8, levels=16)
    for folder in (path.parent, *path.parent.parents):
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        result = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, path], capture_output=True, text=True, check=False
        )
    finally:
        path.parent.chmod(0o755)
    assert result.stderr == ""
    assert "the file cannot be" in result.stdout
    assert "check" in result.stdout


def test_corrections_that_somebody_forged_are_not_read(corrections, path):
    for changes in ("pixels = x'00'", "pixels = 'text'", "label = 12", "label = 'seven'", "label = 2.5"):
        corrections.add(PIXELS, 1)
        _sql(path, (f"UPDATE corrections SET {changes}",))  # noqa: S608
        with pytest.raises(CorrectionsError, match="did not write"):
            corrections.read()
        _sql(path, ("DELETE FROM corrections",))
    assert len(corrections) == 0


def test_a_file_that_went_away_is_a_sentence_without_its_name_and_is_not_made_anew(corrections, path):
    path.unlink()
    for call in (lambda: corrections.add(PIXELS, 1), lambda: corrections.remove("A" * 22), corrections.read):
        with pytest.raises(CorrectionsError, match="check that it is there") as caught:
            call()
        assert str(path.parent) not in str(caught.value)
    assert not path.exists()


def test_a_file_that_is_locked_too_long_is_a_sentence(corrections, path, monkeypatch):
    monkeypatch.setattr("digitnet.corrections_file.PATIENCE", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(CorrectionsError, match=r"was not kept: the file was locked for 0\.05 seconds"):
        corrections.add(PIXELS, 1)
    assert len(corrections) == 0  # who only reads need not wait
    holder.close()
    corrections.add(PIXELS, 1)


def _add(corrections, count):
    for _ in range(count):
        corrections.add(PIXELS, 7)


def test_a_full_disk_is_a_sentence_and_spoils_nothing(corrections, path):
    """No file of the process may grow, which is what a full disk does."""
    kept = [corrections.add(PIXELS, digit) for digit in range(5)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    try:
        with pytest.raises(CorrectionsError, match=r"was not kept: the disk .*full"):
            _add(corrections, 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    found = corrections.read()[1].tolist()
    assert found[: len(kept)] == list(range(5))
    assert set(found[len(kept) :]) <= {7}
    assert _sql(path, ("PRAGMA integrity_check",)) == [[("ok",)]]
    corrections.add(PIXELS, 8)


def _write(path, first, count, ids):
    """A process: four threads that add, each of them a second correction that it removes again."""
    corrections = Corrections(path, size=8, levels=16)
    found = []

    def work(thread):
        for number in range(count):
            pixels = np.zeros((8, 8), np.uint8)
            pixels.ravel()[: first + thread + 1] = 1
            found.append(corrections.add(pixels, number % 10))
            assert corrections.remove(corrections.add(PIXELS, 0))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids.put(found)


def test_processes_and_threads_write_at_once(path):
    """They make the file at once, too."""
    context = multiprocessing.get_context("spawn")
    ids = context.Queue()
    processes = [context.Process(target=_write, args=(path, 4 * index, 15, ids)) for index in range(3)]
    for process in processes:
        process.start()
    acknowledged = [name for _ in processes for name in ids.get(timeout=60)]
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    corrections = Corrections(path, size=8, levels=16)
    pixels, labels = corrections.read()
    assert len(set(acknowledged)) == len(labels) == len(corrections) == 3 * 4 * 15
    # Every thread's own are there, and in its order.
    writers = pixels.sum(axis=(1, 2))
    assert sorted(set(writers.tolist())) == list(range(1, 13))
    for writer in range(1, 13):
        assert labels[writers == writer].tolist() == [number % 10 for number in range(15)]


# In a process with a single thread, since to fork others is to be warned about.
FORK = """
import os, sys
import numpy as np
from digitnet import Corrections
pixels = np.ones((8, 8), np.uint8)
corrections = Corrections(sys.argv[1], size=8, levels=16)
corrections.add(pixels, 1)
child = os.fork()
corrections.add(pixels, 2 if child else 3)
if child:
    assert os.waitpid(child, 0)[1] == 0
    corrections.add(pixels, 4)
"""


def test_a_process_may_fork_after_opening(corrections, path):
    subprocess.run([sys.executable, "-c", FORK, path], check=True)
    labels = corrections.read()[1].tolist()
    assert sorted(labels) == [1, 2, 3, 4]
    assert (labels[0], labels[-1]) == (1, 4)
