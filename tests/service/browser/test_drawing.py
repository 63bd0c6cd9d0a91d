"""Numbers drawn on the page by real pointer events, and answered while they are drawn."""

import pytest

pytestmark = pytest.mark.browser


def expect_number(page, text):
    page.wait_for_function(
        "text => document.querySelector('article .text')?.textContent === text", arg=text, timeout=20_000
    )


def ink(page):
    """How many pixels of the pad have ink."""
    return page.evaluate(
        """() => {
            const { width, height } = pad.canvas;
            const sheet = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
            sheet.drawImage(pad.canvas, 0, 0);
            const { data } = sheet.getImageData(0, 0, width, height);
            return data.filter((value, place) => place % 4 === 3 && value > 0).length;
        }"""
    )


def paint_is_done(page):
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_numbers_drawn_with_the_mouse_are_read(open_page, write):
    page = open_page()
    pad = page.locator("#pad").bounding_box()
    for text in ("1", "7", "4", "0", "10"):
        write(page, text)
        expect_number(page, text)
        # A number can be read before its last stroke is at its end.
        page.wait_for_function("() => question === null && !wanted && nextAsk === undefined")
        assert page.locator("#boxes rect").count() == len(text)
        for place in range(len(text)):
            box = page.locator("#boxes rect").nth(place).bounding_box()
            middle = (box["x"] + box["width"] / 2 - pad["x"]) / pad["width"]
            square = min(0.9, pad["width"] / pad["height"] / len(text))  # see _paths in conftest.py
            left = 0.5 - square * len(text) / 2 * pad["height"] / pad["width"]
            expected = left + (place + 0.5) * square * pad["height"] / pad["width"]
            assert middle == pytest.approx(expected, abs=0.06)
            assert box["height"] / pad["height"] == pytest.approx(0.8 * square + 0.048, abs=0.05)
        assert page.locator(".digit").count() == len(text)
        assert page.locator(".digit .bars li").count() == 10 * len(text)
        page.click("#clear")
        assert page.locator("article, #boxes rect").count() == 0


def test_numbers_drawn_with_a_finger_are_read_and_the_page_stays_where_it_is(open_page, write_with_finger):
    page = open_page(phone=True)
    write_with_finger(page, "7")
    expect_number(page, "7")
    assert page.evaluate("scrollY") == 0
    number = page.locator("article .text").bounding_box()
    assert number["y"] + number["height"] < 740, "the number is seen while the finger is on the pad"


def test_numbers_drawn_with_a_pen_are_read(open_page, write_with_pen):
    page = open_page()
    page.evaluate(
        "pad.canvas.addEventListener('pointerdown', (event) => { window.kind = event.pointerType; })"
    )
    write_with_pen(page, "4")
    expect_number(page, "4")
    assert page.evaluate("window.kind") == "pen"


def test_a_tap_leaves_a_dot_and_no_number_is_accepted(open_page):
    page = open_page(phone=True)
    pad = page.locator("#pad").bounding_box()
    page.touchscreen.tap(pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] / 2)
    page.wait_for_selector("article")
    paint_is_done(page)
    assert ink(page) > 50
    assert page.locator(".verdict.sure").count() == 0


def test_the_answer_comes_while_the_pen_is_still_down(open_page):
    page = open_page()
    pad = page.locator("#pad").bounding_box()
    middle = pad["x"] + pad["width"] / 2
    page.mouse.move(middle, pad["y"] + 0.15 * pad["height"])
    page.mouse.down()
    page.mouse.move(middle, pad["y"] + 0.85 * pad["height"], steps=12)
    expect_number(page, "1")
    page.mouse.up()


