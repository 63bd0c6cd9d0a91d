"""Pictures in JSON: in base64, alone, as data URLs or with a name, within the same limits as all others."""

import base64
import json

import pytest

URL = "/api/v1/predict"


def encoded(data):
    return base64.b64encode(data).decode()


def entries(answer):
    assert answer.status_code == 200, answer.text
    return answer.get_json()["predictions"]


def test_a_picture_may_be_base64_a_data_url_or_have_a_name(client, draw):
    images = [
        encoded(draw("1")),
        f"data:image/png;base64,{encoded(draw('22'))}",
        {"filename": "../b.png", "data": encoded(draw("333"))},
        {"data": f"data:;base64,{encoded(draw(' '))}", "filename": None},
    ]
    found = entries(client.post(URL, json={"images": images}))
    assert [entry["filename"] for entry in found] == [None, None, "b.png", None]
    assert [entry["text"] for entry in found] == ["7", "7", "77", ""]


def test_the_answer_is_the_one_that_the_picture_itself_gets(real_client, draw):
    picture = draw("42", "JPEG")
    raw = real_client.post(URL, data=picture, content_type="image/jpeg").get_json()
    assert raw == real_client.post(URL, json={"images": [encoded(picture)]}).get_json()
    assert raw["predictions"][0]["text"] == "42"


def test_the_content_type_may_name_a_charset(client, draw):
    body = json.dumps({"images": [encoded(draw("1"))]}).encode()
    assert entries(client.post(URL, data=body, content_type="Application/JSON; charset=utf-8"))


def test_how_it_is_written_does_not_matter(client, draw):
    text = json.dumps({"images": [encoded(draw("1"))]}, indent=4).replace("/", "\\/")
    assert entries(client.post(URL, data=text, content_type="application/json"))


NOT_JSON = [b"{", b"[" * 1_000, b"\xff\xfe", b"{'images': []}", b'{"images": ["\\ud800"]}', b"", b"NaN x"]


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
def test_a_body_that_is_no_json(client, problem, body):
    answer = client.post(URL, data=body, content_type="application/json")
    assert problem(answer, 400).startswith("The body is no JSON: ")


@pytest.mark.parametrize(
    "value",
    [7, None, [], "text", {}, {"image": "abcd"}, {"images": "abcd"}, {"images": {}}, {"images": None}],
    ids=str,
)
def test_json_of_another_shape(client, problem, value):
    answer = client.post(URL, data=json.dumps(value), content_type="application/json")
    detail = problem(answer, 400)
    assert detail.startswith('The JSON is not what is read here. Send {"images": [...]} with ')


def test_json_with_something_else_besides(client, problem, draw):
    body = {"images": [encoded(draw("1"))], "model": "other"}
    assert problem(client.post(URL, json=body), 400).startswith("The JSON is not what is read here.")


def test_a_list_of_nothing_holds_no_picture(client, problem):
    assert "holds no picture" in problem(client.post(URL, json={"images": []}), 400)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("a", "is not in base64"),
        ("abc", "is not in base64"),
        ("abcd=", "is not in base64"),
        ("ab=c", "is not in base64"),
        ("abcd\n", "is not in base64"),
        ("ab cd", "is not in base64"),
        ("ab-_", "is not in base64"),
        ("äbcd", "is not in base64"),
        ("data:image/png,abcd", "is not in base64"),
        ("data:image/png;base64;abcd", "is not in base64"),
        ({"data": "abc"}, "is not in base64"),
        ("", "is empty"),
        ({"data": ""}, "is empty"),
        (7, "is neither a text in base64"),
        (None, "is neither a text in base64"),
        (["abcd"], "is neither a text in base64"),
        ({}, "is neither a text in base64"),
        ({"filename": "a.png"}, "is neither a text in base64"),
        ({"data": "abcd", "filename": 7}, "is neither a text in base64"),
        ({"data": "abcd", "kind": "png"}, "is neither a text in base64"),
    ],
    ids=str,
)
def test_the_error_says_which_picture_is_wrong(client, problem, draw, wrong, said):
    good = encoded(draw("1"))
    detail = problem(client.post(URL, json={"images": [good, wrong, good]}), 400)
    assert detail.startswith(f"Image 2 of 3 {said}")
    assert problem(client.post(URL, json={"images": [wrong]}), 400).startswith(f"The image {said}")


def test_base64_of_what_is_no_picture(client, problem, draw):
    images = [encoded(draw("1")), {"filename": "b.png", "data": encoded(b"hello")}]
    detail = problem(client.post(URL, json={"images": images}), 415)
    assert detail.startswith('Image 2 of 2 ("b.png"): ')


def test_as_many_pictures_as_are_taken_and_one_more(app_with, problem, draw):
    client = app_with(max_images=3, max_parts=3).test_client()
    picture = encoded(draw("1"))
    assert len(entries(client.post(URL, json={"images": [picture] * 3}))) == 3
    detail = problem(client.post(URL, json={"images": [picture] * 4}), 413)
    assert "holds 4 pictures, but at most 3" in detail


@pytest.mark.parametrize("value", [b"{}", b'""', b"[]", b"7"])
def test_millions_of_values_are_counted_before_they_are_made(client, problem, value):
    body = b'{"images": [' + value + (b"," + value) * (9_000_000 // (len(value) + 1)) + b"]}"
    answer = client.post(URL, data=body, content_type="application/json")
    assert "far more values than 64 pictures need" in problem(answer, 413)


def test_a_body_as_long_as_allowed_and_one_byte_more(app_with, problem, draw):
    body = json.dumps({"images": [encoded(draw("1"))]}).encode()
    exact = app_with(max_body_bytes=len(body)).test_client()
    assert entries(exact.post(URL, data=body, content_type="application/json"))
    short = app_with(max_body_bytes=len(body) - 1).test_client()
    assert "too large" in problem(short.post(URL, data=body, content_type="application/json"), 413)
