"""The page for everyone: by keyboard, on a phone, in both colour schemes, and as axe-core likes it."""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile

import pytest

pytestmark = pytest.mark.browser

AXE = "axe-core@4.14.1"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"


def no_sideways_scroll(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.fixture(scope="session")
def axe(request, tmp_path_factory):
    """The source of axe-core, fetched once by npm and kept beside pytest's cache, checked each time."""
    kept = request.config.cache.mkdir("axe-core") / "axe.min.js"
    if not kept.exists() or hashlib.sha256(kept.read_bytes()).hexdigest() != AXE_SHA256:
        client = shutil.which("npm")
        if client is None:
            pytest.skip("npm, which fetches axe-core, was not found; install Node.js with npm.")
        folder = tmp_path_factory.mktemp("axe")
        command = [client, "pack", "--ignore-scripts", "--loglevel=error", AXE]
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        if answer.returncode:
            pytest.skip(f"npm could not fetch {AXE}: {' '.join(answer.stderr.split())[:200]}")
        [package] = folder.glob("*.tgz")
        with tarfile.open(package) as archive:
            kept.write_bytes(archive.extractfile("package/axe.min.js").read())
    source = kept.read_bytes()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256, f"{AXE} has other content than it should"
    return source.decode()


@pytest.fixture
def complaints(axe):
    """What axe-core finds wrong with a page as it is now."""

    def find(page):
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run(document)).violations")
        return [(one["id"], one["help"], [node["html"] for node in one["nodes"]][:3]) for one in found]

    return find


