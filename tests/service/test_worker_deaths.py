"""Processes that die or hang are replaced, and those who are served by others notice nothing."""

import signal
import time
import urllib.request

import psutil
from prometheus_client.parser import text_string_to_metric_families

from .load import under_load


def children(server):
    return {child.pid for child in psutil.Process(server.process.pid).children()}


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.02)


def deaths(server):
    with urllib.request.urlopen(server.url + "/metrics", timeout=30) as answer:
        families = {f.name: f for f in text_string_to_metric_families(answer.read().decode())}
    processes = sum(sample.value for sample in families["digitnet_model_processes"].samples)
    return processes, families["digitnet_worker_deaths"].samples[0].value


def test_each_process_is_killed_under_load_and_only_its_own_requests_fail(run_server, model, draw):
    with run_server("--model", str(model), "--workers", "2") as server:
        wait_until(lambda: deaths(server) == (2, 0))
        with under_load(server.port, draw("7"), keep_alive=6, new_connections=2) as load:
            doomed = set()
            for victim in children(server):
                time.sleep(0.5)
                served = len(load.answers)
                process = psutil.Process(victim)
                process.suspend()  # from here on it takes nobody else
                doomed |= {end.raddr.port for end in process.net_connections() if end.raddr}
                process.kill()
                wait_until(
                    lambda victim=victim: len(children(server)) == 2 and victim not in children(server)
                )
                wait_until(lambda served=served: len(load.answers) > served + 10)
        assert [failure for failure in load.failures if failure[0] not in doomed] == []
        assert {status for status, _ in load.answers} == {200}
        assert deaths(server) == (2, 2)


def test_a_process_whose_main_loop_hangs_is_replaced(run_server, model):
    with run_server("--model", str(model), "--workers", "1", "--hang-seconds", "4") as server:
        wait_until(lambda: children(server))
        (before,) = children(server)
        assert server.is_alive()
        psutil.Process(before).send_signal(signal.SIGSTOP)
        wait_until(lambda: children(server) and before not in children(server))
        assert server.is_alive()
        assert deaths(server) == (1, 1)


def test_a_process_that_is_told_to_end_does_not_count_as_dead(run_server, model):
    with run_server("--model", str(model), "--workers", "2") as server:
        wait_until(lambda: deaths(server) == (2, 0))
        server.process.send_signal(signal.SIGTTOU)  # gunicorn: one process less
        wait_until(lambda: len(children(server)) == 1)
        wait_until(lambda: deaths(server) == (1, 0))