def test_undo_and_clear_and_undo_of_clear(open_page, write):
    page = open_page()
    undo, clear = page.locator("#undo"), page.locator("#clear")
    assert undo.is_disabled()
    assert clear.is_disabled()
    write(page, "10")
    expect_number(page, "10")
    both = ink(page)
    undo.click()
    expect_number(page, "1")
    assert 0 < ink(page) < both
    clear.click()
    paint_is_done(page)
    assert ink(page) == 0
    assert page.locator(".steps").is_visible()
    assert clear.is_disabled()
    page.keyboard.press("Control+z")
    expect_number(page, "1")
    page.keyboard.press("Control+z")
    paint_is_done(page)
    assert ink(page) == 0
    assert undo.is_disabled()


def test_only_one_question_is_under_way_and_an_answer_to_a_cleared_drawing_is_dropped(open_page, write):
    page = open_page()
    under_way, most = set(), [0]

    def begin(request):
        if request.method == "POST":
            under_way.add(request)
            most[0] = max(most[0], len(under_way))

    page.on("request", begin)
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: under_way.discard(request))
    write(page, "1010")
    expect_number(page, "1010")
    assert most[0] == 1
    page.click("#clear")

    page.evaluate(  # from here on the first answer comes late, to whomever still waits for it
        """() => {
            const ask = window.fetch;
            window.late = null;
            window.fetch = (...question) => {
                const answer = ask(question[0], {...question[1], signal: null});
                window.late ??= answer;
                window.signal ??= question[1].signal;
                return window.late === answer ? answer.then((it) => new Promise((done) =>
                    setTimeout(() => done(it), 400))) : answer;
            };
        }"""
    )
    with page.expect_request(lambda request: request.method == "POST"):
        write(page, "7")
    page.click("#clear")
    assert page.evaluate("window.signal.aborted")
    write(page, "1")
    expect_number(page, "1")
    page.wait_for_timeout(500)
    assert page.locator("article .text").all_inner_texts() == ["1"]


def test_a_screen_reader_hears_the_number_once_and_not_every_stroke(open_page, write, hear):
    page = open_page()
    hear(page)
    assert page.get_attribute("#status", "role") == "status"
    write(page, "1010")
    page.wait_for_function("() => window.heard.at(-1)?.includes('It reads 1010')")
    page.wait_for_timeout(200)
    heard = page.evaluate("window.heard")
    assert len(heard) < 4, "fewer than there are strokes"
    assert len(set(heard)) == len(heard)
    assert "confident" in heard[-1]


def test_dark_ink_is_sent_whatever_the_screens_colours_are(open_page, write):
    page = open_page(color_scheme="dark")
    write(page, "4")
    expect_number(page, "4")
    colours = page.evaluate(
        """async () => {
            const picture = await createImageBitmap(await pad.picture());
            const sheet = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
            sheet.drawImage(picture, 0, 0);
            const { data } = sheet.getImageData(0, 0, picture.width, picture.height);
            return [picture.width, picture.height, data.reduce((a, b) => Math.min(a, b)), data[0]];
        }"""
    )
    assert colours == [560, 420, 0, 255]
    assert page.evaluate("getComputedStyle(document.getElementById('pad')).color") == "rgb(236, 238, 245)"


@pytest.mark.parametrize("number", ["0123", "4567", "890"])
def test_a_hand_writes_numbers_that_are_read(open_page, number):
    page = open_page(reduced_motion="reduce")
    page.evaluate(f"writeByItself(pad, '{number}')")
    expect_number(page, number)
    assert page.locator(".looked").count() == len(number)


def test_the_hand_takes_its_time_and_gives_way_to_another(open_page, write):
    page = open_page()
    page.click("#show")
    # At once: where the machine is busy, the first stroke is whole before a second question.
    early = page.wait_for_function("() => pad.strokes.length > 0 && pad.strokes[0].length").json_value()
    page.wait_for_function("early => pad.strokes[0].length > early", arg=early)
    page.click("#clear")
    paint_is_done(page)
    page.wait_for_timeout(300)
    assert page.evaluate("pad.empty")
    write(page, "7")
    expect_number(page, "7")
    assert page.evaluate("pad.strokes.length") == 1
