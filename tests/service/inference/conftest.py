"""Digits as tensors, and short ways to ask about them."""

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray

from digitnet import Recognizer

INFER = "/v2/models/mnist/infer"
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture(scope="session")
def recognizer(model) -> Recognizer:
    """The model that the service serves, asked directly."""
    return Recognizer.load(model)


@pytest.fixture(scope="session")
def pixels(recognizer, draw) -> NDArray[np.uint8]:
    """The digits 0 to 9, uint8 (10, 28, 28)."""
    return np.stack([recognizer.recognize(draw(str(digit))).digits[0].pixels for digit in range(10)])


@pytest.fixture(scope="session")
def ink(pixels) -> NDArray[np.float32]:
    """The same as network inputs, float32 (10, 784)."""
    return (pixels.reshape(10, 784) / 255).astype(np.float32)


@pytest.fixture(scope="session")
def expected(recognizer, pixels) -> NDArray[np.float64]:
    """Their probabilities, (10, 10)."""
    return recognizer.probabilities(pixels)


def tensor(values: Any, datatype: str = "FP32", name: str = "inputs", **more: Any) -> dict[str, Any]:
    """An entry of `inputs` with its data in JSON."""
    values = np.asarray(values)
    return {"name": name, "shape": list(values.shape), "datatype": datatype, "data": values.tolist(), **more}


@pytest.fixture(name="tensor", scope="session")
def tensor_fixture() -> Callable[..., dict[str, Any]]:
    return tensor


def binary_body(header: dict[str, Any], *pieces: bytes) -> dict[str, Any]:
    """What the test client needs to post JSON with bytes behind it."""
    text = json.dumps(header).encode()
    return {"data": b"".join([text, *pieces]), "headers": {LENGTH: str(len(text))}}


@pytest.fixture(name="binary_body", scope="session")
def binary_body_fixture() -> Callable[..., dict[str, Any]]:
    return binary_body


@pytest.fixture
def infer(real_client: FlaskClient) -> Callable[..., dict[str, NDArray[Any]]]:
    """Ask for inputs, which must be answered, and read the outputs by their names."""

    def ask(*inputs: dict[str, Any], address: str = INFER, **more: Any) -> dict[str, NDArray[Any]]:
        answer = real_client.post(address, json={"inputs": list(inputs), **more})
        assert answer.status_code == 200, answer.text
        return outputs_of(answer)

    return ask


DTYPES = {"FP32": "<f4", "INT64": "<i8", "BOOL": "?", "BYTES": object}


def outputs_of(answer: Any) -> dict[str, NDArray[Any]]:
    """The outputs of an answer, read as the protocol has it and by no client's code."""
    length = int(answer.headers.get(LENGTH, len(answer.data)))
    place, outputs = length, {}
    for entry in json.loads(answer.data[:length])["outputs"]:
        dtype, data = DTYPES[entry["datatype"]], entry.get("data")
        if data is None:
            size = entry["parameters"]["binary_data_size"]
            raw, place = answer.data[place : place + size], place + size
            data = byte_strings(raw) if dtype is object else np.frombuffer(raw, dtype)
        outputs[entry["name"]] = np.array(data, dtype).reshape(entry["shape"])
    assert place == len(answer.data)
    return outputs


@pytest.fixture(name="outputs_of", scope="session")
def outputs_of_fixture() -> Callable[[Any], dict[str, NDArray[Any]]]:
    return outputs_of


def byte_strings(raw: bytes) -> list[bytes]:
    """The elements of a BYTES tensor."""
    found, place = [], 0
    while place < len(raw):
        (length,) = struct.unpack_from("<I", raw, place)
        found.append(raw[place + 4 : place + 4 + length])
        place += 4 + length
    assert place == len(raw)
    return found
