"""The client that is generated from the protocol's own OpenAPI document, against a running server."""

import asyncio
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from open_inference.openapi.client import AsyncOpenInferenceClient, InferenceRequest, OpenInferenceClient
from open_inference.openapi.core.api_error import ApiError
from open_inference.openapi.errors import BadRequestError, NotFoundError


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(timeout=60) as connection:
        yield OpenInferenceClient(base_url=server.url, httpx_client=connection)


def request(ink, data=None, **more):
    """A request for rows of ink, nested as it comes."""
    data = ink.tolist() if data is None else data
    entry = {"name": "inputs", "shape": list(ink.shape), "datatype": "FP32", "data": data}
    return InferenceRequest(inputs=[entry], **more)


def elements(response, name):
    """The data of an output."""
    (output,) = (output for output in response.outputs if output.name == name)
    return np.array(output.data.__root__).reshape(output.shape)


def test_health_and_metadata(client, recognizer):
    assert client.check_server_liveness() is None
    assert client.check_server_readiness() is None
    server = client.read_server_metadata()
    assert server.name == "digitnet"
    assert "binary_tensor_data" in server.extensions
    for name in ("mnist", "mnist-pictures"):
        assert client.check_model_readiness(name) is None
        assert client.check_model_version_readiness(name, recognizer.version) is None
        metadata = client.read_model_metadata(name)
        assert metadata == client.read_model_version_metadata(name, recognizer.version)
        assert (metadata.name, metadata.versions) == (name, [recognizer.version])
        assert metadata.inputs[0].shape[0] == -1


@pytest.mark.parametrize("shape", [(10, 784), (10, 28, 28), (10, 1, 28, 28)])
@pytest.mark.parametrize("flat", [True, False])
def test_digits(client, recognizer, ink, expected, shape, flat):
    asked = request(ink.reshape(shape), ink.ravel().tolist() if flat else None, id="seven")
    for response in (
        client.model_infer("mnist", request=asked),
        client.model_version_infer("mnist", recognizer.version, request=asked),
    ):
        assert (response.model_name, response.model_version) == ("mnist", recognizer.version)
        assert response.id == "seven"
        assert np.abs(elements(response, "probabilities") - expected).max() < 1e-5
        assert elements(response, "digit").tolist() == expected.argmax(axis=1).tolist()


def test_outputs_by_name(client, ink, expected):
    likeliest = {"name": "probabilities", "parameters": {"classification": 1}}
    asked = request(ink, outputs=[{"name": "digit"}, likeliest])
    response = client.model_infer("mnist", request=asked)
    assert [output.name for output in response.outputs] == ["digit", "probabilities"]
    places = [int(word.split(":")[1]) for word in elements(response, "probabilities").ravel()]
    assert places == expected.argmax(axis=1).tolist() == elements(response, "digit").tolist()


def test_pictures(client, draw):
    pictures = [b64encode(draw(text)).decode() for text in ("42", "7")]
    entry = {"name": "pictures", "shape": [2], "datatype": "BYTES", "data": pictures}
    response = client.model_infer("mnist-pictures", request=InferenceRequest(inputs=[entry]))
    # This client makes a number of every text that looks like one.
    assert elements(response, "text").tolist() == [42.0, 7.0]
    assert elements(response, "accepted").tolist() == [True, True]


def test_errors_carry_our_sentence(client, ink):
    with pytest.raises(BadRequestError) as caught:
        client.model_infer("mnist", request=request(ink + 1))
    assert "taken from 0" in caught.value.body["error"]
    with pytest.raises(NotFoundError) as caught:
        client.check_model_readiness("resnet")
    assert "no model" in caught.value.body["error"]
    with pytest.raises(ApiError) as caught:
        client.model_infer("mnist-pictures", request=request(ink))
    assert "Its input is pictures" in caught.value.body["error"]


def test_the_same_without_waiting(server, ink, expected):
    async def ask():
        async with httpx.AsyncClient(timeout=60) as connection:
            client = AsyncOpenInferenceClient(base_url=server.url, httpx_client=connection)
            await client.check_server_readiness()
            await client.check_model_readiness("mnist")
            rows = [client.model_infer("mnist", request=request(ink[[row]])) for row in range(10)]
            return await asyncio.gather(*rows)

    # In a thread of its own: where a browser is open, this one has a loop already.
    with ThreadPoolExecutor(1) as thread:
        responses = thread.submit(lambda: asyncio.run(ask())).result()
    for row, response in enumerate(responses):
        assert np.abs(elements(response, "probabilities") - expected[[row]]).max() < 1e-5
