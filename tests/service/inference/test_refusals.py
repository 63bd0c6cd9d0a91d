"""Requests that make no sense are refused with a sentence that says where, and never answered."""

import copy
import json

import numpy as np
import pytest

INFER = "/v2/models/mnist/infer"
LENGTH = "Inference-Header-Content-Length"
ROW = [0.0] * 784


def entry(**changes):
    made = {"name": "inputs", "shape": [1, 784], "datatype": "FP32", "data": ROW, **changes}
    return {name: value for name, value in made.items() if value is not ...}


# What is wrong with the one input, and a word of the sentence about it.
INPUTS = {
    "no name": (entry(name=...), '"name"'),
    "a name of another type": (entry(name=["inputs"]), '"name"'),
    "another name": (entry(name="input__0"), "Its input is inputs"),
    "no datatype": (entry(datatype=...), '"datatype"'),
    "an unknown datatype": (entry(datatype="FLOAT"), '"datatype"'),
    "a datatype of another type": (entry(datatype=[32]), '"datatype"'),
    "whole numbers that are no levels": (entry(datatype="INT64", data=[0] * 784), "UINT8 from 0 to 255"),
    "truth": (entry(datatype="BOOL", data=[True] * 784), "UINT8 from 0 to 255"),
    "strings": (entry(datatype="BYTES", data=["0"] * 784), "UINT8 from 0 to 255"),
    "no shape": (entry(shape=...), '"shape"'),
    "a shape that is a number": (entry(shape=784), '"shape"'),
    "rank 0": (entry(shape=[]), "one to four"),
    "rank 5": (entry(shape=[1, 1, 1, 28, 28]), "one to four"),
    "rank 100,000": (entry(shape=[1] * 100_000), "one to four"),
    "a size that is a float": (entry(shape=[1.0, 784]), '"shape"'),
    "a size that is true": (entry(shape=[True, 784]), '"shape"'),
    "a size that is text": (entry(shape=["1", 784]), '"shape"'),
    "a negative size": (entry(shape=[-1, 784]), '"shape"'),
    "sizes that overflow": (entry(shape=[2**63, 784]), '"shape"'),
    "a size of a thousand digits": (entry(shape=[10**1000, 784]), '"shape"'),
    "a shape for other pictures": (entry(shape=[1, 32, 32]), "must be [n, 784] or [n, 28, 28]"),
    "a picture without rows of its own": (entry(shape=[784]), "must be [n, 784]"),
    "three channels": (entry(shape=[1, 3, 28, 28]), "must be"),
    "no rows": (entry(shape=[0, 784], data=[]), "no rows"),
    "no data": (entry(data=...), '"data"'),
    "data that are null": (entry(data=None), '"data"'),
    "data that are an object": (entry(data={"0": 0}), "array"),
    "data that are text": (entry(data="0" * 784), "array"),
    "too few elements": (entry(data=ROW[1:]), "783 elements"),
    "too many elements": (entry(data=[*ROW, 0.0]), "785 elements"),
    "more rows than elements": (entry(shape=[4096, 784]), "3,211,264"),
    "arrays of another size": (entry(data=[ROW[1:]]), "do not have the sizes"),
    "arrays in disorder": (entry(shape=[2, 784], data=[ROW, 0.0]), "do not have the sizes"),
    "an array among numbers": (entry(data=[*ROW[1:], [0.0]]), "not a number"),
    "text among numbers": (entry(data=[*ROW[1:], "0"]), "not a number"),
    "truth among numbers": (entry(data=[*ROW[1:], True]), "not a number"),
    "null among numbers": (entry(data=[*ROW[1:], None]), "not a number"),
    "a fraction of a level": (entry(datatype="UINT8", data=[0] * 783 + [0.5]), "not a whole number"),
    "more than ink": (entry(data=[*ROW[:500], 1.0001, *ROW[501:]]), "Element 500"),
    "less than ground": (entry(data=[-0.01, *ROW[1:]]), "Element 0"),
    "levels called floats": (entry(data=[255, *ROW[1:]]), "is 255"),
    "a level beyond the last": (entry(datatype="UINT8", data=[256] + [0] * 783), "to 255"),
    "a number beyond all bounds": (entry(data=[10**400, *ROW[1:]]), "beyond all bounds"),
    "parameters that are an array": (entry(parameters=[]), '"parameters"'),
    "shared memory": (entry(data=..., parameters={"shared_memory_region": "r"}), "shared memory"),
    "two sources": (entry(parameters={"binary_data_size": 0}), "either"),
    "a size of bytes that is text": (entry(data=..., parameters={"binary_data_size": "9"}), "whole number"),
    "a size of bytes that is true": (entry(data=..., parameters={"binary_data_size": True}), "whole number"),
    "bytes that are not there": (entry(data=..., parameters={"binary_data_size": 3136}), "0 bytes follow"),
    "a negative number of bytes": (entry(data=..., parameters={"binary_data_size": -1}), "0 bytes follow"),
}


