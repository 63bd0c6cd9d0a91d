"""What is counted: true to the last request across processes, and in Prometheus's own format."""

import os
import stat
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

PREDICT = "/api/v1/predict"


def samples(text):
    """Every sample by its name and labels, as strings."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of_client(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return samples(answer.text)


def of_server(server):
    with urllib.request.urlopen(server.url + "/metrics", timeout=30) as answer:
        return samples(answer.read().decode())


def requests(found, endpoint, method, status):
    labels = (("endpoint", endpoint), ("method", method), ("status", str(status)))
    return found.get(("digitnet_requests_total", *labels), 0)


def form(pictures):
    part = b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n%b\r\n'
    return b"".join(part % picture for picture in pictures) + b"--b--\r\n"


def processes(server):
    return psutil.Process(server.process.pid).children()


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.05)


def test_rows_of_tensors_are_counted(real_client):
    def count():
        found = of_client(real_client)
        return found["digitnet_tensor_rows_count",], found["digitnet_tensor_rows_sum",]

    requests_before, rows_before = count()
    tensor = {"name": "inputs", "shape": [3, 784], "datatype": "UINT8", "data": [0] * 3 * 784}
    assert real_client.post("/v2/models/mnist/infer", json={"inputs": [tensor]}).status_code == 200
    tensor["shape"] = [4, 784]
    assert real_client.post("/v2/models/mnist/infer", json={"inputs": [tensor]}).status_code == 400
    assert count() == (requests_before + 1, rows_before + 3)


def folder_of(server):
    """Where the processes of a server count, by the files that they hold open."""
    files = {Path(file.path) for process in processes(server) for file in process.open_files()}
    (folder,) = {file.parent for file in files if file.parent.name.startswith("digitnet-counters-")}
    return folder


def test_the_counts_of_all_processes_add_up_exactly_and_outlive_a_process(run_server, model, draw):
    pictures = [draw("7"), draw("42"), draw("")]  # digits: 1, 2, 0
    kind = "multipart/form-data; boundary=b"
    with run_server("--model", str(model), "--workers", "2") as server:
        with ThreadPoolExecutor(4) as pool:
            bodies = [form(pictures[: 1 + turn % 3]) for turn in range(36)]
            answers = list(pool.map(lambda body: server.post(body, kind)[0], bodies))
            list(pool.map(lambda _: server.post(b"no picture", "image/png"), range(5)))
        assert set(answers) == {200}
        server.talk(b"nonsense\r\n\r\n")
        busy = [len([f for f in p.open_files() if f.path.endswith(".db")]) for p in processes(server)]
        assert len(busy) == 2
        for killed in (False, True):
            if killed:
                victim = processes(server)[0]
                victim.kill()
                wait_until(lambda gone=victim.pid: gone not in {p.pid for p in processes(server)})
                wait_until(lambda: len(processes(server)) == 2)
                wait_until(lambda: sum(of_model(server)) == 2)
            found = of_server(server)
            assert requests(found, PREDICT, "POST", 200) == 36
            assert requests(found, PREDICT, "POST", 415) == 5
            assert found["digitnet_images_total",] == 12 * (1 + 2 + 3)
            assert found["digitnet_digits_total",] == 36 * 1 + 24 * 2
            assert found["digitnet_rejected_images_total",] == 12  # those without a digit
            assert found["digitnet_image_confidence_count",] == 72
            assert found["digitnet_image_confidence_bucket", ("le", "0.1")] == 12
            assert found["digitnet_request_images_count",] == 41
            assert found["digitnet_request_images_bucket", ("le", "2.0")] == 12 + 12 + 5
            assert found["digitnet_request_seconds_count", ("endpoint", PREDICT)] == 41
            assert found["digitnet_malformed_requests_total", ("status", "400")] == 1
            assert found["digitnet_worker_deaths_total",] == killed
            assert found["digitnet_images_waiting",] == found["digitnet_images_reading",] == 0
            assert 0 < time.time() - found["digitnet_start_time_seconds",] < 600


def of_model(server):
    return [value for key, value in of_server(server).items() if key[0] == "digitnet_model_processes"]


def test_an_application_without_a_server_counts_for_itself(app_with, draw):
    one, other = app_with().test_client(), app_with().test_client()
    one.post(PREDICT, data=draw("1"), content_type="image/png")
    assert requests(of_client(one), PREDICT, "POST", 200) == 1
    assert requests(of_client(other), PREDICT, "POST", 200) == 0
    assert of_client(one)["digitnet_model_processes", ("name", "fake"), ("version", "1.2.3")] == 1


def test_nobody_can_make_up_labels(client):
    for turn in range(5):
        client.get(f"/nothing/{turn}")
        client.open("/health/live", method=f"INVENTED{turn}")
        client.get(f"/static/{turn}.js")
    found = of_client(client)
    labels = {key for key in found if key[0] == "digitnet_requests_total"}
    assert requests(found, "none", "GET", 404) == 5
    assert requests(found, "none", "other", 405) == 5
    assert requests(found, "/static/<path:filename>", "GET", 404) == 5
    assert len(labels) == 3


def test_an_error_of_the_service_counts_as_500(app_with, draw):
    class Broken:
        name, version = "broken", "0"

        def recognize(self, _image):
            raise RuntimeError

    app = app_with(Broken())
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    client.post(PREDICT, data=draw("1"), content_type="image/png")
    assert requests(of_client(client), PREDICT, "POST", 500) == 1


def test_metrics_can_be_switched_off(app_with, run_server, model):
    assert app_with(metrics=False).test_client().get("/metrics").status_code == 404
    with run_server("--model", str(model), "--metrics", "false", "--workers", "1") as server:
        assert server.is_alive()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(server.url + "/metrics", timeout=10)
        caught.value.close()
        assert caught.value.code == 404
        files = [file.path for process in processes(server) for file in process.open_files()]
        assert not [file for file in files if file.endswith(".db")]


def test_the_counters_are_private_and_gone_when_the_server_is(run_server, model):
    with run_server("--model", str(model), "--workers", "1") as server:
        assert server.is_alive()
        folder = folder_of(server)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_a_process_that_died_while_it_made_its_file_does_not_matter(run_server, model):
    with run_server("--model", str(model), "--workers", "1") as server:
        assert server.is_alive()
        (folder_of(server) / "counter_1.db").touch()
        assert requests(of_server(server), "/health/ready", "GET", 200) == 1


def test_the_next_server_removes_what_a_killed_one_left_and_nothing_else(run_server, model):
    with (
        run_server("--model", str(model), "--workers", "1") as other,
        run_server("--model", str(model), "--workers", "1") as killed,
    ):
        assert other.is_alive()
        assert killed.is_alive()
        left, used = folder_of(killed), folder_of(other)
        workers = processes(killed)
        killed.process.kill()
        psutil.wait_procs(workers, timeout=20)
        # It is left there; a server of another test that starts at this moment may be the next one.
        with run_server("--model", str(model), "--workers", "1") as following:
            assert following.is_alive()
            assert not left.exists()
            assert used.exists()
            assert other.is_alive()
        assert os.listdir(used)  # noqa: PTH208