def scribble(page):
    """A tangle that is no digit, after whatever was drawn before."""
    page.click("#clear")
    pad = page.locator("#pad").bounding_box()
    page.mouse.move(pad["x"] + 0.3 * pad["width"], pad["y"] + 0.5 * pad["height"])
    page.mouse.down()
    for x, y in ((0.5, 0.1), (0.7, 0.5), (0.4, 0.9), (0.65, 0.3), (0.35, 0.2), (0.6, 0.85)):
        page.mouse.move(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"], steps=5)
    page.mouse.up()


@pytest.mark.parametrize(("scheme", "phone"), [("light", False), ("dark", True)])
def test_axe_finds_nothing_wrong_in_any_state(open_page, draw, file, write, complaints, scheme, phone):
    page = open_page(color_scheme=scheme, phone=phone, reduced_motion="reduce")
    states = {
        "empty": lambda: page.wait_for_selector(".steps"),
        "drawn": lambda: (write(page, "10"), page.wait_for_selector("#boxes rect")),
        "not sure": lambda: (scribble(page), page.wait_for_selector(".verdict.unsure")),
        "pictures": lambda: (
            page.set_input_files("#image", [file("a.png", draw("42")), file("b.png", draw(" "))]),
            page.wait_for_selector("article >> nth=1"),
        ),
        "error": lambda: (
            page.set_input_files("#image", [file("a.png", b"no picture")]),
            page.wait_for_selector("#answers [role=alert]"),
        ),
    }
    for name, reach in states.items():
        reach()
        found = complaints(page)
        assert found == [], f"{name}: {json.dumps(found, indent=1)}"


@pytest.mark.parametrize(("scheme", "phone"), [("dark", False), ("light", True)])
def test_axe_finds_nothing_wrong_while_one_corrects(open_page, draw, file, complaints, scheme, phone):
    page = open_page(color_scheme=scheme, phone=phone, reduced_motion="reduce", feedback=True)

    broken = []
    # From the start: a request right after the first route of a page may slip by it.
    page.route(re.compile("/feedback$"), lambda route: route.abort() if broken else route.continue_())

    def refused():
        broken.append(True)
        page.keyboard.press("2")
        page.wait_for_selector(".digit [role=alert]")

    states = {
        "one digit": lambda: (
            page.set_input_files("#image", [file("a.png", draw("7"))]),
            page.wait_for_selector(".wrong[open]"),
        ),
        "one of several is chosen": lambda: (
            page.set_input_files("#image", [file("a.png", draw("42")), file("b.png", draw("7"))]),
            page.wait_for_selector(".chosen"),
        ),
        "its buttons": lambda: (page.click("summary >> nth=1"), page.wait_for_selector(".wrong[open]")),
        "corrected": lambda: (page.keyboard.press("1"), page.wait_for_selector(".back")),
        "refused": refused,
    }
    for name, reach in states.items():
        reach()
        found = complaints(page)
        assert found == [], f"{name}: {json.dumps(found, indent=1)}"
        assert no_sideways_scroll(page), name


@pytest.mark.parametrize("feedback", [True, False])
def test_axe_finds_nothing_wrong_without_scripts(open_page, draw, file, complaints, feedback):
    page = open_page(feedback=feedback)
    # axe-core is a script itself: what visitors without scripts get is looked at in a page with scripts.
    for script in ("page.js", "correct.js"):
        page.route(re.compile(script), lambda route: route.abort())
    page.reload()
    assert page.locator("html.scripted").count() == 0
    page.set_input_files("#image", [file("a.png", draw("42"))])
    page.click(".ask button[type=submit]")
    page.wait_for_selector("article")
    assert complaints(page) == []
    if feedback:
        page.click("summary >> nth=1")
        assert complaints(page) == []
        page.click(".wrong[open] button[value='7']")
        page.wait_for_selector(".thanks")
        assert complaints(page) == []
        page.click("text=Take it back")
        page.wait_for_selector("text=Taken back")
        assert complaints(page) == []


def test_the_keyboard_alone_is_enough(open_page, write):
    page = open_page()
    choosers = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.focus("#show")  # who cannot draw can have it done
    page.keyboard.press("Enter")
    page.wait_for_selector("article")
    assert page.evaluate("document.activeElement.id") == "undo"
    page.click("#clear")
    write(page, "1")
    page.wait_for_selector("article")
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
        if reached[-1] == "image":
            break
    assert reached[-3:] == ["undo", "clear", "image"]
    assert (
        page.evaluate("getComputedStyle(document.querySelector('label[for=image]')).outlineStyle") == "solid"
    )
    page.keyboard.press("Enter")
    for _ in range(50):
        page.wait_for_timeout(100)
        if choosers:
            break
    assert len(choosers) == 1
    page.focus("#clear")
    page.keyboard.press("Space")
    page.wait_for_selector("article", state="detached")
    assert page.evaluate("document.activeElement.id") == "undo"
    page.keyboard.press("Enter")
    page.wait_for_selector("article")


def test_a_phone_never_scrolls_sideways(open_page, draw, file, write):
    page = open_page(phone=True)
    assert no_sideways_scroll(page)
    write(page, "10")
    page.wait_for_selector("#boxes rect")
    assert no_sideways_scroll(page)
    name = "a-very-long-name-without-any-space-" * 5 + ".png"
    page.set_input_files("#image", [file(name, draw("1234567890")), file("b.png", draw(" "))])
    page.wait_for_selector("article >> nth=1")
    assert no_sideways_scroll(page)
    page.set_input_files("#image", [file(name, b"no picture"), file("a.png", draw("7"))])
    page.wait_for_selector("#answers [role=alert]")
    assert no_sideways_scroll(page)


@pytest.mark.parametrize("phone", [True, False])
def test_many_pictures_and_long_numbers_stay_within_the_page(open_page, draw, file, phone):
    page = open_page(phone=phone, feedback=True)
    page.set_input_files("#image", [file("long.png", draw("1234567890" * 4))])
    page.wait_for_selector("article")
    assert len(page.inner_text(".text")) == 40
    assert no_sideways_scroll(page)
    page.set_input_files("#image", [file(f"{number}.png", draw(str(number))) for number in range(64)])
    page.wait_for_selector("article >> nth=63", timeout=60_000)
    assert no_sideways_scroll(page)
    assert page.locator(".digit.chosen, .how:visible").count() <= 2


def test_twice_the_size_stays_within_the_page(open_page, draw, file):
    page = open_page(viewport={"width": 640, "height": 400}, feedback=True)  # 1280 by 800 at 200 per cent
    page.set_input_files("#image", [file("a.png", draw("42"))])
    page.wait_for_selector("article")
    assert no_sideways_scroll(page)


def test_chosen_colours_of_the_system_still_tell_what_is_chosen(open_page, draw, file):
    page = open_page(forced_colors="active", feedback=True)
    page.set_input_files("#image", [file("a.png", draw("42"))])
    page.wait_for_selector(".chosen")
    assert page.evaluate("getComputedStyle(document.querySelector('.digit.chosen')).outlineStyle") == "solid"
    for swatch in (".warm", ".cool"):
        style = f"getComputedStyle(document.querySelector('{swatch}'), '::before')"
        assert page.evaluate(f"{style}.forcedColorAdjust") == "none"


def test_phones_are_offered_their_camera(open_page, draw, file):
    assert not open_page().locator("label[for=camera]").is_visible()
    page = open_page(phone=True)
    assert page.locator("label[for=camera]").is_visible()
    page.set_input_files("#camera", [file("photo.png", draw("7"))])
    page.wait_for_selector("article")
    assert page.inner_text(".text") == "7"


def test_who_wants_no_motion_gets_none(open_page):
    page = open_page(reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.querySelector('.invitation')).transitionDuration") == "0s"
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
