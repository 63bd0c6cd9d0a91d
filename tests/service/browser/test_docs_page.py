"""/api/docs in real Chromium: Swagger UI runs as it is under the service's policy, and asks the service."""

import re

import pytest

pytestmark = pytest.mark.browser

PREDICT = "#operations-Predictions-predict"


@pytest.fixture
def docs(open_page, server):
    """Open the page in a fresh context, and fail the test for whatever the console has to complain about."""
    complaints = []

    def open_docs(**options):
        page = open_page(**options)
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{server.url}/api/docs")
        return page

    yield open_docs
    assert complaints == []


def open_operation(page):
    page.click(f"{PREDICT} .opblock-summary-control")
    page.wait_for_selector(f"{PREDICT} input[type=file]")


def executed(page):
    """Ask, and return the status and the body that the page shows."""
    page.click(f"{PREDICT} button.execute")
    page.wait_for_selector(f"{PREDICT} .live-responses-table .highlight-code")
    table = page.locator(f"{PREDICT} .live-responses-table")
    status = table.locator("tbody td.response-col_status").first.inner_text()
    return int(re.match(r"\d+", status)[0]), table.locator(".highlight-code").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_can_be_tried_out(docs, draw, file, scheme):
    page = docs(color_scheme=scheme)
    page.wait_for_selector(PREDICT)
    assert ("dark-mode" in (page.get_attribute("html", "class") or "")) == (scheme == "dark")
    open_operation(page)
    page.set_input_files(f"{PREDICT} input[type=file]", [file("a.png", draw("42"))])
    status, body = executed(page)
    assert status == 200
    assert '"text": "42"' in body
    assert '"filename": "a.png"' in body


def test_json_can_be_tried_out_with_the_example_that_is_there(docs):
    page = docs()
    page.wait_for_selector(PREDICT)
    open_operation(page)
    page.select_option(f"{PREDICT} select[aria-label='Request content type']", "application/json")
    page.wait_for_selector(f"{PREDICT} textarea")
    status, body = executed(page)
    assert status == 200
    assert '"text": "7"' in body


def test_without_javascript_it_is_a_list_with_commands(docs, server):
    page = docs(java_script_enabled=False)
    assert "/api/v1/predict" in page.inner_text("main")
    assert page.locator("article pre").count() >= 3
    document = page.context.request.get(server.url + page.get_attribute("main a", "href")).json()
    assert document["openapi"].startswith("3.1.")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_phone_never_scrolls_sideways(docs, scripts):
    page = docs(phone=True, java_script_enabled=scripts)
    page.wait_for_selector(PREDICT if scripts else "article")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
