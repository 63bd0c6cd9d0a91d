"""A stop while many clients ask: each connection that was taken gets its answer, later ones are refused."""

import random
import time

import pytest

from .load import under_load


@pytest.mark.parametrize("text", ["7", ""])
def test_a_stop_under_load_drops_nothing(run_server, model, draw, text):
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    with (
        run_server("--model", str(model), "--keepalive-seconds", "1") as server,
        under_load(server.port, draw(text) if text else b"", keep_alive=12, new_connections=12) as load,
    ):
        time.sleep(random.Random(seed).uniform(1, 2))
        before = len(load.answers)
        server.process.terminate()
        load.wait_for_refusals()
        assert server.process.wait(30) == 0
    assert load.failures == []
    assert load.refusals == 24
    assert {status for status, _ in load.answers} == {200}
    assert 0 < before < len(load.answers)  # some were answered after the stop began
