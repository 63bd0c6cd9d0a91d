"""Whatever becomes of a request on its way: it is answered right, or refused with a sentence."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

INFER = "/v2/models/mnist/infer"
LENGTH = "Inference-Header-Content-Length"
QUICK = settings(max_examples=150, deadline=None, print_blob=True)

# JSON that Python can write and read, small and of every kind.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def ask(real_client):
    """Post; the sentence of a refusal, or None for an answer. Anything else is a failure."""

    def post(body, length=None):
        headers = {} if length is None else {LENGTH: length}
        answer = real_client.post(INFER, data=body, headers=headers)
        if answer.status_code == 200:
            return None, answer
        assert answer.status_code in (400, 413), answer.text
        document = answer.get_json(force=True)
        assert document["error"] == document["detail"]
        assert document["detail"][0].isupper()
        assert document["detail"].endswith(".")
        return document["detail"], answer

    return post


@pytest.fixture(scope="module")
def right(recognizer):
    """Whether an answer is the one to these inputs."""

    def check(answer, inputs, outputs_of):
        outputs = outputs_of(answer)
        wanted = recognizer.input_probabilities(inputs)
        assert np.abs(outputs["probabilities"] - wanted).max() < 1e-5
        assert outputs["digit"].tolist() == outputs["probabilities"].argmax(axis=1).tolist()

    return check


def binary(ink, datatype="FP32", **changes):
    entry = {
        "name": "inputs",
        "shape": [len(ink), 784],
        "datatype": datatype,
        "parameters": {"binary_data_size": ink.nbytes},
        **changes,
    }
    return json.dumps({"inputs": [entry]}).encode()


def is_json(value):
    """Whether all its numbers are; Python writes Infinity and NaN as well."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@given(st.binary(max_size=200))
@QUICK
def test_any_bytes(ask, body):
    assert ask(body)[0]


@given(VALUES)
@QUICK
def test_any_json(ask, value):
    assert ask(json.dumps(value).encode())[0]


@given(st.dictionaries(st.sampled_from(["inputs", "outputs", "id", "parameters"]), VALUES))
@QUICK
def test_any_values_for_the_known_names(ask, value):
    assert ask(json.dumps(value).encode())[0]


@given(st.dictionaries(st.sampled_from(["name", "shape", "datatype", "data", "parameters"]), VALUES))
@QUICK
def test_any_values_in_an_input(ask, tensor, ink, entry):
    whole = tensor(ink[:1])
    assert ask(json.dumps({"inputs": [entry]}).encode())[0]
    changed = {**whole, **entry}
    sentence, _ = ask(json.dumps({"inputs": [changed]}).encode())
    harmless = is_json(entry) and all(
        value == whole.get(name) or (name == "parameters" and isinstance(value, dict | None))
        for name, value in entry.items()
    )
    assert (sentence is None) == harmless


@given(st.lists(VALUES, max_size=5) | st.lists(st.integers(-(2**70), 2**70), max_size=6))
@QUICK
def test_any_shape(ask, ink, shape):
    body = binary(ink, shape=shape)
    if shape not in ([10, 784], [10, 28, 28], [10, 1, 28, 28], [10, 28, 28, 1]):
        assert ask(body + ink.tobytes(), length=str(len(body)))[0]


@given(st.integers(0, 783), st.floats(width=32) | st.floats(width=64), st.sampled_from(["FP32", "FP64"]))
@QUICK
def test_any_number_in_any_place(ask, right, outputs_of, ink, place, number, datatype):
    """In range it counts; beyond, wherever it stands, nothing is answered."""
    changed = ink[:2].astype({"FP32": np.float32, "FP64": np.float64}[datatype])
    with np.errstate(over="ignore"):
        changed[1, place] = number
    body = binary(changed, datatype)
    sentence, answer = ask(body + changed.tobytes(), length=str(len(body)))
    if 0 <= changed[1, place] <= 1:
        assert sentence is None
        right(answer, changed.astype(np.float32), outputs_of)
    else:
        assert f"Element {784 + place:,} " in sentence


@given(st.integers(0, 200), st.integers(0, 255))
@QUICK
def test_any_byte_of_the_json_changed(ask, right, outputs_of, ink, place, byte):
    body = bytearray(binary(ink))
    place %= len(body)
    was, body[place] = body[place], byte
    sentence, answer = ask(bytes(body) + ink.tobytes(), length=str(len(body)))
    if sentence is None:
        # What is still taken is the same request: a space more, or another name for what nobody reads.
        right(answer, ink, outputs_of)
    else:
        assert was != byte


@given(st.integers(0, 32_000), st.booleans())
@QUICK
def test_any_cut(ask, ink, cut, from_the_start):
    body = binary(ink)
    whole = body + ink.tobytes()
    cut = 1 + cut % (len(whole) - 1)
    damaged = whole[cut:] if from_the_start else whole[:-cut]
    assert ask(damaged, length=str(len(body)))[0]


@given(st.integers(-5, 40_000))
@QUICK
def test_any_length_of_the_json(ask, ink, length):
    body = binary(ink)
    if length != len(body):
        sentence, _ = ask(body + ink.tobytes(), length=str(length))
        assert sentence


@given(st.data())
@QUICK
def test_rows_in_any_order_and_number(ask, right, outputs_of, ink, data):
    order = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=40))
    body = binary(ink[order])
    sentence, answer = ask(body + ink[order].tobytes(), length=str(len(body)))
    assert sentence is None
    right(answer, ink[order], outputs_of)
