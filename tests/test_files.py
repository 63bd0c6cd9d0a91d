import os
from pathlib import Path

import pytest

from digitnet.errors import DigitnetError
from digitnet.files import ensure_writable, write_atomically


def test_old_or_new_and_nothing_else_in_the_folder(tmp_path):
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(descriptor):  # noqa: ARG001
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DigitnetError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_content_is_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (order.append("fsync"), fsync(descriptor))[1])
    monkeypatch.setattr(Path, "replace", lambda a, b: (order.append("rename"), replace(a, b))[1])
    write_atomically(tmp_path / "file", b"content")
    assert order == ["fsync", "rename", "fsync"]


def test_the_file_is_as_readable_as_any_new_one(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_atomically(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == plain.stat().st_mode


def test_it_is_known_beforehand_whether_a_file_can_be_written(tmp_path):
    ensure_writable(tmp_path / "new" / "file")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DigitnetError, match="cannot be written"):
        ensure_writable(tmp_path / "file" / "model")
    with pytest.raises(DigitnetError, match="is a folder"):
        ensure_writable(tmp_path / "new")
