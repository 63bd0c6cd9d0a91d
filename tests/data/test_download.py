"""Downloads from a server on this machine: only the right content reaches the cache, whole and once."""

from __future__ import annotations

import gzip
import hashlib
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitnet.data import Dataset, download, load_mnist
from digitnet.data.download import RemoteFile, default_cache, fetch
from digitnet.data.mnist import MIRROR_VARIABLE
from digitnet.errors import DataError


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4) for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


CONTENT = {
    "train-images-idx3-ubyte": idx(np.arange(12 * 784).reshape(12, 28, 28) % 251),
    "train-labels-idx1-ubyte": idx(np.arange(12) % 10),
    "t10k-images-idx3-ubyte": idx(np.arange(4 * 784).reshape(4, 28, 28) % 241),
    "t10k-labels-idx1-ubyte": idx(np.arange(4)),
}
FILES = [RemoteFile(name, hashlib.md5(text).hexdigest()) for name, text in CONTENT.items()]  # noqa: S324


class Mirror:
    """What a server on 127.0.0.1 serves, and what it was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers = {f"/{name}.gz": gzip.compress(text) for name, text in CONTENT.items()}
        self.requests: list[str] = []
        self.cut = 0
        """How many bytes of each answer are held back."""


def serve() -> Iterator[Mirror]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.requests.append(self.path)
            answer = mirror.answers.get(self.path)
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Length", str(len(answer or b"")))
            self.end_headers()
            self.wfile.write((answer or b"")[: len(answer or b"") - mirror.cut])

        def log_message(self, *args: Any) -> None:
            """Nothing on the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        mirror = Mirror(f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield mirror
        server.shutdown()
        thread.join()


mirror = pytest.fixture(serve, name="mirror")
second = pytest.fixture(serve, name="second")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "mnist"


def load(cache: Path, *mirrors: Mirror, progress: bool = False) -> Dataset:
    return load_mnist(
        cache_dir=cache, mirrors=[mirror.url for mirror in mirrors], files=FILES, progress=progress
    )


def assert_right(dataset: Dataset, cache: Path) -> None:
    assert (len(dataset.train), len(dataset.test)) == (12, 4)
    assert "the original files by their MD5" in dataset.description
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENT


def test_a_second_load_makes_no_request(mirror: Mirror, cache: Path) -> None:
    assert_right(load(cache, mirror), cache)
    assert mirror.requests == [f"/{name}.gz" for name in CONTENT]
    mirror.requests.clear()
    assert_right(load(cache, mirror), cache)
    assert mirror.requests == []


def test_progress_is_drawn_on_standard_error(
    mirror: Mirror, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_right(load(cache, mirror, progress=True), cache)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("100%") >= 4


def test_no_progress_is_drawn_unasked(
    mirror: Mirror, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(cache, mirror)
    assert "%" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "pack",
    [
        lambda text: text,
        lambda text: gzip.compress(text, 1),
        lambda text: gzip.compress(text[:10]) + gzip.compress(text[10:], 9),
    ],
    ids=["plain", "another level", "two members"],
)
def test_any_packing_will_do(mirror: Mirror, cache: Path, pack: Any) -> None:
    mirror.answers = {f"/{name}.gz": pack(text) for name, text in CONTENT.items()}
    assert_right(load(cache, mirror), cache)


def changed(text: bytes) -> bytes:
    return text[:-1] + bytes([text[-1] ^ 1])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (gzip.compress(changed(CONTENT["t10k-labels-idx1-ubyte"])), "wrong content by its MD5"),
        (CONTENT["train-labels-idx1-ubyte"], "wrong content by its MD5"),
        (b"<html>Please log in to this network</html>", "not an IDX file"),
        (gzip.compress(CONTENT["t10k-labels-idx1-ubyte"])[:-9], "truncated"),
        (b"", "truncated"),
    ],
    ids=["one bit", "another file", "web page", "broken gzip", "nothing"],
)
def test_wrong_content_is_refused_and_leaves_nothing(
    mirror: Mirror, cache: Path, answer: bytes, reason: str
) -> None:
    mirror.answers["/t10k-labels-idx1-ubyte.gz"] = answer
    with pytest.raises(DataError, match=rf"t10k-labels-idx1-ubyte.*{reason}.*--data-dir"):
        load(cache, mirror)
    assert {path.name for path in cache.iterdir()} == CONTENT.keys() - {"t10k-labels-idx1-ubyte"}


