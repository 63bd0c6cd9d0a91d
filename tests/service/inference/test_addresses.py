"""What the server and its models say of themselves, and what is said where there is nothing."""

import json
from types import SimpleNamespace

import pytest

import digitnet
from digitnet import Recognizer

INPUTS = {"name": "inputs", "datatype": "FP32", "shape": [-1, 784]}
ADDRESSES = ["", "/ready", "/config", "/stats"]


class WrongReader:
    """A recognizer with a real network that reads every picture as the same text."""

    name, version = "wrong", "0"

    def __init__(self, model, text):
        self.model, self.text = Recognizer.load(model).model, text

    def recognize(self, _image):
        return SimpleNamespace(text=self.text)


def test_the_server_says_what_it_is(real_client):
    for address in ("/v2", "/v2/"):
        answer = real_client.get(address)
        assert answer.get_json() == {
            "name": "digitnet",
            "version": digitnet.__version__,
            "extensions": [
                "classification",
                "model_configuration",
                "model_repository",
                "binary_tensor_data",
                "statistics",
            ],
        }


def test_live_and_ready(real_client):
    assert real_client.get("/v2/health/live").get_json() == {"live": True}
    assert real_client.get("/v2/health/ready").get_json() == {"ready": True}
    for model in ("mnist", "mnist-pictures"):
        answer = real_client.get(f"/v2/models/{model}/ready")
        assert answer.get_json() == {"name": model, "ready": True}


def test_a_model_that_reads_the_known_digit_wrong_is_live_but_not_ready(app_with, model, problem):
    client = app_with(WrongReader(model, "1")).test_client()
    assert client.get("/v2/health/live").status_code == 200
    for address in ("/v2/health/ready", "/v2/models/wrong/ready", "/v2/models/wrong-pictures/ready"):
        assert problem(client.get(address), 503).startswith("The model is not ready")
    entries = client.post("/v2/repository/index").get_json()
    assert [entry["state"] for entry in entries] == ["UNAVAILABLE"] * 2
    assert all(entry["reason"].startswith("The model is not ready") for entry in entries)
    assert client.post("/v2/repository/index", data='{"ready": true}').get_json() == []


def test_metadata_of_the_network(real_client, recognizer):
    answer = real_client.get("/v2/models/mnist").get_json()
    assert answer == {
        "name": "mnist",
        "versions": [recognizer.version],
        "platform": "digitnet",
        "inputs": [INPUTS],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]},
            {"name": "digit", "datatype": "INT64", "shape": [-1]},
            {"name": "confidence", "datatype": "FP32", "shape": [-1]},
            {"name": "accepted", "datatype": "BOOL", "shape": [-1]},
        ],
    }


def test_metadata_of_the_pictures(real_client):
    answer = real_client.get("/v2/models/mnist-pictures").get_json()
    assert answer["inputs"] == [{"name": "pictures", "datatype": "BYTES", "shape": [-1]}]
    assert [output["name"] for output in answer["outputs"]] == ["text", "confidence", "accepted"]


@pytest.mark.parametrize("name", ["mnist", "mnist-pictures"])
def test_the_configuration_says_the_same_in_other_words(real_client, name):
    metadata = real_client.get(f"/v2/models/{name}").get_json()
    configuration = real_client.get(f"/v2/models/{name}/config").get_json()
    assert configuration["max_batch_size"] == 0
    for one, other in (("inputs", "input"), ("outputs", "output")):
        assert [(entry["name"], entry["shape"]) for entry in metadata[one]] == [
            (entry["name"], entry["dims"]) for entry in configuration[other]
        ]
    kinds = [entry["data_type"] for entry in configuration["output"]]
    assert kinds[-2:] == ["TYPE_FP32", "TYPE_BOOL"]


@pytest.mark.parametrize("end", ADDRESSES)
def test_a_version_in_the_address_is_the_served_one_or_the_latest(real_client, recognizer, problem, end):
    plain = real_client.get(f"/v2/models/mnist{end}")
    assert plain.status_code == 200
    for version in (recognizer.version, "latest", "-1"):
        answer = real_client.get(f"/v2/models/mnist/versions/{version}{end}")
        assert (answer.status_code, answer.get_json()) == (200, plain.get_json())
    detail = problem(real_client.get(f"/v2/models/mnist/versions/7{end}"), 404)
    assert recognizer.version in detail
    assert '"7"' in detail


