"""Corrections over HTTP: what is kept, what is refused and how that is said, and how they are taken back."""

import io
import json
import re
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from digitnet import Corrections, Recognizer
from service.pictures import data_url, pixels_in, seen_by_the_network

PROGRAMS, PAGE = "/api/v1/feedback", "/feedback"
SEVEN = np.arange(784, dtype=np.uint16).reshape(28, 28).astype(np.uint8)


def png(pixels=SEVEN, form="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    return data_url(stream.getvalue())


def correction(**changes):
    fields = {"input": png(), "digit": 7, "predicted": 1, "confidence": 0.62, "model": "1.2.3"}
    return {name: value for name, value in (fields | changes).items() if value is not None}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "corrections.sqlite"


@pytest.fixture
def client(app_with, path):
    return app_with(feedback=path).test_client()


def kept(path):
    """Every row of the file without its number and time."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT id, pixels, label, predicted, confidence, model FROM corrections")
        return rows.fetchall()


def test_a_program_corrects_a_digit_and_takes_it_back(client, path):
    answer = client.post(PROGRAMS, json=correction())
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "digit"}
    assert answer.json["digit"] == 7
    assert answer.headers["Location"] == f"{PROGRAMS}/{answer.json['id']}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert kept(path) == [(answer.json["id"], SEVEN.tobytes(), 7, 1, 0.62, "1.2.3")]
    gone = client.delete(answer.headers["Location"])
    assert (gone.status_code, gone.data) == (204, b"")
    assert kept(path) == []


def test_what_the_network_said_may_be_left_out(client, path):
    assert client.post(PROGRAMS, json={"input": png(), "digit": 0}).status_code == 201
    assert [row[2:] for row in kept(path)] == [(0, None, None, "")]


def test_the_input_that_the_page_shows_can_be_corrected_as_it_is(client, path, draw):
    page = client.post("/", data={"image": (io.BytesIO(draw("1")), "a.png")}).text
    form = re.search(r'<form action="/feedback".*?</form>', page, re.DOTALL)[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert re.findall(r'<button name="digit" value="(\d)">', form) == list("0123456789")
    answer = client.post(PAGE, data={**fields, "digit": "4"}, headers={"Accept": "application/json"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{PAGE}/{answer.json['id']}"
    shown = np.arange(784, dtype=np.uint8).reshape(28, 28)
    assert kept(path) == [(answer.json["id"], shown.tobytes(), 4, 7, 0.97, "1.2.3")]
    assert client.delete(answer.headers["Location"]).status_code == 204
    assert kept(path) == []


def test_without_scripts_a_page_says_thanks_and_offers_to_take_it_back(client, path):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    thanks = client.post(PAGE, data=correction(digit="7", confidence="0.62"), headers=browser)
    assert (thanks.status_code, thanks.mimetype) == (200, "text/html")
    assert "Thank you" in thanks.text
    assert "<b>7</b>" in thanks.text
    [(name, *_)] = kept(path)
    address = re.search(r'<form action="(/feedback/[^"]+)" method="post">', thanks.text)[1]
    assert name in address
    back = client.post(address, headers=browser)
    assert "Taken back" in back.text
    assert kept(path) == []
    again = client.post(address, headers=browser)
    assert again.status_code == 404
    assert "No correction has this id" in again.text


def test_who_comes_to_the_address_of_an_answer_is_led_to_the_page(client):
    answer = client.get(PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_an_id_that_is_not_known_is_no_correction(client, problem, path):
    client.post(PROGRAMS, json=correction())
    for name in ("none", "A" * 22, "%00", "1 OR 1=1", "é" * 22):
        assert "No correction has this id" in problem(client.delete(f"{PROGRAMS}/{name}"), 404)
        problem(client.delete(f"{PAGE}/{name}"), 404)
    assert len(kept(path)) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"digit": 10}, 'The field "digit" is 10, but it must be a whole number from 0 to 9.'),
        ({"digit": -1}, 'The field "digit" is -1, but it must be a whole number from 0 to 9.'),
        ({"digit": "7"}, 'The field "digit" is "7", but it must be a whole number from 0 to 9.'),
        ({"digit": True}, 'The field "digit" is true, but it must be a whole number from 0 to 9.'),
        ({"digit": 7.0}, 'The field "digit" is 7.0, but it must be a whole number from 0 to 9.'),
        ({"digit": None}, 'The field "digit" is missing, but it must be a whole number from 0 to 9.'),
        ({"input": None}, '"input" is missing'),
        ({"input": 4}, '"input" is 4'),
        ({"predicted": 11}, '"predicted" is 11'),
        ({"confidence": 1.1}, '"confidence" is 1.1, but it must be a number from 0 to 1, or absent.'),
        ({"model": "m" * 101}, '"model" is something else'),
        ({"model": "a\nb"}, "printable"),
        ({"upload": "data:"}, "A correction has the fields input, digit, predicted, confidence, model"),
    ],
)
def test_a_field_that_is_something_else_is_refused_by_name(client, problem, path, changes, sentence):
    assert sentence in problem(client.post(PROGRAMS, json=correction(**changes)), 422)
    assert kept(path) == []


GREY = np.zeros((28, 28), np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        png(np.resize(SEVEN, (29, 28))),
        png(np.resize(SEVEN, (640, 480))),
        png(np.resize(SEVEN, (8, 8))),
        png(np.resize(SEVEN, (28, 28, 3))),
        png(np.resize(SEVEN, (28, 28, 4))),
        png(SEVEN > 100),
        png(SEVEN.astype(np.uint16)),
        png(form="BMP"),
        png().replace("image/png", "image/jpeg"),
        png()[:-40],
        png()[:60] + "!" + png()[60:],
        png(GREY),
        "data:image/png;base64,",
        "data:image/png;base64,AAAA",
        "https://example.com/7.png",
        "7",
        "",
    ],
    ids=range(17),
)
def test_any_other_picture_is_refused_and_none_of_it_kept(client, problem, path, picture):
    for answer in (
        client.post(PROGRAMS, json=correction(input=picture)),
        client.post(PAGE, data=correction(input=picture)),
    ):
        problem(answer, 422)
    assert kept(path) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"digit": 7}\xff', "application/json", 400),
        (b"[" * 30_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"7", "application/json", 422),
        (b'{"digit": 7}', "text/plain", 415),
        (b"digit=7", "application/x-www-form-urlencoded", 415),
        (json.dumps({"input": "A" * 65_536}).encode(), "application/json", 413),
    ],
)
def test_a_body_that_is_no_correction_is_refused(client, problem, path, body, kind, status):
    problem(client.post(PROGRAMS, data=body, content_type=kind), status)
    assert kept(path) == []


def test_a_form_that_is_too_long_is_refused(client, problem):
    assert "64 KiB" in problem(client.post(PAGE, data=correction(input="A" * 65_536)), 413)
    upload = {"digit": "7", "input": (io.BytesIO(bytes(70_000)), "photo.png")}
    problem(client.post(PAGE, data=upload), 413)


def test_a_file_in_place_of_the_small_picture_is_refused(client, problem, path, draw):
    upload = {"digit": "7", "input": (io.BytesIO(draw("7")), "photo.png")}
    assert '"input" is missing' in problem(client.post(PAGE, data=upload), 422)
    assert kept(path) == []


def test_nothing_of_the_upload_but_the_small_picture_is_in_the_file(client, path):
    note, stream = PngInfo(), io.BytesIO()
    note.add_text("Comment", "whereabouts: at home")
    Image.fromarray(SEVEN).save(stream, "PNG", pnginfo=note)
    sent = data_url(stream.getvalue() + b"and something after its end")
    assert client.post(PROGRAMS, json=correction(input=sent)).status_code == 201
    [row] = kept(path)
    assert row[1:] == (SEVEN.tobytes(), 7, 1, 0.62, "1.2.3")
    beside = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for trace in (b"whereabouts", b"something after", b"IDAT", b"base64", b"127.0.0.1"):
        assert trace not in beside


def test_where_corrections_are_not_kept_a_sentence_says_how_they_are(app_with, problem, draw):
    client = app_with().test_client()
    for answer in (
        client.post(PROGRAMS, json=correction()),
        client.delete(f"{PROGRAMS}/some"),
        client.get(PAGE),
        client.post(PAGE, data=correction()),
        client.delete(f"{PAGE}/some"),
        client.post(f"{PAGE}/some/delete"),
    ):
        assert "--feedback FILE" in problem(answer, 404)
    for page in (client.get("/"), client.post("/", data={"image": (io.BytesIO(draw("1")), "a.png")})):
        for word in ("feedback", "correct", "Wrong", "kept"):
            assert word not in page.text


def test_a_full_file_is_a_507_and_goes_on_when_there_is_room(app_with, path, problem):
    client = app_with(feedback=path, max_corrections=2).test_client()
    first, _ = (client.post(PROGRAMS, json=correction(digit=digit)) for digit in (1, 2))
    assert "as many as are taken" in problem(client.post(PROGRAMS, json=correction()), 507)
    page = client.post(PAGE, data=correction(), headers={"Accept": "text/html"})
    assert page.status_code == 507
    assert "as many as are taken" in page.text
    assert client.delete(first.headers["Location"]).status_code == 204
    assert client.post(PROGRAMS, json=correction()).status_code == 201
    assert len(kept(path)) == 2


def test_a_locked_file_is_a_503_that_says_when_to_come_back(client, path, problem, monkeypatch):
    monkeypatch.setattr("digitnet.corrections_file.PATIENCE", 0.1)
    known = client.post(PROGRAMS, json=correction()).headers["Location"]
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        for answer in (client.post(PROGRAMS, json=correction()), client.delete(known)):
            assert "locked" in problem(answer, 503)
            assert answer.headers["Retry-After"] == "5"
        other.execute("ROLLBACK")
    other.close()
    assert client.delete(known).status_code == 204
    assert client.post(PROGRAMS, json=correction()).status_code == 201


def test_a_file_that_cannot_be_used_stops_the_start(model, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text(
        "This is no database, but a text that is long enough to be taken for one at first. " * 20
    )
    for file in (notes, tmp_path / "missing" / "corrections.sqlite", tmp_path):
        answer = subprocess.run(
            [sys.executable, "-m", "service", "--port", "0", "--model", model, "--feedback", file],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == 1
        assert answer.stderr.startswith("Error: ")
        assert len(answer.stderr.splitlines()) == 1
        assert str(file) in answer.stderr


def test_inputs_of_both_shipped_models_come_back_as_they_were(root, draw):
    for name in ("mnist", "digits"):
        recognizer = Recognizer.load(root / "models" / f"{name}.safetensors")
        geometry = recognizer.model.geometry
        for digit in recognizer.recognize(draw("42")).digits:
            address = data_url(seen_by_the_network(digit))
            assert np.array_equal(pixels_in(address, geometry.size, geometry.levels), digit.pixels)
    for levels in (1, 16, 255):
        values = np.resize(np.arange(levels + 1, dtype=np.uint8), (28, 28))
        address = data_url(seen_by_the_network(SimpleNamespace(pixels=values, levels=levels)))
        assert np.array_equal(pixels_in(address, 28, levels), values)


def test_corrections_of_the_service_can_be_read_for_training(client, path):
    for digit in (3, 8):
        client.post(PROGRAMS, json=correction(digit=digit))
    pixels, labels = Corrections(path, size=28, levels=255).read()
    assert np.array_equal(pixels, np.stack([SEVEN, SEVEN]))
    assert labels.tolist() == [3, 8]
