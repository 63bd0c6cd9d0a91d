"""The page in real Chromium: with and without scripts, on a desk and on a phone."""

import os
import shutil

import pytest

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("DIGITNET_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if path is None:
        pytest.skip("No Chromium was found; install it (apt install chromium) to run the browser tests.")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed.")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, server):
    """Open the page in a fresh context; at the end nothing foreign was asked for and nothing complained."""
    contexts, complaints, addresses = [], [], []

    def open_it(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: addresses.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(server.url)
        return page

    yield open_it
    cookies = [cookie for context in contexts for cookie in context.cookies()]
    for context in contexts:
        context.close()
    assert cookies == []
    assert all(address.startswith((server.url, "data:")) for address in addresses)
    # Chromium itself notes every answer of 400 and above as a failed resource.
    assert [text for text in complaints if "the server responded with a status of 4" not in text] == []


def file(name, data):
    return {"name": name, "mimeType": "image/png", "buffer": data}


def no_sideways_scroll(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_choosing_a_picture_is_enough(open_page, draw):
    page = open_page()
    page.set_input_files("#image", [file("note.png", draw("42"))])
    page.wait_for_selector("article")
    assert page.inner_text(".text") == "42"
    assert page.locator(".frame rect").count() == 2
    assert page.locator(".digit").count() == 2
    assert page.title().startswith("42")


def test_the_boxes_lie_on_the_digits(open_page, draw):
    page = open_page()
    page.set_input_files("#image", [file("note.png", draw("42"))])
    page.wait_for_selector("article")
    frame = page.locator(".frame image").bounding_box()
    boxes = [page.locator(".frame rect").nth(place).bounding_box() for place in range(2)]
    for place, box in enumerate(boxes):
        middle = (box["x"] + box["width"] / 2 - frame["x"]) / frame["width"] * 190
        assert middle == pytest.approx(35 + 60 * place + 28, abs=12)


def test_it_works_without_scripts(open_page, draw):
    page = open_page(java_script_enabled=False)
    page.set_input_files("#image", [file("a.png", draw("42")), file("b.png", draw("7"))])
    page.click("button[type=submit]")
    page.wait_for_selector("article >> nth=1")
    assert page.locator(".text").all_inner_texts() == ["42", "7"]


def test_a_dropped_picture_is_read(open_page, draw):
    page = open_page()
    transfer = page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
            return transfer;
        }""",
        list(draw("7")),
    )
    page.dispatch_event("#upload", "drop", {"dataTransfer": transfer})
    page.wait_for_selector("article")
    assert page.inner_text(".text") == "7"
    assert page.inner_text("figcaption") == "dropped.png"


@pytest.mark.parametrize("scripts", [True, False])
def test_an_error_is_a_sentence_and_the_form_stays(open_page, draw, scripts):
    page = open_page(java_script_enabled=scripts)
    page.set_input_files("#image", [file("<b>notes</b>.png", b"no picture"), file("a.png", draw("7"))])
    if not scripts:
        page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert "Image 1 of 2" in page.inner_text("[role=alert]")
    assert page.locator("[role=alert] b").count() == 0
    page.set_input_files("#image", [file("a.png", draw("7"))])
    if not scripts:
        page.click("button[type=submit]")
    page.wait_for_selector("article")


def test_a_picture_without_digits(open_page, draw):
    page = open_page()
    page.set_input_files("#image", [file("blank.png", draw(" "))])
    page.wait_for_selector("article")
    assert "No digit found" in page.inner_text("article h2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways(open_page, draw, scheme):
    page = open_page(
        viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True, is_mobile=True
    )
    assert no_sideways_scroll(page)
    name = "a-very-long-name-without-any-space-" * 5 + ".png"
    page.set_input_files("#image", [file(name, draw("1234567890")), file("b.png", draw(" "))])
    page.wait_for_selector("article >> nth=1")
    assert no_sideways_scroll(page)
    page.set_input_files("#image", [file(name, b"no picture"), file("a.png", draw("7"))])
    page.wait_for_selector("[role=alert]")
    assert no_sideways_scroll(page)


def test_the_keyboard_alone_reaches_the_form(open_page):
    page = open_page()
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "image":
            break
    assert page.evaluate("document.activeElement.id") == "image"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('label[for=image]')).outlineStyle") == "solid"
    )


def test_colours_have_contrast_in_both_schemes(open_page):
    """WCAG asks for 4.5 to 1 between text and what lies behind it."""
    measure = """() => {
        const channel = (value) =>
            (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        const light = (colour) => {
            const [red, green, blue] = colour.match(/[0-9.]+/g).map(Number).map(channel);
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        };
        const behind = (element) => {
            for (let at = element; at; at = at.parentElement) {
                const colour = getComputedStyle(at).backgroundColor;
                if (colour !== "rgba(0, 0, 0, 0)") return colour;
            }
        };
        const texts = [...document.querySelectorAll("body *")].filter((element) =>
            [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
        return texts.map((element) => {
            const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        });
    }"""
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        assert min(page.evaluate(measure)) > 4.5
