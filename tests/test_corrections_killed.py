"""A hundred times kill -9 while corrections are written: what was acknowledged is there, once."""

import multiprocessing
import os
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from digitnet import Corrections

KILLS = 100
WRITERS = 3
KEPT, TO_REMOVE, REMOVED = b"+", b"?", b"-"


def _write(path, seed, pipe):
    """Add pictures that are all different for ever, take every third back; say so when it is done."""
    corrections = Corrections(path, size=8, levels=255)
    rng = np.random.default_rng(seed)
    while True:
        pixels = rng.integers(1, 256, (8, 8), dtype=np.uint8)
        name = corrections.add(pixels, int(pixels[0, 0]) % 10).encode()
        pipe.send_bytes(KEPT + name + pixels.tobytes())
        if pixels[0, 1] % 3 == 0:
            pipe.send_bytes(TO_REMOVE + name)
            assert corrections.remove(name.decode())
            pipe.send_bytes(REMOVED + name)


class _Writer:
    def __init__(self, context, path, seed):
        self.pipe, end = context.Pipe(duplex=False)
        self.process = context.Process(target=_write, args=(path, seed, end))
        self.process.start()
        end.close()
        self.heard = []
        assert self.pipe.poll(60), "a writer did not start"

    def listen(self):
        """Take what has been said so far; the pipe of a dead writer ends."""
        try:
            while self.pipe.poll():
                self.heard.append(self.pipe.recv_bytes())
        except EOFError:
            return

    def kill(self):
        self.process.kill()
        self.process.join()
        assert self.process.exitcode == -9  # and not by an error of its own
        self.listen()
        self.pipe.close()


@pytest.fixture
def path(tmp_path):
    """In memory where that can be: a killed process leaves there what it leaves on a disk, and sooner."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield tmp_path / "corrections.sqlite"
        return
    with TemporaryDirectory(dir=memory, prefix="corrections-") as folder:
        yield Path(folder) / "corrections.sqlite"


def _check_integrity(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_hundred_kills_lose_nothing_that_was_acknowledged(path):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["digitnet.corrections", "pytest"])
    alive, dead = [], []
    try:
        while len(dead) < KILLS:
            while len(alive) < WRITERS:
                alive.append(_Writer(context, path, rng.randrange(2**32)))
            time.sleep(rng.uniform(0, 0.03))
            # Now and then all of them, so that the next one finds a file that nobody has closed.
            for writer in list(alive) if rng.random() < 0.2 else [rng.choice(alive)]:
                writer.kill()
                alive.remove(writer)
                dead.append(writer)
            for writer in alive:
                writer.listen()
            if not alive:
                _check_integrity(path)
    finally:
        for writer in alive:
            writer.kill()
    writers = dead + alive

    said = {kind: {} for kind in (KEPT, TO_REMOVE, REMOVED)}
    for message in (message for writer in writers for message in writer.heard):
        said[message[:1]][message[1:23].decode()] = message[23:]
    assert len(said[KEPT]) > 5 * KILLS, "too little was written to show anything"
    _check_integrity(path)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT id, pixels, label FROM corrections").fetchall()
    there = {name: pixels for name, pixels, _ in rows}
    assert max(Counter(pixels for _, pixels, _ in rows).values()) == 1
    assert all(label == pixels[0] % 10 for _, pixels, label in rows)
    for name, pixels in said[KEPT].items():
        if name not in said[TO_REMOVE]:
            assert there.get(name) == pixels
    assert not said[REMOVED].keys() & there.keys()
    # Beside those there is at most the one that each writer was about to acknowledge.
    assert len(there.keys() - said[KEPT].keys()) <= len(writers)
    corrections = Corrections(path, size=8, levels=255)
    assert len(corrections) == len(rows) == len(corrections.read()[1])
