"""Pictures chosen, dropped and pasted, with and without scripts, and what goes wrong with them."""

import re

import pytest

pytestmark = pytest.mark.browser


def test_choosing_a_picture_is_enough(open_page, draw, file):
    page = open_page()
    page.set_input_files("#image", [file("note.png", draw("42"))])
    page.wait_for_selector("article")
    assert page.inner_text(".text") == "42"
    assert page.inner_text("figcaption") == "note.png"
    assert page.locator("article .frame rect").count() == 2
    assert page.locator(".digit").count() == 2
    assert page.title().startswith("42")
    frame = page.locator("article .frame image").bounding_box()
    boxes = [page.locator("article .frame rect").nth(place).bounding_box() for place in range(2)]
    for place, box in enumerate(boxes):
        middle = (box["x"] + box["width"] / 2 - frame["x"]) / frame["width"] * 190
        assert middle == pytest.approx(35 + 60 * place + 28, abs=12)


def test_several_pictures_each_have_their_answer_the_same_with_and_without_scripts(open_page, draw, file):
    answers = []
    for scripts in (True, False):
        page = open_page(java_script_enabled=scripts)
        for name in ("#pad", "#undo", "#clear"):
            assert page.locator(name).is_visible() == scripts
        assert page.locator("button[type=submit]").is_visible() != scripts
        page.set_input_files("#image", [file(f"{text}.png", draw(text)) for text in ("42", "7", "4")])
        if not scripts:
            assert page.locator("#image").is_visible()
            page.click("button[type=submit]")
        page.wait_for_selector("article >> nth=2")
        assert page.locator("article .text").all_inner_texts() == ["42", "7", "4"]
        assert page.locator("figcaption").all_inner_texts() == ["42.png", "7.png", "4.png"]
        answers.append(page.locator("article").evaluate_all("all => all.map(one => one.outerHTML)"))
    assert answers[0] == answers[1]


def test_a_picture_may_be_dropped_anywhere(open_page, draw, transfer):
    page = open_page()
    for where in ("#pad", "footer", "body"):
        name = f"dropped on {where}.png"
        data = transfer(page, draw("7"), name)
        page.dispatch_event(where, "dragenter", {"dataTransfer": data})
        assert "dropping" in page.get_attribute("body", "class")
        page.dispatch_event(where, "drop", {"dataTransfer": data})
        page.wait_for_selector(f"figcaption:has-text('{name}')")
        assert page.inner_text(".text") == "7"
        assert "dropping" not in page.get_attribute("body", "class")


def test_a_picture_is_pasted(open_page, draw, transfer):
    page = open_page()
    for data, name in ((b"", ""), (draw("7"), "image.png")):
        page.evaluate(
            "data => document.body.dispatchEvent("
            "new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))",
            transfer(page, data, name),
        )
        if not name:
            assert "holds no picture" in page.inner_text("#status")
    page.wait_for_selector("article")
    assert page.inner_text(".text") == "7"


def test_several_pictures_are_pasted_at_once(open_page, draw):
    page = open_page()
    page.evaluate(
        """(pictures) => {
            const clipboardData = new DataTransfer();
            pictures.forEach((bytes, number) => clipboardData.items.add(
                new File([new Uint8Array(bytes)], `${number}.png`, {type: "image/png"})));
            document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }""",
        [list(draw("42")), list(draw("7"))],
    )
    page.wait_for_selector("article >> nth=1")
    assert page.locator("article .text").all_inner_texts() == ["42", "7"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "HEIC"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><text>4</text></svg>', "SVG"),
    ],
)
def test_a_dropped_file_of_another_kind_is_named(open_page, transfer, name, data, words):
    page = open_page()
    page.dispatch_event("#pad", "drop", {"dataTransfer": transfer(page, data, name)})
    page.wait_for_selector("#answers [role=alert]")
    assert words in page.inner_text("[role=alert]")
    assert "PNG, JPEG" in page.inner_text("[role=alert]")


def test_a_picture_takes_the_drawings_place_and_undo_brings_the_drawing_back(open_page, draw, file, write):
    page = open_page()
    write(page, "1")
    page.wait_for_selector("article")
    page.set_input_files("#image", [file("note.png", draw("42"))])
    page.wait_for_selector("figure")
    assert page.inner_text(".text") == "42"
    assert page.title().startswith("42")
    assert page.locator("#boxes rect").count() == 0
    page.click("#undo")
    page.wait_for_selector("#boxes rect")
    assert page.inner_text(".text") == "1"


@pytest.mark.parametrize("scripts", [True, False])
def test_an_error_is_a_sentence_and_the_form_stays(open_page, draw, file, scripts):
    page = open_page(java_script_enabled=scripts)
    page.set_input_files("#image", [file("<b>notes</b>.png", b"no picture"), file("a.png", draw("7"))])
    if not scripts:
        page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert "Image 1 of 2" in page.inner_text("[role=alert]")
    assert page.locator("[role=alert] b").count() == 0
    assert not page.locator(".again").first.is_visible()
    page.set_input_files("#image", [file("a.png", draw("7"))])
    if not scripts:
        page.click("button[type=submit]")
    page.wait_for_selector("article")


def test_a_service_out_of_reach_is_a_sentence_and_can_be_asked_again(open_page, draw, file, write):
    page = open_page()
    for act, text in (
        (lambda: write(page, "1"), "1"),
        (lambda: page.set_input_files("#image", [file("a.png", draw("7"))]), "7"),
    ):
        page.route(re.compile(r"/$"), lambda route: route.abort())
        act()
        page.wait_for_selector("#answers [role=alert]")
        assert "did not answer" in page.inner_text("[role=alert]")
        page.unroute(re.compile(r"/$"))
        page.click(".again")
        page.wait_for_selector("article")
        assert page.inner_text(".text") == text


PAGE = '<div id="answers"><div role="alert">{}<button class="again" hidden>Try again</button></div></div>'
PROBLEM = '{{"type": "about:blank", "title": "Busy", "status": 503, "detail": "{}"}}'


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        ("text/html", PAGE.format("The service is busy."), "The service is busy."),
        ("application/problem+json", PROBLEM.format("All threads are taken."), "All threads are taken."),
        ("text/html", "<h1>Bad gateway</h1>", "The service did not answer."),
    ],
    ids=["the page", "the server before the page", "a proxy"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_can_be_asked_again(open_page, draw, file, kind, body, sentence, status):
    page = open_page()
    busy = {"status": status, "content_type": kind, "body": body, "headers": {"Retry-After": "5"}}
    page.route(re.compile(r"/$"), lambda route: route.fulfill(**busy))
    page.set_input_files("#image", [file("a.png", draw("7"))])
    page.wait_for_selector("#answers [role=alert]")
    assert sentence in page.inner_text("#answers [role=alert]")
    assert page.locator(".again").is_visible()


def test_a_picture_without_digits(open_page, draw, file):
    page = open_page()
    page.set_input_files("#image", [file("blank.png", draw(" "))])
    page.wait_for_selector("article")
    assert "No digit found" in page.inner_text("article h2")