def test_a_transfer_that_breaks_off_leaves_nothing(mirror: Mirror, cache: Path) -> None:
    mirror.cut = 10
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.*Error.*--data-dir"):
        load(cache, mirror)
    assert list(cache.iterdir()) == []


def test_an_endless_answer_is_cut_off(mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="longer than 100 bytes"):
        load(cache, mirror)
    assert list(cache.iterdir()) == []


def test_a_mirror_that_fails_is_tried_last_from_then_on(mirror: Mirror, second: Mirror, cache: Path) -> None:
    mirror.answers.clear()
    assert_right(load(cache, mirror, second), cache)
    assert mirror.requests == ["/train-images-idx3-ubyte.gz"]
    assert second.requests == [f"/{name}.gz" for name in CONTENT]


def test_mirrors_may_complete_each_other(mirror: Mirror, second: Mirror, cache: Path) -> None:
    del mirror.answers["/train-labels-idx1-ubyte.gz"]
    second.answers = {"/train-labels-idx1-ubyte.gz": second.answers["/train-labels-idx1-ubyte.gz"]}
    assert_right(load(cache, mirror, second), cache)


@pytest.mark.parametrize("damage", [changed, lambda text: text[:-1], lambda _: b""])
def test_a_damaged_file_in_the_cache_is_fetched_again(mirror: Mirror, cache: Path, damage: Any) -> None:
    load(cache, mirror)
    mirror.requests.clear()
    path = cache / "train-labels-idx1-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    assert_right(load(cache, mirror), cache)
    assert mirror.requests == ["/train-labels-idx1-ubyte.gz"]


def unused_url() -> str:
    """The address of a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_offline_the_error_is_one_sentence_that_names_the_way_out(cache: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_mnist(cache_dir=cache, mirrors=[unused_url(), unused_url()], files=FILES)
    message = str(caught.value)
    assert message.startswith(f"train-images-idx3-ubyte is not in the cache {cache}")
    assert message.count("ConnectionError") == 2
    assert message.endswith("with --data-dir.")
    assert ". " not in message
    assert "\n" not in message


def test_a_silent_server_is_given_up(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "CONNECT_AND_READ_SECONDS", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DataError, match="ReadTimeout"):
            load_mnist(cache_dir=cache, mirrors=[url], files=FILES)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "no-address", "http://", "http://[", "http://127.0.0.1:x"]
)
def test_addresses_that_are_none_are_data_errors(cache: Path, url: str) -> None:
    with pytest.raises(DataError, match="--data-dir"):
        load_mnist(cache_dir=cache, mirrors=[url], files=FILES)


def test_no_mirror_at_all_is_said(cache: Path) -> None:
    with pytest.raises(DataError, match="no mirror was given"):
        load_mnist(cache_dir=cache, mirrors=[], files=FILES)


@pytest.mark.skipif(sys.platform != "linux", reason="XDG folders are a custom of Linux")
def test_the_environment_names_the_mirror_and_the_cache(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, mirror.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "digitnet"
    assert_right(load_mnist(files=FILES), tmp_path / "digitnet" / "mnist")


def test_several_loads_at_once_do_not_disturb_each_other(mirror: Mirror, cache: Path) -> None:
    barrier = threading.Barrier(6)

    def load_together(_: int) -> Dataset:
        barrier.wait()
        return load(cache, mirror)

    with ThreadPoolExecutor(6) as pool:
        datasets = list(pool.map(load_together, range(6)))
    for dataset in datasets:
        assert_right(dataset, cache)


def test_a_cache_that_cannot_be_made_is_said(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cache .*file/mnist cannot be used .*XDG_CACHE_HOME.*--data-dir"):
        load(tmp_path / "file" / "mnist", mirror)


@pytest.mark.parametrize("module", ["pooch", "tqdm"])
def test_without_pooch_or_tqdm_the_error_says_what_to_install(
    module: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module == "pooch":
        monkeypatch.setitem(sys.modules, "pooch", None)
        with pytest.raises(DataError, match=r"pip install 'digitnet\[train\]'"):
            default_cache()
    else:
        monkeypatch.setattr("pooch.downloaders.tqdm", None)
    with pytest.raises(DataError, match=r"pip install 'digitnet\[train\]'"):
        fetch(FILES, cache, [], progress=True)
