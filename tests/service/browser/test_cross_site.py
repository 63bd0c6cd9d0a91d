"""Where a browser says a post comes from: the own page may, over plain HTTP too, and no other page."""

import pytest

pytestmark = pytest.mark.browser

# A name that browsers do not take for their own machine's: without HTTPS they then leave Sec-Fetch-Site out.
FAR, ELSEWHERE = "digits.test", "evil.test"

FORM = """<!doctype html><title>elsewhere</title>
<form method="post" action="{address}" enctype="multipart/form-data"><input name="image" value="x"></form>"""


@pytest.fixture
def far_browser(browser_that_finds):
    return browser_that_finds(FAR, ELSEWHERE)


@pytest.fixture
def posts():
    """The list of a page's posts, which grows as it sends them."""

    def listen(page):
        found = []
        page.on("request", lambda request: found.append(request) if request.method == "POST" else None)
        return found

    return listen


@pytest.mark.parametrize("script", [True, False])
def test_a_form_on_the_own_page_is_served_over_plain_http(far_browser, server, draw, file, posts, script):
    with far_browser.new_context(java_script_enabled=script) as context:
        page = context.new_page()
        page.goto(f"http://{FAR}:{server.port}/")
        found = posts(page)
        page.locator("#image").set_input_files(file("seven.png", draw("7")))
        if not script:
            page.locator("#upload button").click()
        page.get_by_text("7", exact=True).first.wait_for()
        [request] = found
        headers = request.all_headers()
        assert "sec-fetch-site" not in headers
        assert headers["origin"] == f"http://{FAR}:{server.port}"
        assert request.response().status == 200


@pytest.mark.parametrize("host", [FAR, "127.0.0.1"])
def test_a_form_on_another_page_is_refused(far_browser, server, posts, host):
    with far_browser.new_context() as context:
        page = context.new_page()
        page.route(
            f"http://{ELSEWHERE}/",
            lambda route: route.fulfill(
                body=FORM.format(address=f"http://{host}:{server.port}/"), content_type="text/html"
            ),
        )
        page.goto(f"http://{ELSEWHERE}/")
        found = posts(page)
        page.evaluate("document.forms[0].submit()")
        page.get_by_role("alert").wait_for()
        assert "another site" in page.get_by_role("alert").inner_text()
        assert found[0].response().status == 403


def test_a_script_on_another_page_gets_nothing(far_browser, server):
    asked = """([address, options]) => fetch(address, options).then(answer => answer.type, () => "failed")"""
    with far_browser.new_context() as context:
        page = context.new_page()
        page.route(
            f"http://{ELSEWHERE}/",
            lambda route: route.fulfill(body="<!doctype html><title>x</title>", content_type="text/html"),
        )
        page.goto(f"http://{ELSEWHERE}/")
        for path in ("/", "/api/v1/predict", "/health/ready", "/static/page.js"):
            address = f"http://{FAR}:{server.port}{path}"
            for options in ({}, {"mode": "no-cors"}, {"method": "POST", "mode": "no-cors", "body": "x"}):
                assert page.evaluate(asked, [address, options]) == "failed"
        page.goto(f"http://{FAR}:{server.port}/")
        assert page.evaluate(asked, ["/health/ready", {}]) == "basic"  # the own page may
