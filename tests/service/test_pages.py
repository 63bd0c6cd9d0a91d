"""The page: what it shows for each picture, for people who see it and for those who hear it."""

import base64
import io
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from service.pages import percent


class Outline(HTMLParser):
    """Collects the tags of a page, and complains about those that are closed in the wrong order."""

    VOID = frozenset({"meta", "link", "img", "input", "rect", "image", "path"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def send(client, *files):
    return client.post("/", data={"image": [(io.BytesIO(data), name) for name, data in files]})


def decode(url):
    assert url.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def test_the_empty_page_is_a_form_that_needs_no_script(client):
    answer = client.get("/")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    outline = Outline(answer.text)
    [form] = outline.all("form")
    assert (form["method"], form["enctype"], form["action"]) == ("post", "multipart/form-data", "/")
    [field] = [attributes for attributes in outline.all("input") if "name" in attributes]
    assert (field["type"], field["name"], field["accept"]) == ("file", "image", "image/*")
    assert "multiple" in field
    assert field["id"] in [label["for"] for label in outline.all("label")]
    assert outline.all("html") == [{"lang": "en"}]
    assert len(outline.all("h1")) == 1
    assert "fake" in answer.text
    assert "1.2.3" in answer.text


def test_the_whole_page_is_small_and_has_nothing_inline_and_nothing_foreign(client, draw):
    for page in (client.get("/"), send(client, ("a.png", draw("123")))):
        outline = Outline(page.text)
        for tag, attributes in outline.tags:
            assert "style" not in attributes, tag
            assert not [name for name in attributes if name.startswith("on")], tag
            for name in ("src", "href", "action"):
                assert attributes.get(name, "/").startswith(("/", "data:image/png")), attributes
        assert not outline.all("style")
        assert all("src" in script for script in outline.all("script"))
        files = [script["src"] for script in outline.all("script")] + [x["href"] for x in outline.all("link")]
        static = [client.get(address, buffered=True).data for address in files]
        assert all(static)
        assert len(re.sub('data:[^"]+', "", page.text).encode()) + sum(map(len, static)) < 50_000


def test_the_style_and_the_scripts_ask_for_nothing(client):
    for address in re.findall(r'"(/static/[^"]+[.](?:css|js)[^"]*)"', client.get("/").text):
        text = client.get(address, buffered=True).text
        assert not re.search(
            r"url[(]|@import|https?:|\bimport\b|eval[(]|innerHTML|cookie|localStorage", text
        ), address


def test_static_files_are_kept_until_they_change(client):
    for address in re.findall(r'"(/static/[^"]+)"', client.get("/").text):
        answer = client.get(address, buffered=True)
        assert answer.status_code == 200
        assert "?v=" in address
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert answer.headers["ETag"]


def test_an_accepted_answer(client, draw):
    page = send(client, ("note.png", draw("1")))
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    outline = Outline(page.text)
    assert '<span class="text">7</span>' in page.text
    assert "Accepted" in page.text
    assert "97\N{NO-BREAK SPACE}% confident" in page.text
    assert "note.png" in page.text
    [overlay] = [svg for svg in outline.all("svg") if svg.get("role") == "img"]
    assert overlay["viewbox"] == "0 0 130 140"
    box = outline.all("rect")[0]
    assert [box[name] for name in ("x", "y", "width", "height")] == ["10", "8", "40", "61"]


def test_an_answer_that_is_not_sure_says_so_in_words(client, draw):
    text = send(client, ("note.png", draw("123"))).text
    assert "Not sure" in text
    assert "not sure</span>" in text
    assert "accepted</span>" in text


def test_each_digit_has_ten_bars_with_their_values_in_words(client, draw):
    text = send(client, ("note.png", draw("1"))).text
    values = re.findall(r'(\d)<span class="spoken">: ([\d.]+)\N{NO-BREAK SPACE}%</span>', text)
    assert [label for label, _ in values] == list("0123456789")
    assert [value for _, value in values] == ["0.3"] * 7 + ["97"] + ["0.3"] * 2


def test_the_picture_and_what_the_network_saw_and_where_it_looked_are_in_the_page(client, draw):
    text = send(client, ("note.png", draw("1"))).text
    picture, seen, looked = (decode(url) for url in re.findall(r'(?:src|href)="(data:[^"]+)"', text))
    assert picture.size == (130, 140)
    assert (seen.size, seen.mode) == ((28, 28), "L")
    assert seen.getpixel((5, 0)) == 5
    assert (looked.size, looked.mode) == ((28, 28), "RGB")
    above, below = (looked.getpixel((14, row)) for row in (2, 25))
    assert above[2] > above[0], "cool, since more ink would speak against the answer"
    assert below[0] > below[2], "warm, since it would speak for it"


def test_no_digit_is_said_in_words(client, draw):
    text = send(client, ("blank.png", draw(" "))).text
    assert "No digit found" in text
    assert "confident" not in text


def test_several_pictures_each_have_their_article(client, draw):
    page = send(client, *[(f"{number}.png", draw("1")) for number in range(5)])
    outline = Outline(page.text)
    assert len(outline.all("article")) == 5
    names = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(names) == len(set(names))
    for attributes in outline.all("article"):
        assert attributes["aria-labelledby"] in names


def test_a_picture_that_cannot_be_read_leaves_the_others_their_answers(client, draw):
    page = send(client, ("a.png", draw("1")), ("b.txt", b"no picture"), ("c.png", draw("1")))
    assert page.status_code == 200
    assert "<title>7, 7 · digitnet</title>" in page.text
    outline = Outline(page.text)
    assert len(outline.all("article")) == 2
    answers = page.text[page.text.index('id="answers"') : page.text.index("<template")]
    assert answers.count('role="alert"') == 1
    assert "Image 2 of 3 (&#34;b.txt&#34;): " in answers
    assert "Try again" not in answers, "it would be no picture again"
    assert answers.index("a.png") < answers.index("b.txt") < answers.index("c.png")


def test_where_no_picture_can_be_read_the_first_one_tells_the_status(client):
    page = send(client, ("a.txt", b"no picture"), ("b.png", b""))
    assert page.status_code == 415
    assert "Image 1 of 2 (&#34;a.txt&#34;): " in page.text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.png", '"onload="x.png', "&lt;b&gt;.png"])
def test_file_names_are_text_and_never_markup(client, draw, name):
    for page in (send(client, (name, draw("1"))), send(client, (name, b"no picture"), ("b.png", draw("1")))):
        outline = Outline(page.text)
        assert all(script["src"].startswith("/static/") for script in outline.all("script"))
        assert len(outline.all("script")) == len(Outline(client.get("/").text).all("script"))
        assert not [attributes for _, attributes in outline.tags if "onload" in attributes]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"image": (io.BytesIO(b""), "")}, 400),
        ({"image": (io.BytesIO(b"no picture"), "a.png")}, 415),
    ],
)
def test_an_error_is_a_sentence_on_the_page_with_its_status(client, data, status):
    page = client.post("/", data=data, content_type="multipart/form-data")
    assert (page.status_code, page.mimetype) == (status, "text/html")
    outline = Outline(page.text)
    assert [attributes for _, attributes in outline.tags if attributes.get("role") == "alert"]
    assert len(outline.all("form")) == 1
    assert not outline.all("article")


