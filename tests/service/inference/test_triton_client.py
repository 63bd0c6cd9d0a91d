"""Triton's own client, tritonclient.http, against a running server: all that it can ask for here."""

import asyncio
import gzip
import zlib

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as asyncio_client
from tritonclient.utils import InferenceServerException

MODELS = ("mnist", "mnist-pictures")


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}", concurrency=4) as client:
        yield client


def given(values, datatype="FP32", name="inputs", binary=True):
    """An input with these values."""
    made = triton.InferInput(name, list(values.shape), datatype)
    return made.set_data_from_numpy(values, binary_data=binary)


def check(result, expected, tolerance=1e-5):
    probabilities = result.as_numpy("probabilities")
    assert np.abs(probabilities - expected).max() < tolerance
    assert (probabilities.dtype, probabilities.shape) == (np.float32, expected.shape)


def test_it_is_live_and_ready(client, recognizer):
    assert client.is_server_live()
    assert client.is_server_ready()
    for name in MODELS:
        assert client.is_model_ready(name)
        assert client.is_model_ready(name, recognizer.version)
        assert not client.is_model_ready(name, "7")
    assert not client.is_model_ready("resnet")


def test_metadata_configuration_and_index(client, recognizer):
    assert client.get_server_metadata()["name"] == "digitnet"
    for name in MODELS:
        metadata = client.get_model_metadata(name, recognizer.version)
        assert metadata == client.get_model_metadata(name)
        assert (metadata["name"], metadata["versions"]) == (name, [recognizer.version])
        assert client.get_model_config(name, recognizer.version)["name"] == name
    index = client.get_model_repository_index()
    assert [(entry["name"], entry["state"]) for entry in index] == [(name, "READY") for name in MODELS]


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64", "UINT8"])
def test_digits_of_every_datatype(client, ink, pixels, expected, datatype, binary):
    dtype = {"FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "UINT8": np.uint8}[datatype]
    values = pixels if datatype == "UINT8" else ink.astype(dtype)
    result = client.infer("mnist", [given(values, datatype, binary=binary)])
    check(result, expected, 0.01 if datatype == "FP16" else 1e-5)
    assert result.as_numpy("digit").tolist() == expected.argmax(axis=1).tolist()
    assert result.as_numpy("confidence").tolist() == pytest.approx(expected.max(axis=1), abs=0.01)
    assert result.as_numpy("accepted").dtype == bool
    assert result.as_numpy("logits") is None


def test_digits_in_bf16(client, ink, expected):
    result = client.infer("mnist", [given(ink, "BF16")])
    check(result, expected, 0.05)
    assert result.as_numpy("digit").tolist() == expected.argmax(axis=1).tolist()


@pytest.mark.parametrize("binary", [True, False])
def test_outputs_by_name_and_in_two_forms_at_once(client, ink, expected, binary):
    wanted = [
        triton.InferRequestedOutput("accepted", binary_data=not binary),
        triton.InferRequestedOutput("probabilities", binary_data=binary),
        triton.InferRequestedOutput("digit", binary_data=not binary),
    ]
    result = client.infer("mnist", [given(ink)], outputs=wanted, request_id="a 1", priority=3, timeout=9)
    check(result, expected)
    assert result.as_numpy("digit").tolist() == expected.argmax(axis=1).tolist()
    assert result.as_numpy("accepted").shape == (10,)
    assert result.get_response()["id"] == "a 1"
    assert result.get_response()["model_name"] == "mnist"
    names = [output["name"] for output in result.get_response()["outputs"]]
    assert names == ["accepted", "probabilities", "digit"]


@pytest.mark.parametrize("binary", [True, False])
def test_the_likeliest_classes(client, ink, expected, binary):
    wanted = [triton.InferRequestedOutput("probabilities", binary_data=binary, class_count=2)]
    found = client.infer("mnist", [given(ink)], outputs=wanted).as_numpy("probabilities")
    assert found.shape == (10, 2)
    for row, words in enumerate(found):
        for word, place in zip(words, np.argsort(-expected[row]), strict=False):
            value, index = (word.decode() if binary else word).split(":")
            assert float(value) == pytest.approx(expected[row][int(index)], abs=1e-5)
            assert float(value) == pytest.approx(expected[row][place], abs=1e-5)


def test_pictures(client, draw):
    pictures = np.array([draw("42"), draw(" "), draw("7", "JPEG")], object)
    result = client.infer("mnist-pictures", [given(pictures, "BYTES", "pictures")])
    assert result.as_numpy("text").tolist() == [b"42", b"", b"7"]
    assert result.as_numpy("accepted").tolist() == [True, False, True]
    assert result.as_numpy("confidence")[1] == 0


@pytest.mark.parametrize("request_coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("response_coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_compressed_both_ways(client, ink, expected, request_coding, response_coding, binary):
    wanted = [triton.InferRequestedOutput("probabilities", binary_data=binary)]
    result = client.infer(
        "mnist",
        [given(ink, binary=binary)],
        outputs=wanted,
        request_compression_algorithm=request_coding,
        response_compression_algorithm=response_coding,
    )
    check(result, expected)


@pytest.mark.parametrize(
    "accepted", ["gzip", "deflate", "gzip, deflate", "deflate, gzip;q=0.5", "br, gzip", "*"]
)
def test_what_is_called_compressed_is(real_client, ink, outputs_of, expected, accepted):
    headers = {"Inference-Header-Content-Length": "0", "Accept-Encoding": accepted}
    answer = real_client.post("/v2/models/mnist/infer", data=ink.tobytes(), headers=headers)
    coding = answer.headers["Content-Encoding"]
    assert coding == ("deflate" if accepted.startswith("deflate") else "gzip")
    assert "Accept-Encoding" in answer.headers["Vary"]
    answer.set_data({"gzip": gzip.decompress, "deflate": zlib.decompress}[coding](answer.data))
    assert np.abs(outputs_of(answer)["probabilities"] - expected).max() < 1e-5


@pytest.mark.parametrize(
    "accepted", ["", "identity", "br", "gzip;q=0", "identity, gzip;q=0.5", "gzip;q=0, *;q=0"]
)
def test_who_asks_for_no_compression_gets_none(real_client, ink, outputs_of, expected, accepted):
    headers = {"Inference-Header-Content-Length": "0", "Accept-Encoding": accepted}
    answer = real_client.post("/v2/models/mnist/infer", data=ink.tobytes(), headers=headers)
    assert "Content-Encoding" not in answer.headers
    assert np.abs(outputs_of(answer)["probabilities"] - expected).max() < 1e-5


def test_many_questions_at_once_come_back_to_who_asked(client, ink, expected):
    orders = [np.random.default_rng(seed).integers(0, 10, 1 + seed) for seed in range(40)]
    under_way = [
        client.async_infer("mnist", [given(ink[order])], request_id=f"question {number}")
        for number, order in enumerate(orders)
    ]
    for number, (request, order) in enumerate(zip(under_way, orders, strict=True)):
        result = request.get_result(timeout=60)
        assert result.get_response()["id"] == f"question {number}"
        check(result, expected[order])


def test_the_client_builds_and_reads_bodies_by_itself(client, server, ink, expected, recognizer):
    body, length = client.generate_request_body([given(ink)])
    address = f"/v2/models/mnist/versions/{recognizer.version}/infer"
    raw = (
        f"POST {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        f"Inference-Header-Content-Length: {length}\r\n\r\n"
    ).encode()
    head, _, answer = server.talk(raw + body).partition(b"\r\n\r\n")
    (given_length,) = (
        int(line.split(b":")[1]) for line in head.splitlines() if line.startswith(b"Inference-Header")
    )
    check(client.parse_response_body(answer, header_length=given_length), expected)


def test_statistics(client, ink):
    for name in ("", *MODELS):
        entries = client.get_inference_statistics(name)["model_stats"]
        assert [entry["name"] for entry in entries] == ([name] if name else list(MODELS))
    client.infer("mnist", [given(ink)])
    # The server has two processes, and any of them answers: one of many answers is of who counted that.
    counted = [client.get_inference_statistics("mnist")["model_stats"][0] for _ in range(60)]
    most = max(counted, key=lambda entry: entry["inference_count"])
    assert most["inference_count"] >= 10
    assert most["inference_stats"]["success"]["count"] >= 1
    assert most["last_inference"] > 0


ROW = np.zeros((1, 784), np.float32)


@pytest.mark.parametrize(
    ("ask", "status", "sentence"),
    [
        (lambda client: client.infer("resnet", [given(ROW)]), "404", "The models are mnist and"),
        (lambda client: client.infer("mnist", [given(ROW)], "3"), "404", 'no version "3"'),
        (lambda client: client.infer("mnist", [given(ROW, name="x")]), "400", "Its input is inputs"),
        (lambda client: client.infer("mnist", [given(ROW[:, :9])]), "400", "must be [n, 784]"),
        (lambda client: client.infer("mnist", [given(ROW + 2)]), "400", "taken from 0"),
        (lambda client: client.infer("mnist", [given(levels(4097), "UINT8")]), "413", "4,096"),
        (lambda client: client.infer("mnist", [given(np.zeros((4000, 784)), "FP64")]), "413", "10 MiB"),
        (lambda client: client.get_model_metadata("mnist", "3"), "404", "no version"),
        (lambda client: client.load_model("mnist"), "403", "Clients neither load"),
        (lambda client: client.unload_model("mnist"), "403", "Clients neither load"),
        (lambda client: client.get_log_settings(), "404", "not served"),
        (lambda client: client.get_trace_settings("mnist"), "404", "not served"),
        (lambda client: client.get_system_shared_memory_status(), "404", "not served"),
        (lambda client: client.register_system_shared_memory("a", "/a", 9), "404", "not served"),
        (lambda client: client.get_cuda_shared_memory_status("a"), "404", "not served"),
    ],
)
def test_errors_are_exceptions_with_our_sentence(client, ask, status, sentence):
    with pytest.raises(InferenceServerException) as caught:
        ask(client)
    assert caught.value.status() == status
    assert sentence in caught.value.message()
    assert client.is_server_ready()


def levels(rows):
    return np.zeros((rows, 784), np.uint8)


def test_a_picture_that_is_none_is_an_exception_too(client):
    with pytest.raises(InferenceServerException, match="The file looks like") as caught:
        client.infer("mnist-pictures", [given(np.array([b"hello"], object), "BYTES", "pictures")])
    assert caught.value.status() == "415"


def test_shared_memory_is_refused(client):
    entry = triton.InferInput("inputs", [1, 784], "FP32")
    entry.set_shared_memory("region", 3136)
    with pytest.raises(InferenceServerException, match="shared memory"):
        client.infer("mnist", [entry])


@pytest.mark.parametrize("coding", [None, "gzip", "deflate"])
def test_its_client_for_asyncio(server, ink, expected, coding):
    async def ask():
        async with asyncio_client.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
            assert await client.is_server_ready()
            assert await client.is_model_ready("mnist")
            with pytest.raises(InferenceServerException, match="The models are mnist"):
                await client.infer("resnet", [given(ink)])
            questions = [
                client.infer("mnist", [given(ink[[row]])], request_compression_algorithm=coding)
                for row in range(10)
            ]
            return await asyncio.gather(*questions)

    for row, result in enumerate(asyncio.run(ask())):
        check(result, expected[[row]])
