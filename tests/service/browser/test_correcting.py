"""Wrong answers corrected by one key, by buttons, by touch and without scripts, and taken back."""

import re
import sqlite3

import pytest

from digitnet import Corrections

pytestmark = pytest.mark.browser


@pytest.fixture
def kept(corrections_file):
    """The digits that are kept, in the order in which they were corrected, with what had been read."""

    def read():
        with sqlite3.connect(corrections_file) as connection:
            rows = connection.execute("SELECT label, predicted FROM corrections ORDER BY number").fetchall()
        connection.close()
        return rows

    if corrections_file.exists():
        with sqlite3.connect(corrections_file) as connection:
            for (name,) in connection.execute("SELECT id FROM corrections").fetchall():
                Corrections(corrections_file, size=28, levels=255).remove(name)
        connection.close()
    return read


def expect_number(page, text):
    page.wait_for_function(
        "text => document.querySelector('article .text')?.textContent === text", arg=text, timeout=20_000
    )


def expect_rest(page):
    """Wait for the answer to the last stroke: then it is read out. One before can be the same number."""
    page.wait_for_selector("#status .spoken", state="attached", timeout=20_000)


def expect_nothing_happens(page, kept, rows):
    page.wait_for_timeout(300)
    assert kept() == rows


def chosen(page):
    """The place of the digit that a key corrects."""
    return page.evaluate(
        "[...document.querySelectorAll('.digit')].findIndex((one) => one.classList.contains('chosen'))"
    )


def test_one_key_corrects_one_digit_and_it_can_be_taken_back(open_page, write, hear, kept):
    page = open_page(feedback=True)
    hear(page)
    write(page, "7")
    expect_rest(page)
    expect_number(page, "7")
    assert page.locator(".how").is_visible()
    page.keyboard.press("1")
    expect_number(page, "1")
    assert kept() == [(1, 7)]
    assert page.inner_text(".said") == "You say it is"
    assert "It read 7" in page.inner_text(".verdict")
    assert page.inner_text(".digit .number") == "1"
    assert "yours" in page.inner_text(".digit .read")
    assert "Thank you, kept as 1." in page.inner_text(".digit")
    assert "yours" in page.get_attribute("#boxes rect", "class")
    page.wait_for_function("() => window.heard.at(-1) === 'Thank you: it is 1.'")
    page.keyboard.press("4")  # on second thoughts
    expect_number(page, "4")
    page.wait_for_function("() => window.heard.at(-1) === 'Thank you: it is 4.'")
    for _ in range(50):
        if len(kept()) == 1:
            break
        page.wait_for_timeout(50)
    assert kept() == [(4, 7)]
    page.click("text=Take it back")
    expect_number(page, "7")
    assert kept() == []
    page.wait_for_function("() => window.heard.at(-1) === 'Taken back.'")
    assert page.locator(".back").count() == 0
    assert "Accepted" in page.inner_text(".verdict")


def test_the_least_sure_digit_is_chosen_and_arrow_keys_and_clicks_choose_others(open_page, draw, file, kept):
    page = open_page(feedback=True)
    page.set_input_files("#image", [file("a.png", draw("427"))])
    expect_number(page, "427")
    shares = page.eval_on_selector_all("[name=confidence]", "all => all.map((one) => Number(one.value))")
    first = chosen(page)
    assert shares[first] == min(shares)
    assert "chosen" in page.get_attribute(f".frame rect >> nth={first}", "class")
    assert page.get_attribute(".digit.chosen", "aria-current") == "true"
    page.keyboard.press("ArrowRight")
    assert chosen(page) == (first + 1) % 3
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert chosen(page) == (first - 1) % 3
    page.click(".digit >> nth=1 >> .seen")
    assert chosen(page) == 1
    page.click(".frame rect >> nth=0")
    assert chosen(page) == 0
    page.keyboard.press("9")
    expect_number(page, "927")
    assert kept() == [(9, 4)]
    assert chosen(page) == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("0")
    expect_number(page, "907")
    assert kept() == [(9, 4), (0, 2)]
    assert page.locator(".back").count() == 2


def test_of_two_digits_that_look_the_same_one_is_corrected(open_page, draw, file, kept):
    page = open_page(feedback=True)
    page.set_input_files("#image", [file("a.png", draw("7")), file("b.png", draw("7"))])
    page.wait_for_selector("article >> nth=1")
    page.click("article >> nth=1 >> .seen")
    page.keyboard.press("1")
    page.wait_for_selector("mark")
    assert page.locator(".text").all_inner_texts() == ["7", "1"]
    assert kept() == [(1, 7)]
    assert page.locator(".how:visible").count() == 1


def test_keys_that_mean_something_else_correct_nothing(open_page, write, kept):
    page = open_page(feedback=True)
    page.keyboard.press("1")  # no answer yet
    write(page, "7")
    expect_rest(page)
    expect_number(page, "7")
    for key in ("Control+1", "Meta+1", "Alt+1", "a", "F1", "Enter", "ArrowLeft"):
        page.keyboard.press(key)
    page.evaluate("document.body.append(document.createElement('input'))")
    page.focus("body > input")
    page.keyboard.press("1")
    assert page.input_value("body > input") == "1"
    expect_nothing_happens(page, kept, [])
    page.focus("#image")  # where the focus is once a picture has been chosen
    page.keyboard.press("1")
    expect_number(page, "1")
    page.click("#clear")
    page.keyboard.press("2")
    expect_nothing_happens(page, kept, [(1, 7)])


