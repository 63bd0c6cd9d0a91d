"""Fonts by way of a package client: only the right content reaches the cache, whole and once."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from digitnet.errors import DataError
from digitnet.synthesis import font_files
from digitnet.synthesis.font_files import FontFile, FontRecord, fetch_fonts, font_table

CONTENT = {
    "pen-latin.woff": b"wOFF a pen" * 50,
    "pen-greek.woff": b"wOFF a Greek pen" * 50,
    "brush-latin.woff": b"wOFF a brush" * 50,
}


def record(family: str, version: str, name: str, held_out: bool = False) -> FontRecord:
    digest = hashlib.sha256(CONTENT[name]).hexdigest()
    return FontRecord(family, version, "OFL-1.1", held_out, f"files/{name}", digest)


TABLE = [
    record("pen", "5.0.1", "pen-latin.woff"),
    record("pen", "5.0.1", "pen-greek.woff"),
    record("brush", "4.2.0", "brush-latin.woff", held_out=True),
]


def package(files: dict[str, bytes]) -> bytes:
    """A package as registries hold it: files under ``package/``, packed with gzip."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


PEN = package(
    {
        "package.json": b'{"name": "@fontsource/pen", "version": "5.0.1"}',
        "files/other.woff": b"other",
        "files/pen-latin.woff": CONTENT["pen-latin.woff"],
        "files/pen-greek.woff": CONTENT["pen-greek.woff"],
    }
)
BRUSH = package(
    {
        "package.json": b'{"name": "@fontsource/brush", "version": "4.2.0"}',
        "files/brush-latin.woff": CONTENT["brush-latin.woff"],
    }
)

# It does what npm pack does as far as anybody can see: name@version in, name-version.tgz out.
CLIENT = """#!{python} -ES
import os, shutil, sys, time
store = {store!r}
with open(os.path.join(store, "calls"), "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
assert sys.argv[1] == "pack"
for name in sys.argv[2:]:
    if name.startswith("-"):
        continue
    file = name.lstrip("@").replace("/", "-").replace("@", "-") + ".tgz"
    if not os.path.exists(os.path.join(store, file)):
        sys.exit("npm error 404 Not Found - " + name)
    shutil.copy(os.path.join(store, file), file)
"""