def test_other_methods(client):
    assert client.head("/").data == b""
    assert client.put("/").status_code == 405
    assert set(client.options("/").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_service_without_the_page_says_where_pictures_go(app_with, draw, problem, tmp_path, accept):
    client = app_with(page=False, feedback=tmp_path / "corrections.sqlite").test_client()
    headers = {"Accept": accept}
    for method, address in (
        ("GET", "/"),
        ("POST", "/"),
        ("GET", "/feedback"),
        ("POST", "/feedback"),
        ("DELETE", "/feedback/some"),
        ("POST", "/feedback/some/delete"),
        ("GET", "/nowhere"),
    ):
        sentence = problem(client.open(address, method=method, headers=headers), 404)
        assert "/api/v1/predict" in sentence
        assert "at /," not in sentence
    assert client.post("/api/v1/predict", data=draw("1"), content_type="image/png").status_code == 200
    assert client.get("/health/ready", headers=headers).status_code == 200
    problem(client.delete("/api/v1/feedback/some"), 404)


def test_the_page_says_where_programs_read_on(client):
    assert {"href": "/api/docs"} in Outline(client.get("/").text).all("a")


def test_a_page_that_corrects_is_small_too_and_has_nothing_inline(app_with, draw, tmp_path):
    client = app_with(feedback=tmp_path / "corrections.sqlite").test_client()
    test_the_whole_page_is_small_and_has_nothing_inline_and_nothing_foreign(client, draw)
    test_the_style_and_the_scripts_ask_for_nothing(client)


def test_per_cent_is_rounded_down():
    shown = [percent(share).replace("\N{NO-BREAK SPACE}", " ") for share in (0, 0.0004, 0.5, 0.99996, 1)]
    assert shown == ["0 %", "0 %", "50 %", "99.9 %", "100 %"]


def test_the_shipped_model_answers_on_the_page(real_client, draw):
    page = send(real_client, ("number.png", draw("42")))
    assert '<span class="text">42</span>' in page.text
    picture, *seen = (decode(url) for url in re.findall(r'(?:src|href)="(data:[^"]+)"', page.text))
    assert picture.size == (190, 140)
    assert [(image.size, image.mode) for image in seen] == [((28, 28), "L"), ((28, 28), "RGB")] * 2
