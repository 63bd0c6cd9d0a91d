"""The files in deploy/ name what exists, and what they rely on is so."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from configparser import RawConfigParser

import pytest

from service.config import Config


@pytest.fixture
def unit(root):
    parser = RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string((root / "deploy" / "digitnet.service").read_text("utf-8"))
    return parser["Service"]


@pytest.fixture
def containerfile(root):
    return (root / "deploy" / "Containerfile").read_text("utf-8")


def environment(text):
    """The settings that a text names."""
    return {name.lower() for name in re.findall(r"DIGITNET_([A-Z_]+)", text)} - {"settings", ""}


@pytest.mark.parametrize("name", ["digitnet.service", "Containerfile"])
def test_every_setting_that_is_named_exists(root, name):
    named = environment((root / "deploy" / name).read_text("utf-8"))
    assert named
    assert named <= set(Config.model_fields)


def test_the_unit_starts_what_make_install_makes(unit):
    assert unit["ExecStart"] == f"{unit['WorkingDirectory']}/.venv/bin/python -m service"
    stop = Config.model_fields["stop_seconds"].default
    assert int(unit["TimeoutStopSec"]) > stop + 5


def test_systemd_understands_the_unit_and_finds_it_well_shut(root, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed.")
    text = (root / "deploy" / "digitnet.service").read_text("utf-8")
    file = tmp_path / "digitnet.service"
    # It must name a program that is there.
    file.write_text(text.replace("/opt/digitnet/.venv/bin/python", sys.executable), "utf-8")
    verified = subprocess.run([analyze, "verify", file], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    command = [analyze, "security", "--offline=true", "--no-pager", "--threshold=20", file]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout  # 20 stands for an exposure of 2.0 on a scale to 10


def test_the_image_copies_what_exists_and_nothing_hides_it(root, containerfile):
    copied = re.findall(r"^COPY (?!--from)(\S+) ", containerfile, re.MULTILINE)
    assert {"digitnet", "service", "models", "requirements/run.txt"} <= set(copied)
    shown = re.findall(r"^!(\S+)$", (root / ".containerignore").read_text("utf-8"), re.MULTILINE)
    for path in copied:
        assert (root / path).exists()
        assert path.split("/")[0] in shown


def test_the_images_locked_packages_have_hashes(root):
    lines = (root / "requirements" / "run.txt").read_text("utf-8").replace("\\\n", "")
    packages = [line for line in lines.splitlines() if line and not line.lstrip().startswith("#")]
    assert packages
    assert all("==" in line and "--hash=sha256:" in line for line in packages)


def test_the_health_check_of_the_image_tells_a_server_from_none(server, containerfile):
    command = json.loads(re.search(r"^    CMD (\[.*\])$", containerfile, re.MULTILINE)[1])
    assert "/health/ready" in command[2]

    def check(port):
        program = command[2].replace(":8000/", f":{port}/")
        return subprocess.run([sys.executable, *command[1:2], program], capture_output=True, check=False)

    assert check(server.port).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert check(port).returncode != 0


def test_systemd_is_told_when_the_service_is_ready(root, model, tmp_path, unit):
    assert unit["Type"] == "notify"
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "--port", "0", "--model", str(model), "--log-level", "error"],
            cwd=root,
            env={**os.environ, "NOTIFY_SOCKET": str(address)},
            stdout=subprocess.PIPE,
        )
        try:
            assert b"READY=1" in listener.recv(1000).split(b"\n")
            assert process.stdout.readline().startswith(b"digitnet serves ")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    assert process.returncode == 0


# What MemoryDenyWriteExecute= asks of the kernel since 6.3: PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN.
SHUT = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.executable, [sys.executable, "-m", "service", *sys.argv[1:]])
"""


def test_it_serves_where_memory_cannot_be_made_executable(root, model, unit, draw):
    assert unit["MemoryDenyWriteExecute"] == "yes"
    process = subprocess.Popen(
        [sys.executable, "-c", SHUT, "--port", "0", "--model", str(model), "--workers", "1"],
        cwd=root,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline()
        if not line and process.wait(30) == 77:
            pytest.skip("This kernel cannot forbid it.")
        url = line.split()[2] + "/api/v1/predict"
        request = urllib.request.Request(url, draw("42"), {"Content-Type": "image/png"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.loads(answer.read())["predictions"][0]["text"] == "42"
    finally:
        process.terminate()
        process.communicate(timeout=30)
