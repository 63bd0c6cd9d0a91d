"""Digits as tensors: every form that is taken gives the recognizer's own answer; no other form gives any."""

import json

import numpy as np
import pytest

from digitnet import Recognizer

INFER = "/v2/models/mnist/infer"
LENGTH = "Inference-Header-Content-Length"


def check(outputs, expected, threshold, tolerance=1e-5):
    """These are the answers to the ten digits."""
    assert outputs["probabilities"].shape == expected.shape
    assert np.abs(outputs["probabilities"] - expected).max() < tolerance
    assert outputs["digit"].tolist() == expected.argmax(axis=1).tolist()
    assert np.abs(outputs["confidence"] - expected.max(axis=1)).max() < tolerance
    assert outputs["accepted"].tolist() == (expected.max(axis=1) >= threshold).tolist()


@pytest.fixture
def threshold(recognizer):
    return recognizer.model.rejection_threshold


def test_the_digits_are_told_apart(expected):
    """Lest rows that are mixed up give the same answers."""
    assert len(set(expected.argmax(axis=1))) >= 9
    assert len(np.unique(expected.max(axis=1).round(9))) == 10


@pytest.mark.parametrize("shape", [(10, 784), (10, 28, 28), (10, 1, 28, 28), (10, 28, 28, 1)])
@pytest.mark.parametrize("nested", [True, False])
def test_every_shape_in_json(infer, tensor, ink, expected, threshold, shape, nested):
    entry = tensor(ink.reshape(shape))
    if not nested:
        entry["data"] = ink.ravel().tolist()
    check(infer(entry), expected, threshold)


@pytest.mark.parametrize("datatype", ["FP16", "BF16", "FP32", "FP64", "UINT8"])
@pytest.mark.parametrize("form", ["JSON", "binary"])
def test_every_datatype(
    real_client, tensor, binary_body, outputs_of, pixels, ink, expected, threshold, datatype, form
):
    if datatype == "UINT8":
        values = pixels.reshape(10, 784)
    elif datatype == "BF16":
        values = (ink.view(np.uint32) >> 16).astype(np.uint16)
    else:
        values = ink.astype({"FP16": np.float16, "FP32": np.float32, "FP64": np.float64}[datatype])
    if form == "JSON":
        request = {"json": {"inputs": [tensor(ink if datatype == "BF16" else values, datatype)]}}
    else:
        entry = {
            "name": "inputs",
            "shape": [10, 784],
            "datatype": datatype,
            "parameters": {"binary_data_size": values.nbytes},
        }
        request = binary_body({"inputs": [entry]}, values.tobytes())
    answer = real_client.post(INFER, **request)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    check(outputs_of(answer), expected, threshold, 0.05 if datatype in ("FP16", "BF16") else 1e-5)


def test_ink_between_whole_levels_is_not_rounded(infer, tensor, recognizer, ink):
    faint = ink * np.float32(0.123)
    outputs = infer(tensor(faint))
    assert np.abs(outputs["probabilities"] - recognizer.input_probabilities(faint)).max() < 1e-6
    assert np.abs(outputs["probabilities"] - recognizer.probabilities(levels(faint))).max() > 1e-6


def levels(ink):
    return np.rint(ink * 255).astype(np.uint8).reshape(-1, 28, 28)


def test_a_request_without_json_is_rows_of_fp32(real_client, outputs_of, ink, expected, threshold):
    answer = real_client.post(INFER, data=ink.tobytes(), headers={LENGTH: "0"})
    assert answer.content_type == "application/octet-stream"
    check(outputs_of(answer), expected, threshold)


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (bytes(3135), 400), (bytes(3137), 400), (bytes(4 * 784 * 4097), 413)]
)
def test_a_request_without_json_has_whole_rows_and_not_too_many(app_with, model, problem, body, status):
    client = app_with(Recognizer.load(model), max_body_bytes=2**24).test_client()
    problem(client.post(INFER, data=body, headers={LENGTH: "0"}), status)


@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("own", [True, False, None])
def test_outputs_are_binary_where_that_is_asked_for(
    real_client, tensor, outputs_of, ink, expected, threshold, everything, own
):
    names = ["accepted", "probabilities", "digit", "confidence"]
    parameters = {} if own is None else {"parameters": {"binary_data": own}}
    request = {
        "inputs": [tensor(ink)],
        "outputs": [{"name": "accepted"}] + [{"name": name, **parameters} for name in names[1:]],
        "parameters": {"binary_data_output": everything},
    }
    answer = real_client.post(INFER, json=request)
    header = json.loads(answer.data[: int(answer.headers.get(LENGTH, len(answer.data)))])
    binary = [("data" not in entry) for entry in header["outputs"]]
    assert binary == [everything] + [everything if own is None else own] * 3
    assert (LENGTH in answer.headers) == any(binary)
    assert list(outputs_of(answer)) == names
    check(outputs_of(answer), expected, threshold)


