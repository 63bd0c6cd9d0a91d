"""A hundred times kill -9 of a worker while corrections are posted: what was acknowledged is in the file."""

import http.client
import io
import json
import random
import sqlite3
import threading
import time
import urllib.error

import numpy as np
import psutil
from PIL import Image

from service.pictures import data_url

KILLS = 100
CLIENTS = 3
LONGEST_WAIT = 0.06  # seconds from an acknowledgement to the next kill: several corrections take as long


class Client(threading.Thread):
    """Posts one correction after the other, each another picture, and notes which were acknowledged."""

    def __init__(self, server, seed):
        super().__init__()
        self.server, self.rng = server, np.random.default_rng(seed)
        self.acknowledged, self.failed, self.refused, self.ends = {}, 0, [], False

    def run(self):
        while not self.ends:
            pixels = self.rng.integers(1, 256, (28, 28), dtype=np.uint8)
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "PNG")
            body = {"input": data_url(stream.getvalue()), "digit": int(pixels[0, 0]) % 10}
            try:
                status, _, answer = self.server.post(
                    json.dumps(body).encode(), "application/json", "/api/v1/feedback"
                )
            except (urllib.error.URLError, OSError, http.client.HTTPException):
                self.failed += 1  # killed before the answer: it may be there or not
                continue
            if status == 201:
                self.acknowledged[json.loads(answer)["id"]] = (pixels.tobytes(), body["digit"])
            else:
                self.refused.append((status, answer))


def test_no_acknowledged_correction_is_lost_by_a_hundred_kills(run_server, model, tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    path = tmp_path / "corrections.sqlite"
    killed = set()
    with run_server("--model", str(model), "--feedback", str(path), "--workers", "2") as server:
        master = psutil.Process(server.process.pid)
        clients = [Client(server, seed + number) for number in range(CLIENTS)]
        for client in clients:
            client.start()

        def acknowledged():
            return sum(len(client.acknowledged) for client in clients)

        try:
            while len(killed) < KILLS:
                before, deadline = acknowledged(), time.monotonic() + 30
                while acknowledged() == before:
                    assert time.monotonic() < deadline, "no correction is acknowledged any more"
                    time.sleep(0.002)
                time.sleep(rng.uniform(0, LONGEST_WAIT))
                workers = [child for child in master.children() if child.pid not in killed]
                if workers:
                    worker = rng.choice(workers)
                    worker.kill()
                    killed.add(worker.pid)
        finally:
            for client in clients:
                client.ends = True
            for client in clients:
                client.join()
        assert server.is_alive()
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT id, pixels, label FROM corrections").fetchall()
        (held,) = connection.execute("SELECT held FROM about").fetchone()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    there = {name: (pixels, label) for name, pixels, label in rows}
    assert held == len(rows) == len(there)
    expected = {name: value for client in clients for name, value in client.acknowledged.items()}
    assert {name: there.get(name) for name in expected} == expected
    assert [client.refused for client in clients] == [[]] * CLIENTS
    print(f"{len(expected)} acknowledged, {sum(client.failed for client in clients)} cut off, {held} kept")
    assert len(expected) >= KILLS