class Store:
    """The packages that the client in ``PATH`` can get, and how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put("pen-5.0.1", PEN)
        self.put("brush-4.2.0", BRUSH)

    def put(self, name: str, content: bytes) -> None:
        (self.folder / f"fontsource-{name}.tgz").write_bytes(content)

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    programs, packages = tmp_path / "programs", tmp_path / "packages"
    programs.mkdir()
    packages.mkdir()
    client = programs / "npm"
    client.write_text(CLIENT.format(python=sys.executable, store=str(packages)))
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return Store(packages)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "fonts"


def assert_right(fonts: list[FontFile], cache: Path) -> None:
    assert fonts == [
        FontFile("pen", (cache / "pen-latin.woff", cache / "pen-greek.woff"), held_out=False),
        FontFile("brush", (cache / "brush-latin.woff",), held_out=True),
    ]
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENT


def test_fonts_are_fetched_once(store: Store, cache: Path) -> None:
    assert_right(fetch_fonts(cache, table=TABLE), cache)
    assert [call.split()[-2:] for call in store.calls] == [
        ["@fontsource/pen@5.0.1", "@fontsource/brush@4.2.0"]
    ]
    assert_right(fetch_fonts(cache, table=TABLE), cache)
    assert len(store.calls) == 1


@pytest.mark.usefixtures("store")
def test_the_cache_is_enough_without_a_client(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_fonts(cache, table=TABLE)
    monkeypatch.setenv("PATH", "")
    assert_right(fetch_fonts(cache, table=TABLE), cache)
    (cache / "brush-latin.woff").unlink()
    with pytest.raises(DataError, match=r"npm.*is not installed.*name a folder"):
        fetch_fonts(cache, table=TABLE)


@pytest.mark.skipif(sys.platform != "linux", reason="XDG folders are a custom of Linux")
def test_unless_told_otherwise_fonts_lie_in_the_users_cache(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert_right(fetch_fonts(table=TABLE), tmp_path / "digitnet" / "fonts")
    assert store.calls


def changed(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("damage", [changed, lambda content: content[:-1], lambda _: b""])
def test_only_a_damaged_font_is_fetched_again(store: Store, cache: Path, damage: Any) -> None:
    fetch_fonts(cache, table=TABLE)
    path = cache / "brush-latin.woff"
    path.write_bytes(damage(path.read_bytes()))
    assert_right(fetch_fonts(cache, table=TABLE), cache)
    assert store.calls[1].split()[3:] == ["@fontsource/brush@4.2.0"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (package({"files/brush-latin.woff": changed(CONTENT["brush-latin.woff"])}), "wrong content by"),
        (package({"files/brush.woff": CONTENT["brush-latin.woff"]}), "holds no files/brush-latin.woff"),
        (package({"files/brush-latin.woff": bytes(2_000_000)}), "holds no .* of at most 1,048,576 bytes"),
        (BRUSH[: len(BRUSH) // 2], "cannot be unpacked"),
        (b"<html>", "cannot be unpacked"),
        (b"", "cannot be unpacked"),
    ],
    ids=["one bit", "another file", "oversize", "broken off", "web page", "nothing"],
)  # fmt: skip
def test_wrong_packages_are_refused_and_leave_nothing(
    store: Store, cache: Path, content: bytes, reason: str
) -> None:
    store.put("brush-4.2.0", content)
    with pytest.raises(DataError, match=f"fontsource-brush-4.2.0.tgz.*{reason}|{reason}.*brush-4.2.0.tgz"):
        fetch_fonts(cache, table=TABLE)
    assert {path.name for path in cache.iterdir()} == {"pen-latin.woff", "pen-greek.woff"}


def test_a_font_behind_endless_other_files_is_not_searched_for(
    store: Store, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(font_files, "MAX_UNPACKED_BYTES", 10_000)
    font = {"files/brush-latin.woff": CONTENT["brush-latin.woff"]}
    store.put("brush-4.2.0", package({"files/large": bytes(20_000), **font}))
    with pytest.raises(DataError, match=r"holds no files/brush-latin\.woff"):
        fetch_fonts(cache, table=TABLE)


@pytest.mark.usefixtures("store")
def test_a_package_that_is_too_long_is_not_unpacked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_files, "MAX_PACKAGE_BYTES", len(PEN) - 1)
    with pytest.raises(DataError, match=r"pen-5\.0\.1\.tgz is longer than"):
        fetch_fonts(cache, table=TABLE)


def test_the_clients_failure_is_told_in_one_sentence(store: Store, cache: Path) -> None:
    (store.folder / "fontsource-brush-4.2.0.tgz").unlink()
    with pytest.raises(DataError) as caught:
        fetch_fonts(cache, table=TABLE)
    message = str(caught.value)
    assert message.startswith(
        "npm could not fetch @fontsource/pen@5.0.1, @fontsource/brush@4.2.0 (npm error 404"
    )
    assert message.endswith("connect to the network, or name a folder that holds the font files.")
    assert "\n" not in message
    assert not cache.exists(), "a run that failed gives no fonts"


@pytest.mark.usefixtures("store")
def test_a_client_that_hangs_is_given_up(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tmp_path / "programs" / "npm"
    client.write_text(f"#!{sys.executable} -ES\nimport time\ntime.sleep(60)\n")
    monkeypatch.setattr(font_files, "PACKAGE_SECONDS", 0.2)
    with pytest.raises(DataError, match="took more than"):
        fetch_fonts(cache, table=TABLE)


@pytest.mark.usefixtures("store")
def test_a_client_that_cannot_run_is_said(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "programs" / "npm").write_text("#!/nowhere\n")
    with pytest.raises(DataError, match="npm cannot be run"):
        fetch_fonts(cache, table=TABLE)


@pytest.mark.usefixtures("store")
def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be"):
        fetch_fonts(tmp_path / "file" / "fonts", table=TABLE)


def test_a_folder_that_has_the_fonts_needs_no_fetching(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    assert_right(fetch_fonts(fonts_dir=folder, table=TABLE), folder)
    (folder / "pen-greek.woff").write_bytes(b"another")
    (folder / "brush-latin.woff").unlink()
    with pytest.raises(
        DataError, match=r"2 of 3 fonts are not in .*mine.*pen-greek\.woff, brush-latin\.woff"
    ):
        fetch_fonts(fonts_dir=folder, table=TABLE)
    assert store.calls == []


@pytest.mark.usefixtures("store")
def test_several_fetches_at_once_do_not_disturb_each_other(cache: Path) -> None:
    barrier = threading.Barrier(4)

    def fetch_together(_: int) -> list[FontFile]:
        barrier.wait()
        return fetch_fonts(cache, table=TABLE)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(fetch_together, range(4)))
    for fonts in answers:
        assert_right(fonts, cache)


def test_many_packages_are_fetched_in_several_runs(store: Store, cache: Path) -> None:
    table = []
    for number in range(15):
        store.put(f"f{number}-1.0.0", package({f"files/f{number}": bytes([number])}))
        digest = hashlib.sha256(bytes([number])).hexdigest()
        table.append(FontRecord(f"f{number}", "1.0.0", "OFL-1.1", False, f"files/f{number}", digest))
    fonts = fetch_fonts(cache, table=table)
    assert [font.family for font in fonts] == [f"f{number}" for number in range(15)]
    assert [font.paths[0].read_bytes() for font in fonts] == [bytes([number]) for number in range(15)]
    assert len(store.calls) == 3


@pytest.mark.parametrize("progress", [False, True])
@pytest.mark.usefixtures("store")
def test_progress_is_drawn_on_standard_error_if_asked_for(
    cache: Path, progress: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch_fonts(cache, table=TABLE, progress=progress)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("100%" in captured.err) == progress


@pytest.fixture
def registry() -> Iterator[str]:
    """A package registry on this machine, with the pen and the brush."""
    packages = {"pen": ("5.0.1", PEN), "brush": ("4.2.0", BRUSH)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = (
                self.path.removesuffix(".tgz").removeprefix("/@fontsource%2f").removeprefix("/@fontsource/")
            )
            version, content = packages.get(name, ("", b""))
            if content and not self.path.endswith(".tgz"):
                digest = hashlib.sha1(content).hexdigest()  # noqa: S324
                about = {"name": f"@fontsource/{name}", "version": version}
                about["dist"] = {"tarball": f"{url}/@fontsource/{name}.tgz", "shasum": digest}  # type: ignore[assignment]
                listing = {
                    "name": about["name"],
                    "dist-tags": {"latest": version},
                    "versions": {version: about},
                }
                content = json.dumps(listing).encode()
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Nothing on the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield url
        server.shutdown()
        thread.join()


@pytest.mark.skipif(
    shutil.which("npm") is None and not os.environ.get("DIGITNET_REQUIRE_ALL"), reason="npm is not installed"
)
def test_the_real_client_is_called_rightly(
    registry: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert_right(fetch_fonts(cache, table=TABLE), cache)
    unknown = [TABLE[0]._replace(family="none", sha256="0")]
    with pytest.raises(DataError, match=r"npm could not fetch @fontsource/none@5\.0\.1 \(.*404"):
        fetch_fonts(cache, table=unknown)


def test_the_table_names_each_font_once_and_by_an_open_licence() -> None:
    table = font_table()
    families = {font.family for font in table}
    assert 60 <= len(families) <= 90
    assert len({font.file for font in table}) == len(table)
    assert len({font.sha256 for font in table}) == len(table)
    assert {font.licence for font in table} <= {"OFL-1.1", "Apache-2.0", "UFL-1.0"}
    assert [font.family for font in table] == sorted(font.family for font in table)
    for font in table:
        assert font.file.startswith(f"files/{font.family}-"), font
        assert font.file.endswith(".woff"), font
        assert len(bytes.fromhex(font.sha256)) == 32, font


def test_about_every_fifth_family_is_held_out_with_all_its_files() -> None:
    sides = {font.family: {other.held_out for other in font_table() if other.family == font.family}
             for font in font_table()}  # fmt: skip
    assert all(len(side) == 1 for side in sides.values())
    assert 0.15 < sum(side == {True} for side in sides.values()) / len(sides) < 0.25