@pytest.mark.parametrize("end", ADDRESSES)
def test_an_unknown_model_is_answered_with_the_names_that_there_are(real_client, problem, end):
    detail = problem(real_client.get(f"/v2/models/resnet{end}"), 404)
    assert detail == 'There is no model "resnet" here. The models are mnist and mnist-pictures.'


def test_a_name_that_is_repeated_is_short_and_printable(real_client, problem):
    detail = problem(real_client.get("/v2/models/" + "%07x" * 400), 404)
    assert len(detail) < 150
    assert detail.isprintable()


def test_the_names_of_the_models(real_client):
    assert real_client.get("/v2/models").get_json() == {"models": ["mnist", "mnist-pictures"]}


def test_the_index_lists_both_models(real_client, recognizer):
    expected = [
        {"name": name, "version": recognizer.version, "state": "READY", "reason": ""}
        for name in ("mnist", "mnist-pictures")
    ]
    for body in (b"", b"{}", b'{"ready": true}', b'{"ready": false}', b'{"ready": null}'):
        assert real_client.post("/v2/repository/index", data=body).get_json() == expected


@pytest.mark.parametrize("body", [b"[]", b'{"ready": 1}', b"ready", b'{"ready": true, "ready": false}'])
def test_an_index_of_something_else_is_refused(real_client, problem, body):
    problem(real_client.post("/v2/repository/index", data=body), 400)


@pytest.mark.parametrize("what", ["load", "unload"])
def test_clients_do_not_change_the_models(real_client, problem, what):
    detail = problem(real_client.post(f"/v2/repository/models/mnist/{what}", json={}), 403)
    assert "replaces the model's file" in detail
    problem(real_client.post(f"/v2/repository/models/other/{what}", json={}), 404)


@pytest.mark.parametrize(
    "address",
    [
        "logging",
        "trace/setting",
        "models/mnist/trace/setting",
        "systemsharedmemory/status",
        "systemsharedmemory/region/mine/register",
        "cudasharedmemory/status",
    ],
)
def test_extensions_that_are_not_there_are_not_found(real_client, problem, address):
    for method in ("GET", "POST"):
        detail = problem(real_client.open(f"/v2/{address}", method=method), 404)
        assert "not served" in detail


@pytest.mark.parametrize(
    ("address", "method", "right"),
    [
        ("/v2/models/mnist/infer", "GET", "POST"),
        ("/v2/models/mnist", "POST", "GET"),
        ("/v2/repository/index", "GET", "POST"),
        ("/v2/health/ready", "POST", "GET"),
    ],
)
def test_a_wrong_method_says_which_is_right(real_client, problem, address, method, right):
    assert problem(real_client.open(address, method=method), 405).endswith(f"Use {right}.")


def test_statistics_count_requests_rows_and_refusals(app_with, model, tensor, ink):
    client = app_with(Recognizer.load(model)).test_client()

    def counted(name):
        (entry,) = client.get(f"/v2/models/{name}/stats").get_json()["model_stats"]
        return entry

    assert counted("mnist")["inference_count"] == counted("mnist")["last_inference"] == 0
    for _ in range(3):
        client.post("/v2/models/mnist/infer", json={"inputs": [tensor(ink)]})
    client.post("/v2/models/mnist/infer", json={"inputs": [tensor(np_rows(ink, 1300))]})
    client.post("/v2/models/mnist/infer", data=b"nonsense")
    entry = counted("mnist")
    assert (entry["inference_count"], entry["execution_count"]) == (1330, 3 + 3)
    assert entry["inference_stats"]["success"]["count"] == 4
    assert entry["inference_stats"]["fail"]["count"] == 1
    assert entry["inference_stats"]["success"]["ns"] > 0
    assert entry["last_inference"] > 0
    assert counted("mnist-pictures")["inference_count"] == 0
    every = client.get("/v2/models/stats").get_json()["model_stats"]
    assert [one["name"] for one in every] == ["mnist", "mnist-pictures"]
    assert every[0] == json.loads(json.dumps(entry))


def np_rows(ink, count):
    """So many rows, the ten over and over, rounded so that their JSON is short."""
    return ink.round(1)[[place % len(ink) for place in range(count)]].astype(float).round(1)