def test_only_the_outputs_that_are_named_come_and_in_that_order(infer, tensor, ink):
    asked = [{"name": "digit"}, {"name": "accepted", "parameters": None}]
    assert list(infer(tensor(ink), outputs=asked)) == ["digit", "accepted"]
    for nothing in ([], None):
        every = ["probabilities", "digit", "confidence", "accepted"]
        assert list(infer(tensor(ink), outputs=nothing)) == every


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("classes", [1, 3, 10, 1000])
def test_classification(tensor, real_client, outputs_of, ink, expected, binary, classes):
    parameters = {"classification": classes, "binary_data": binary}
    request = {
        "inputs": [tensor(ink)],
        "outputs": [{"name": "probabilities", "parameters": parameters}, {"name": "digit"}],
    }
    answer = real_client.post(INFER, json=request)
    outputs = outputs_of(answer)
    found = outputs["probabilities"]
    assert found.shape == (10, min(classes, 10))
    for row, words in enumerate(found):
        words = [word.decode() if binary else word for word in words]
        values, places = zip(*(word.split(":") for word in words), strict=True)
        values, places = [float(value) for value in values], [int(place) for place in places]
        assert len(set(places)) == len(places)
        assert values == sorted(values, reverse=True)
        assert values == pytest.approx(expected[row][places], abs=1e-5)  # the last digits make no order
        assert values[0] == pytest.approx(expected[row].max(), abs=1e-5)
        assert places[0] == outputs["digit"][row]


@pytest.mark.parametrize("name", ["42", "", "é\u2028\x00", "x" * 5000])
def test_the_id_comes_back(real_client, tensor, ink, name):
    answer = real_client.post(INFER, json={"id": name, "inputs": [tensor(ink)]}).get_json()
    assert answer["id"] == name
    assert (answer["model_name"], len(answer["model_version"])) == ("mnist", 12)


def test_without_an_id_there_is_none(real_client, tensor, ink):
    for more in ({}, {"id": None}):
        assert "id" not in real_client.post(INFER, json={"inputs": [tensor(ink)], **more}).get_json()


def test_what_the_protocol_allows_beside_is_no_matter(infer, tensor, ink, expected, threshold):
    entry = tensor(ink, parameters={"content_type": "np"})
    parameters = {"sequence_id": 7, "sequence_start": True, "priority": 1, "timeout": 5, "mine": [1.5]}
    check(infer(entry, parameters=parameters, model_name="other"), expected, threshold)


@pytest.mark.parametrize(
    "kind", [None, "application/json", "text/plain", "application/x-www-form-urlencoded"]
)
def test_the_content_type_does_not_matter(real_client, tensor, outputs_of, ink, expected, threshold, kind):
    body = json.dumps({"inputs": [tensor(ink)]})
    check(outputs_of(real_client.post(INFER, data=body, content_type=kind)), expected, threshold)


@pytest.mark.parametrize("rows", [1, 511, 512, 513, 1300])
def test_rows_come_back_in_order(real_client, outputs_of, ink, expected, rows):
    order = np.random.default_rng(rows).integers(0, 10, rows)
    answer = real_client.post(INFER, data=ink[order].tobytes(), headers={LENGTH: "0"})
    assert np.abs(outputs_of(answer)["probabilities"] - expected[order]).max() < 1e-5


def test_as_many_rows_as_allowed_and_not_one_more(app_with, model, problem, tensor, ink):
    client = app_with(Recognizer.load(model), max_rows=7).test_client()
    assert client.post(INFER, json={"inputs": [tensor(ink[:7])]}).status_code == 200
    detail = problem(client.post(INFER, json={"inputs": [tensor(ink[:8])]}), 413)
    assert "8 rows" in detail
    assert "at most 7" in detail


def test_another_model_has_another_geometry(app_with, root, problem, tensor, outputs_of):
    recognizer = Recognizer.load(root / "models" / "digits.safetensors")
    client = app_with(recognizer).test_client()
    assert client.get("/v2/models/digits").get_json()["inputs"][0]["shape"] == [-1, 64]
    pixels = np.random.default_rng(3).integers(0, 17, (5, 8, 8)).astype(np.uint8)
    answer = client.post("/v2/models/digits/infer", json={"inputs": [tensor(pixels, "UINT8")]})
    assert np.abs(outputs_of(answer)["probabilities"] - recognizer.probabilities(pixels)).max() < 1e-6
    pixels[2, 0, 0] = 17
    answer = client.post("/v2/models/digits/infer", json={"inputs": [tensor(pixels, "UINT8")]})
    assert "Element 128 of" in problem(answer, 400)
