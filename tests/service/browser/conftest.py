"""Real Chromium, pages of the running service in it, and a hand that writes on their pad."""

import os
import shutil

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}

# Strokes in a square one unit wide and high.
ROUND = [
    (0.5, 0.1),
    (0.28, 0.25),
    (0.22, 0.55),
    (0.35, 0.85),
    (0.58, 0.88),
    (0.76, 0.6),
    (0.72, 0.25),
    (0.5, 0.1),
]
DIGITS = {
    "0": [ROUND],
    "1": [[(0.5, 0.1), (0.48, 0.9)]],
    "4": [[(0.35, 0.12), (0.22, 0.58), (0.8, 0.58)], [(0.62, 0.12), (0.6, 0.9)]],
    "7": [[(0.2, 0.15), (0.78, 0.15), (0.45, 0.9)]],
}


def find_chromium():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("DIGITNET_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
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
def browser_that_finds(browser):
    """Another Chromium, which finds hosts of these names at this machine."""
    started = []

    def launch(*hosts):
        rules = ",".join(f"MAP {host} 127.0.0.1" for host in hosts)
        arguments = [*ARGUMENTS, f"--host-resolver-rules={rules}"]
        started.append(browser.browser_type.launch(executable_path=find_chromium(), args=arguments))
        return started[-1]

    yield launch
    for chromium in started:
        chromium.close()


@pytest.fixture(scope="session")
def corrections_file(tmp_path_factory):
    """Where the service that takes corrections keeps them."""
    return tmp_path_factory.mktemp("feedback") / "corrections.sqlite"


@pytest.fixture(scope="session")
def correctable_server(model, run_server, corrections_file):
    """One server for all tests that correct it."""
    with run_server("--model", str(model), "--feedback", str(corrections_file)) as running:
        yield running


@pytest.fixture
def open_page(request, browser, server):
    """Open the page in a fresh context; at the end nothing foreign was asked for and nothing complained."""
    contexts, complaints, addresses, services = [], [], [], [server]

    def open_it(*, phone=False, feedback=False, **options):
        if feedback:
            services.append(request.getfixturevalue("correctable_server"))
        context = browser.new_context(**(PHONE if phone else {}), **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: addresses.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(services[-1].url)
        return page

    yield open_it
    cookies = [cookie for context in contexts for cookie in context.cookies()]
    for context in contexts:
        context.close()
    assert cookies == []
    own = (*(service.url for service in services), "data:")
    assert all(address.startswith(own) for address in addresses)
    # Chromium itself notes every answer of 400 and above, and every one that is missing.
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


def _paths(page, text):
    """The strokes of a number, spread over the pad, in pixels of the screen."""
    pad = page.locator("#pad").bounding_box()
    side = min(0.9 * pad["height"], pad["width"] / len(text))
    left = pad["x"] + (pad["width"] - side * len(text)) / 2
    top = pad["y"] + (pad["height"] - side) / 2
    for place, sign in enumerate(text):
        for stroke in DIGITS[sign]:
            yield [(left + side * (place + x), top + side * y) for x, y in stroke]


@pytest.fixture
def write():
    """Write a number on the pad with the mouse, as a hand does: press, move, release."""

    def write_it(page, text):
        for first, *rest in _paths(page, text):
            page.mouse.move(*first)
            page.mouse.down()
            for point in rest:
                page.mouse.move(*point, steps=3)
            page.mouse.up()

    return write_it


@pytest.fixture
def write_with_finger():
    """The same by touch, as the browser's own input events."""

    def write_it(page, text):
        session = page.context.new_cdp_session(page)

        def touch(kind, *points):
            points = [{"x": x, "y": y} for x, y in points]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        for first, *rest in _paths(page, text):
            touch("touchStart", first)
            last = first
            for x, y in rest:
                for step in (1, 2, 3, 4):
                    share = step / 4
                    touch("touchMove", (last[0] + share * (x - last[0]), last[1] + share * (y - last[1])))
                last = (x, y)
            touch("touchEnd")

    return write_it


@pytest.fixture
def write_with_pen():
    """The same with a stylus."""

    def write_it(page, text):
        session = page.context.new_cdp_session(page)

        def pen(kind, point, buttons):
            x, y = point
            event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1}
            session.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen", "force": 0.5})

        for path in _paths(page, text):
            pen("mousePressed", path[0], 1)
            for point in path[1:]:
                pen("mouseMoved", point, 1)
            pen("mouseReleased", path[-1], 0)

    return write_it


@pytest.fixture
def file():
    """A file to choose, as playwright takes it."""

    def build(name, data, kind="image/png"):
        return {"name": name, "mimeType": kind, "buffer": data}

    return build


@pytest.fixture
def transfer():
    """A DataTransfer with a picture, as the clipboard and a drag carry it."""

    def build(page, data, name):
        return page.evaluate_handle(
            """([bytes, name]) => {
                const transfer = new DataTransfer();
                if (name) transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
                return transfer;
            }""",
            [list(data), name],
        )

    return build


@pytest.fixture
def hear():
    """Note from now on what a screen reader is told, in window.heard."""

    def hear_it(page):
        page.evaluate(
            """() => {
                window.heard = [];
                new MutationObserver(() => {
                    const text = document.getElementById("status").textContent;
                    if (text) window.heard.push(text);
                }).observe(document.getElementById("status"), {childList: true});
            }"""
        )

    return hear_it
