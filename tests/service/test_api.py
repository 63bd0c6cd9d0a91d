"""POST /api/v1/predict: what goes in, and every field of what comes out."""

import io

import pytest

URL = "/api/v1/predict"


def form(*files):
    return {"image": [(io.BytesIO(data), name) for name, data in files]}


def test_one_picture_in_a_form(client, draw):
    answer = client.post(URL, data=form(("a.png", draw("1"))))
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert list(body) == ["model", "predictions"]
    assert body["model"] == {"name": "fake", "version": "1.2.3"}
    [entry] = body["predictions"]
    assert list(entry) == ["filename", "text", "confidence", "accepted", "digits"]
    assert (entry["filename"], entry["text"], entry["accepted"]) == ("a.png", "7", True)
    assert entry["confidence"] == pytest.approx(0.97)
    [digit] = entry["digits"]
    assert list(digit) == ["digit", "confidence", "accepted", "box", "probabilities"]
    assert (digit["digit"], digit["accepted"]) == (7, True)
    assert digit["box"] == {"x": 10, "y": 8, "width": 40, "height": 61}
    assert len(digit["probabilities"]) == 10
    assert sum(digit["probabilities"]) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "IMAGE/PNG; q=1", "application/octet-stream"])
def test_the_picture_itself_as_the_body(client, draw, kind):
    answer = client.post(URL, data=draw("1"), content_type=kind)
    assert answer.status_code == 200
    [entry] = answer.get_json()["predictions"]
    assert (entry["filename"], entry["text"]) == (None, "7")


def test_several_pictures_come_back_in_the_order_sent(client, draw):
    files = [(f"{count}.png", draw("8" * count)) for count in (3, 1, 5, 2)]
    entries = client.post(URL, data=form(*files)).get_json()["predictions"]
    assert [entry["filename"] for entry in entries] == ["3.png", "1.png", "5.png", "2.png"]
    assert [len(entry["digits"]) for entry in entries] == [2, 1, 3, 1]


def test_parts_with_other_names_are_left_alone(client, draw):
    data = {**form(("a.png", draw("1"))), "comment": "hello", "other": (io.BytesIO(b"x"), "x.txt")}
    assert len(client.post(URL, data=data).get_json()["predictions"]) == 1


def test_no_digit_in_the_picture_is_an_answer_and_no_error(client, draw):
    [entry] = client.post(URL, data=form(("blank.png", draw(" ")))).get_json()["predictions"]
    assert (entry["text"], entry["digits"], entry["accepted"], entry["confidence"]) == ("", [], False, 0)


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        ("../../etc/passwd", "passwd"),
        ("line\u2028\x1b[31mred.png", "line [31mred.png"),
        ("<script>alert(1)<／script>.png", "<script>alert(1)<／script>.png"),
        ("приклад 数字.png", "приклад 数字.png"),
        ("x" * 10_000, "x" * 119 + "…"),
    ],
)
def test_file_names_come_back_without_folders_and_control_characters(client, draw, sent, returned):
    answer = client.post(URL, data=form((sent, draw("1"))))
    assert answer.get_json()["predictions"][0]["filename"] == returned


def test_methods_besides_post(client):
    assert client.options(URL).headers["Allow"] in ("POST, OPTIONS", "OPTIONS, POST")
    head = client.head(URL)
    assert (head.status_code, head.data) == (405, b"")


def test_the_shipped_model_reads_a_drawn_number(real_client, draw):
    body = real_client.post(URL, data=form(("a.png", draw("42")), ("blank.png", draw(" ")))).get_json()
    assert body["model"]["name"] == "mnist"
    number, blank = body["predictions"]
    assert [digit["box"]["x"] for digit in number["digits"]] == sorted(
        digit["box"]["x"] for digit in number["digits"]
    )
    assert number["text"] == "42"
    assert number["confidence"] <= 1
    for digit in number["digits"]:
        assert digit["digit"] == max(range(10), key=digit["probabilities"].__getitem__)
        assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-4)
        box = digit["box"]
        assert 0 <= box["x"] < box["x"] + box["width"] <= 190
        assert 0 <= box["y"] < box["y"] + box["height"] <= 140
    assert (blank["text"], blank["digits"]) == ("", [])
