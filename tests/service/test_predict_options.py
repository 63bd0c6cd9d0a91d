"""POST /api/v1/predict: what can be asked for besides, and the types that an answer can have."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

URL = "/api/v1/predict"
FIELDS = ["digit", "confidence", "accepted", "box", "probabilities"]


def ask(client, picture, query="", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"{URL}?{query}", data=picture, content_type="image/png", headers=headers)


def digits_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.get_json()["predictions"][0]["digits"]


def pixels(url):
    start, _, data = url.partition(",")
    assert start == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data, validate=True))))


def test_top_k_adds_the_most_likely_digits_the_likeliest_first(client, draw):
    for count in range(1, 11):
        [digit] = digits_of(ask(client, draw("1"), f"top_k={count}"))
        assert list(digit) == [*FIELDS, "top"]
        assert [list(one) for one in digit["top"]] == [["digit", "probability"]] * count
        # All but the seven are as likely as each other, and the smaller ones come first.
        assert [one["digit"] for one in digit["top"]] == [7, 0, 1, 2, 3, 4, 5, 6, 8, 9][:count]
        assert all(one["probability"] == digit["probabilities"][one["digit"]] for one in digit["top"])


@pytest.mark.parametrize("value", ["0", "11", "-1", "1.5", "1_0", "many", "", "١", "5 5", "9" * 5000])
def test_another_top_k_is_refused_with_what_it_may_be(client, problem, draw, value):
    answer = client.post(URL, query_string={"top_k": value}, data=draw("1"), content_type="image/png")
    detail = problem(answer, 400)
    assert detail.startswith("The parameter top_k is ")
    assert detail.endswith(", but it must be a whole number from 1 to 10.")
    assert len(detail) < 130


def test_the_sentence_about_a_number_has_no_quotes(client, problem, draw):
    detail = problem(ask(client, draw("1"), "top_k=30"), 400)
    assert detail == "The parameter top_k is 30, but it must be a whole number from 1 to 10."


@pytest.mark.parametrize(("value", "shown"), [("1", "1"), ("yes", '"yes"'), ("True", '"True"'), ("", '""')])
def test_another_explain_is_refused(client, problem, draw, value, shown):
    detail = problem(ask(client, draw("1"), f"explain={value}"), 400)
    assert detail == f"The parameter explain is {shown}, but it must be true or false."


def test_a_parameter_that_there_is_not_is_named_with_those_there_are(client, problem, draw):
    detail = problem(ask(client, draw("1"), "explian=true"), 400)
    assert detail == 'The parameter "explian" is not known at this address. It takes explain and top_k.'


def test_explain_adds_what_the_network_saw_and_where_it_looked(client, draw):
    assert list(digits_of(ask(client, draw("1"), "explain=false"))[0]) == FIELDS
    [digit] = digits_of(ask(client, draw("1"), "explain=true"))
    assert list(digit) == [*FIELDS, "input", "saliency"]
    assert (pixels(digit["input"]) == np.arange(784, dtype=np.uint8).reshape(28, 28)).all()
    saliency = pixels(digit["saliency"]).astype(int)
    assert saliency.shape == (28, 28, 3)
    # The fake recognizer looks away from the upper rows (blue) and at the lower ones (orange).
    assert saliency[0, 0, 2] > saliency[0, 0, 0]
    assert saliency[-1, -1, 0] > saliency[-1, -1, 2]


def test_explaining_a_picture_without_digits_is_no_error(client, draw):
    assert digits_of(ask(client, draw(" "), "explain=true&top_k=3")) == []


def test_the_shipped_model_explains_itself(real_client, draw):
    plain = digits_of(ask(real_client, draw("42")))
    digits = digits_of(ask(real_client, draw("42"), "explain=true&top_k=2"))
    for before, digit in zip(plain, digits, strict=True):
        assert list(digit) == [*FIELDS, "top", "input", "saliency"]
        assert {name: digit[name] for name in FIELDS} == before
        assert digit["top"][0] == {"digit": digit["digit"], "probability": max(digit["probabilities"])}
        assert pixels(digit["input"]).shape == (28, 28)
        assert pixels(digit["input"]).max() > 200
        colour = pixels(digit["saliency"]).astype(int)
        assert (np.ptp(colour, axis=2) > 50).any(), "somewhere it looked"
    assert digits[0]["saliency"] != digits[1]["saliency"]


def test_plain_text_is_a_line_a_picture(client, draw):
    data = {"image": [(io.BytesIO(draw(text)), "a.png") for text in ("1", " ", "888")]}
    answer = client.post(URL, data=data, headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.text) == (200, "7\n\n77\n")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/plain", "text/plain"),
        ("TEXT/Plain", "text/plain"),
        ("text/*", "text/plain"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("application/json;charset=UTF-8", "application/json"),
        ("text/plain;q=0.5, application/json", "application/json"),
        ("text/plain, application/json;q=0.9", "text/plain"),
        ("text/plain, */*;q=0.1", "text/plain"),
        ("text/plain;q=0, */*", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("application/json;q=0, text/plain;q=0.001", "text/plain"),
    ],
)
def test_the_type_is_the_one_that_the_client_likes_best(client, draw, accept, kind):
    headers = {} if accept is None else {"Accept": accept}
    answer = client.post(URL, data=draw("1"), content_type="image/png", headers=headers)
    assert answer.status_code == 200
    assert answer.mimetype == kind
    assert "Accept" in answer.vary


@pytest.mark.parametrize("accept", ["image/png", "text/html", "application/json;q=0", "nonsense"])
def test_what_cannot_be_given_is_refused_with_what_can(client, problem, draw, accept):
    answer = ask(client, draw("1"), Accept=accept)
    assert "application/json or text/plain" in problem(answer, 406)
    assert "Accept" in answer.vary


@pytest.mark.parametrize("query", ["explain=true", "top_k=1"])
def test_what_plain_text_cannot_tell_comes_as_json_or_not_at_all(client, problem, draw, query):
    answer = ask(client, draw("1"), query, Accept="text/plain, application/json;q=0.1")
    assert answer.mimetype == "application/json"
    detail = problem(ask(client, draw("1"), query, Accept="text/plain"), 406)
    assert "told in JSON only" in detail


def test_errors_are_problems_whatever_the_client_accepts(client, problem):
    answer = client.post(URL, data=b"", content_type="image/png", headers={"Accept": "text/plain"})
    assert "holds no picture" in problem(answer, 400)
    assert "Accept" in answer.vary