@pytest.mark.parametrize("what", INPUTS)
def test_an_input_with(real_client, problem, what):
    wrong, word = copy.deepcopy(INPUTS[what])
    assert word in problem(real_client.post(INFER, json={"inputs": [wrong]}), 400)


def test_the_input_without_anything_wrong_is_answered(real_client):
    assert real_client.post(INFER, json={"inputs": [entry()]}).status_code == 200


REQUESTS = {
    "nothing": (b"", "not valid JSON"),
    "no JSON": (b"inputs", "not valid JSON at character 1"),
    "half a JSON": (b'{"inputs": [', "not valid JSON"),
    "something behind it": (b'{"inputs": []}x', "not valid JSON"),
    "an array": (b"[]", "not an object"),
    "a number": (b"1", "not an object"),
    "no inputs": (b"{}", "0 inputs"),
    "inputs that are null": (b'{"inputs": null}', "0 inputs"),
    "inputs that are an object": (b'{"inputs": {}}', "array"),
    "inputs that are numbers": (b'{"inputs": [1, 2]}', "array of JSON objects"),
    "a name twice": (b'{"id": "1", "id": "2", "inputs": []}', '"id" twice'),
    "an id that is a number": (b'{"id": 1, "inputs": []}', "a string"),
    "not a number": (b'{"inputs": [NaN]}', "NaN"),
    "infinity": (b'{"inputs": [-Infinity]}', "-Infinity"),
    "too many digits": (b'{"inputs": [' + b"9" * 5000 + b"]}", "not valid JSON"),
    "depth": (b'{"inputs": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
    "depth of objects": (b'{"a":' * 4_000 + b"1" + b"}" * 4_000, "nested too deeply"),
    "UTF-16": ('{"inputs": []}'.encode("utf-16"), "UTF-8"),
    "UTF-16 without a mark": ('{"inputs": []}'.encode("utf-16-le"), "not valid JSON"),
    "a byte order mark": (b'\xef\xbb\xbf{"inputs": []}', "not valid JSON"),
    "Latin-1": ('{"id": "é", "inputs": []}'.encode("latin-1"), "UTF-8"),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_of(real_client, problem, what):
    body, word = REQUESTS[what]
    assert word in problem(real_client.post(INFER, data=body), 400)


def test_a_float_that_json_allows_and_no_computer_holds(real_client, problem):
    body = json.dumps({"inputs": [entry()]}).replace("[0.0,", "[1e999,", 1).encode()
    assert 'Element 0 of the input "inputs" is inf' in problem(real_client.post(INFER, data=body), 400)


@pytest.mark.parametrize("much", [b"[]", b"{}", b'{"a":0}', b"[[0]]"])
def test_more_arrays_or_names_than_any_request_needs(real_client, problem, much):
    body = b'{"inputs": [' + b",".join([much] * (3_000_000 // len(much))) + b"]}"
    assert "more than 524,288 arrays" in problem(real_client.post(INFER, data=body), 413)


def test_more_elements_than_any_shape_has_room_for(real_client, problem):
    body = json.dumps({"inputs": [entry(data=[0] * 3_000_000)]}).encode()
    assert "3,000,000 elements" in problem(real_client.post(INFER, data=body), 400)


OUTPUTS = {
    "an unknown name": ([{"name": "logits"}], '"logits"'),
    "no name": ([{}], "The outputs are"),
    "a name of another type": ([{"name": {"digit": 1}}], "The outputs are"),
    "the same twice": ([{"name": "digit"}, {"name": "digit"}], "twice"),
    "names alone": (["digit"], "array of JSON objects"),
    "an object": ({"name": "digit"}, "array"),
    "binary data that are 1": ([{"name": "digit", "parameters": {"binary_data": 1}}], "true or false"),
    "classes of digits": ([{"name": "digit", "parameters": {"classification": 1}}], "no classes"),
    "no classes": ([{"name": "probabilities", "parameters": {"classification": 0}}], "1 or more"),
    "some classes": ([{"name": "probabilities", "parameters": {"classification": 1.5}}], "whole number"),
    "shared memory": ([{"name": "digit", "parameters": {"shared_memory_region": "r"}}], "shared memory"),
}


@pytest.mark.parametrize("what", OUTPUTS)
def test_outputs_with(real_client, problem, what):
    outputs, word = OUTPUTS[what]
    assert word in problem(real_client.post(INFER, json={"inputs": [entry()], "outputs": outputs}), 400)


@pytest.mark.parametrize("count", [0, 2, 3])
def test_another_number_of_inputs_than_one(real_client, problem, count):
    assert f"{count} inputs" in problem(real_client.post(INFER, json={"inputs": [entry()] * count}), 400)


def binary(size=3136, **changes):
    return {"inputs": [entry(data=..., parameters={"binary_data_size": size}, **changes)]}


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (binary(), 3135),
        (binary(), 3137),
        (binary(), 0),
        (binary(3132), 3132),
        (binary(6272), 6272),
        (binary(datatype="FP64"), 3136),
        (binary(shape=[2, 784]), 3136),
        (binary(shape=[4096, 784]), 3136),
        ({"inputs": [entry()]}, 1),
    ],
)
def test_binary_data_of_another_length_than_announced(real_client, problem, binary_body, header, size):
    assert "bytes" in problem(real_client.post(INFER, **binary_body(header, bytes(size))), 400)


@pytest.mark.parametrize(
    "length", ["-1", "1.5", "", "0x10", "²", "1 ", "99999999", "9" * 5000, "1,1", "none"]
)
def test_a_length_of_the_json_that_is_none(real_client, problem, length):
    body = json.dumps({"inputs": [entry()]})
    answer = real_client.post(
        INFER, data=body, headers={LENGTH: length.encode("latin-1", "replace").decode("latin-1")}
    )
    problem(answer, 400)


def test_a_length_that_cuts_the_json(real_client, problem, binary_body):
    request = binary_body(binary(), bytes(3136))
    for change in (-1, 1):
        length = str(int(request["headers"][LENGTH]) + change)
        problem(real_client.post(INFER, data=request["data"], headers={LENGTH: length}), 400)


@pytest.mark.parametrize("datatype", ["<f2", "<f4", "<f8"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1.01, -0.01])
def test_binary_numbers_that_are_no_ink(real_client, problem, binary_body, datatype, wrong):
    values = np.zeros(784, datatype)
    values[300] = wrong
    name = f"FP{8 * values.itemsize}"
    answer = real_client.post(INFER, **binary_body(binary(values.nbytes, datatype=name), values.tobytes()))
    assert "Element 300" in problem(answer, 400)


@pytest.mark.parametrize("bits", [0x7F80, 0xFF80, 0x7FC0, 0x7F81, 0x3F81, 0x8001, 0xFFFF])
def test_bf16_that_is_no_ink(real_client, problem, binary_body, bits):
    values = np.full(784, bits, np.uint16)
    answer = real_client.post(INFER, **binary_body(binary(1568, datatype="BF16"), values.tobytes()))
    assert "Element 0" in problem(answer, 400)


def test_signalling_nans_are_no_ink_either(real_client, problem, binary_body):
    for name, values in (
        ("FP16", np.full(784, 0x7D01, "<u2")),
        ("FP32", np.full(784, 0x7FA00001, "<u4")),
        ("FP64", np.full(784, 0x7FF4000000000001, "<u8")),
    ):
        request = binary_body(binary(values.nbytes, datatype=name), values.tobytes())
        assert "is nan" in problem(real_client.post(INFER, **request), 400)
