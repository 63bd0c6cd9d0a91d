"""Whole pictures as BYTES: the answers of /api/v1/predict, and its limits."""

import io
import json
import struct
from base64 import b64encode

import numpy as np
import pytest

from digitnet import Recognizer

INFER = "/v2/models/mnist-pictures/infer"
LENGTH = "Inference-Header-Content-Length"


def framed(*pictures):
    return b"".join(struct.pack("<I", len(picture)) + picture for picture in pictures)


def header(count, size, **changes):
    entry = {"name": "pictures", "shape": [count], "datatype": "BYTES", **changes}
    if "data" not in entry:
        entry["parameters"] = {"binary_data_size": size}
    return {"inputs": [entry]}


@pytest.fixture(scope="module")
def pictures(draw):
    blank = draw(" ")
    return [draw("42"), blank, draw("7", "JPEG"), draw("130", "WEBP"), draw("05", "BMP"), draw("9", "GIF")]


@pytest.fixture(scope="module")
def predictions(real_client, pictures):
    """What /api/v1/predict says of them."""
    data = {"image": [(io.BytesIO(picture), "x") for picture in pictures]}
    return real_client.post("/api/v1/predict", data=data).get_json()["predictions"]


def check(outputs, predictions):
    texts = [text.decode() if isinstance(text, bytes) else text for text in outputs["text"]]
    assert texts == [prediction["text"] for prediction in predictions]
    assert outputs["confidence"].tolist() == pytest.approx([entry["confidence"] for entry in predictions])
    assert outputs["accepted"].tolist() == [entry["accepted"] for entry in predictions]


def test_the_predictions_differ(predictions):
    assert len({prediction["text"] for prediction in predictions}) == 6
    assert {prediction["accepted"] for prediction in predictions} == {True, False}


@pytest.mark.parametrize("shape", [[6], [6, 1]])
def test_pictures_as_binary_data(real_client, binary_body, outputs_of, pictures, predictions, shape):
    body = framed(*pictures)
    answer = real_client.post(INFER, **binary_body(header(6, len(body), shape=shape), body))
    check(outputs_of(answer), predictions)
    assert answer.get_json()["outputs"][0]["datatype"] == "BYTES"


@pytest.mark.parametrize("binary", [True, False])
def test_pictures_as_base64_in_json(real_client, outputs_of, pictures, predictions, binary):
    data = [b64encode(picture).decode() for picture in pictures]
    request = {**header(6, 0, data=data), "parameters": {"binary_data_output": binary}}
    answer = real_client.post(INFER, json=request)
    assert (LENGTH in answer.headers) == binary
    check(outputs_of(answer), predictions)


def test_a_picture_as_the_body(real_client, outputs_of, pictures, predictions):
    for picture, prediction in zip(pictures, predictions, strict=True):
        answer = real_client.post(INFER, data=picture, headers={LENGTH: "0"})
        check(outputs_of(answer), [prediction])


@pytest.mark.parametrize("data", [["no base64!"], [""], ["é"], [1], [None], [["x", "y"]], ["\ud800"], ["QQ"]])
def test_what_is_no_base64_is_refused(real_client, problem, data):
    problem(real_client.post(INFER, data=json.dumps(header(1, 0, data=data))), 400)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x01",
        b"\x01\0\0\0",
        b"\x05\0\0\0abcd",
        b"\x03\0\0\0abcd",
        b"\xff\xff\xff\xffabcd",
        bytes(8),
        bytes(4096),
        framed(b"a", b"b"),
        framed(b"abc") + b"\0",
    ],
)
def test_elements_that_do_not_fill_the_bytes_are_refused(real_client, problem, binary_body, raw):
    answer = real_client.post(INFER, **binary_body(header(1, len(raw)), raw))
    detail = problem(answer, 400)
    assert "behind its length" in detail


def test_numbers_are_no_pictures(real_client, problem, binary_body):
    request = binary_body(header(1, 1, datatype="UINT8"), b"\0")
    assert "must be BYTES" in problem(real_client.post(INFER, **request), 400)


@pytest.mark.parametrize("shape", [[1, 2], [1, 1, 1], [2, 3]])
def test_pictures_have_one_dimension(real_client, problem, binary_body, shape):
    body = framed(*[b"x"] * int(np.prod(shape)))
    problem(real_client.post(INFER, **binary_body(header(1, len(body), shape=shape), body)), 400)


def test_what_is_wrong_with_one_is_said_as_elsewhere(real_client, problem, bad_images, pictures, binary_body):
    for name, (data, status) in bad_images.items():
        answer = real_client.post(INFER, data=data, headers={LENGTH: "0"})
        problem(answer, status)
        body = framed(pictures[0], data)
        detail = problem(real_client.post(INFER, **binary_body(header(2, len(body)), body)), status)
        assert detail.startswith("Image 2 of 2: "), name


def test_as_many_pictures_as_allowed_and_not_one_more(app_with, model, problem, pictures, binary_body):
    client = app_with(Recognizer.load(model), max_images=2, max_parts=2).test_client()
    for count, status in ((2, 200), (3, 413)):
        body = framed(*[pictures[0]] * count)
        answer = client.post(INFER, **binary_body(header(count, len(body)), body))
        assert answer.status_code == status
    assert "3 pictures, but at most 2" in problem(answer, 413)


def test_pictures_share_a_budget_of_pixels(app_with, model, problem, pictures, binary_body):
    client = app_with(Recognizer.load(model), max_total_pixels=50_000).test_client()
    body = framed(*[pictures[0]] * 3)
    detail = problem(client.post(INFER, **binary_body(header(3, len(body)), body)), 413)
    assert "50,000 pixels together" in detail
