"""Memory that large pictures took goes back to the system."""

import subprocess
import sys

import pytest

from service.allocator import give_back

# Threads take blocks of all sizes and free all but the last, as they do when they read pictures.
PROGRAM = """
import ctypes, sys, threading
import psutil
from service.allocator import give_back
if sys.argv[1] == "set":
    assert give_back()
together = threading.Barrier(24)
kept = []
def read():
    for size in (900_000, 2_000_000, 5_000_000, 12_000_000, 3_000_000):
        block = bytearray(size)
        small = [bytes(2000 + place) for place in range(500)]
        together.wait()
        kept.append(bytes(3000))
        del block
    small.clear()
threads = [threading.Thread(target=read) for _ in range(24)]
before = psutil.Process().memory_info().rss
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(psutil.Process().memory_info().rss - before)
"""


def growth(how: str, root) -> int:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    return int(answer.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Only glibc has this setting.")
def test_memory_of_many_threads_goes_back(root):
    by_itself, told = growth("unset", root), growth("set", root)
    print(f"{by_itself:,} bytes kept by itself, {told:,} when told")
    assert told < 0.6 * by_itself


def test_a_system_without_the_setting_is_left_alone(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda _name: object())
    assert give_back() is False