def test_a_correction_stays_with_its_digit_as_long_as_that_stays(open_page, write, kept):
    page = open_page(feedback=True)
    write(page, "10")
    expect_rest(page)
    expect_number(page, "10")
    while chosen(page) != 0:
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("7")
    expect_number(page, "70")
    page.click("#undo")
    expect_number(page, "7")
    page.keyboard.press("Control+z")
    page.wait_for_selector("article", state="detached")
    write(page, "4")
    expect_rest(page)
    expect_number(page, "4")
    assert page.locator(".back, mark").count() == 0
    assert kept() == [(7, 1)]


def test_buttons_correct_by_touch(open_page, write_with_finger, kept):
    page = open_page(feedback=True, phone=True)
    write_with_finger(page, "10")
    expect_rest(page)
    expect_number(page, "10")
    assert not page.locator(".how").is_visible(), "a phone has no keys"
    page.tap(".digit >> nth=1 >> summary")
    buttons = page.locator(".digit >> nth=1 >> .wrong button")
    assert buttons.all_inner_texts() == list("0123456789")
    for button in buttons.all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    buttons.nth(8).tap()
    expect_number(page, "18")
    assert kept() == [(8, 0)]
    page.tap(".back")
    expect_number(page, "10")
    assert kept() == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_buttons_correct_by_keyboard_and_the_focus_goes_along(open_page, draw, file, kept):
    page = open_page(feedback=True)
    page.set_input_files("#image", [file("a.png", draw("42"))])
    expect_number(page, "42")
    place = 1 - chosen(page)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.localName") == "summary" and chosen(page) == place:
            break
    assert chosen(page) == place, "whose button has the focus is chosen"
    words = page.evaluate("document.activeElement.textContent")
    assert f"Correct digit {place + 1} of 2, read as {'42'[place]}" in words
    page.keyboard.press("Enter")
    assert page.locator(".wrong[open] button").count() == 10
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "0"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".back")
    assert kept() == [(1, int("42"[place]))]
    page.wait_for_function("() => document.activeElement.className.includes('back')")
    page.keyboard.press("Enter")
    expect_number(page, "42")
    page.wait_for_function("() => document.activeElement.localName === 'summary'")
    assert kept() == []


def test_without_scripts_a_form_corrects_and_takes_back(open_page, draw, file, kept):
    page = open_page(feedback=True, java_script_enabled=False)
    page.set_input_files("#image", [file("a.png", draw("42"))])
    page.click(".ask button[type=submit]")
    assert not page.locator(".how").first.is_visible()
    page.click("summary >> nth=1")
    page.click(".wrong[open] button[value='7']")
    page.wait_for_selector(".thanks")
    assert "kept as 7" in page.inner_text(".thanks")
    assert kept() == [(7, 2)]
    page.click("text=Take it back")
    page.wait_for_selector("text=Taken back")
    assert kept() == []
    page.click("text=Show it another number")
    page.wait_for_selector(".steps")


BUSY = '{"type": "about:blank", "title": "Busy", "status": %d, "detail": "%s"}'


@pytest.mark.parametrize(
    ("status", "sentence", "again"),
    [
        (429, "Too many requests: wait 5 seconds.", True),
        (503, "The file is locked; try again.", True),
        (507, "There are as many as are taken.", True),
        (422, "This is no correction.", False),
        (None, "did not answer", True),
    ],
)
def test_what_went_wrong_is_a_sentence_and_can_be_tried_again(
    open_page, draw, file, kept, status, sentence, again
):
    page = open_page(feedback=True)
    address = re.compile("/feedback$")
    problem = {"content_type": "application/problem+json", "headers": {"Retry-After": "5"}}
    if status is None:
        page.route(address, lambda route: route.abort())
    else:
        body = BUSY % (status, sentence)
        page.route(address, lambda route: route.fulfill(status=status, body=body, **problem))
    # Only now, so that what stands between browser and service is surely there when a correction is sent.
    page.set_input_files("#image", [file("a.png", draw("7"))])
    expect_number(page, "7")
    page.keyboard.press("1")
    page.wait_for_selector(".digit [role=alert]")
    assert sentence in page.inner_text(".digit [role=alert]")
    assert page.inner_text(".text") == "7", "what is not kept is not shown as kept"
    assert page.locator(".retry").count() == again
    page.unroute(address)
    if again:
        page.click(".retry")
    else:
        page.keyboard.press("1")
    expect_number(page, "1")
    assert page.locator("[role=alert]").count() == 0
    assert kept() == [(1, 7)]


def test_where_corrections_are_not_kept_nothing_of_them_is_there(open_page, write):
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    write(page, "7")
    expect_rest(page)
    expect_number(page, "7")
    page.keyboard.press("1")
    page.wait_for_timeout(200)
    assert page.inner_text(".text") == "7"
    assert page.locator(".wrong, .how, .chosen").count() == 0
    assert [address for address in asked if "feedback" in address or "correct" in address] == []
