"""Cross-site requests: what pages elsewhere make a browser send is refused, what programs send is not."""

import io

import pytest

URL = "/api/v1/predict"
HOST = "digits.example"


@pytest.fixture
def post(client, draw):
    def post_it(address=URL, method="POST", host=HOST, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        files = {"image": (io.BytesIO(draw("1")), "1.png")}
        return client.open(address, method=method, data=files, headers={"Host": host, **headers})

    return post_it


def test_a_program_says_nothing_and_is_served(post):
    assert post().status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_own_page_is_served(post, site):
    assert post(Sec_Fetch_Site=site).status_code == 200
    # A form on a page that sends no referrer says null, and its site besides.
    assert post(Sec_Fetch_Site=site, Origin="null").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "Same-Origin", "same-origin, cross-site"])
def test_another_site_is_refused_whatever_its_origin_says(post, problem, site):
    for headers in ({}, {"Origin": f"https://{HOST}"}):
        assert "another site" in problem(post(Sec_Fetch_Site=site, **headers), 403)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://digits.example", "digits.example"),
        ("http://digits.example", "digits.example:80"),
        ("https://digits.example", "digits.example:443"),
        ("http://digits.example:8000", "Digits.example:8000"),
        ("http://192.168.1.5:8000", "192.168.1.5:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_an_old_browser_is_served_on_the_own_page(post, origin, host):
    assert post(host=host, Origin=origin).status_code == 200


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "digits.example"),
        ("https://evil.example", "digits.example"),
        ("https://digits.example.evil.example", "digits.example"),
        ("http://digits.example:8001", "digits.example:8000"),
        ("http://digits.example:443", "digits.example"),
        ("http://digits.example", "digits.example:8000"),
        ("https://user@digits.example", "digits.example"),
        ("ftp://digits.example", "digits.example"),
        ("digits.example", "digits.example"),
        ("http://[", "digits.example"),
        ("https://digits.example https://digits.example", "digits.example"),
        ("", "digits.example"),
        ("http://", ""),
    ],
)
def test_an_old_browser_on_another_page_is_refused(post, problem, origin, host):
    assert "another site" in problem(post(host=host, Origin=origin), 403)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "NONSENSE"])
@pytest.mark.parametrize("address", ["/", URL, "/api/v1/nowhere", "/feedback", "/v2/models/mnist/infer"])
def test_every_address_refuses_what_could_change_something(post, address, method):
    assert post(address, method, Sec_Fetch_Site="cross-site").status_code == 403


@pytest.mark.parametrize("address", ["/", "/health/live", "/static/style.css"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_from_elsewhere_leads_here(client, address, method):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    with client.open(address, method=method, headers=headers) as answer:
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers  # and nobody there can read it


def test_asking_whether_another_site_may_gets_no_leave(client):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.options(URL, headers=headers)
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118


def test_a_browser_reads_the_refusal_on_the_page(post):
    answer = post("/", Origin="https://evil.example")
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert 'role="alert"' in answer.text


def test_the_refusal_comes_before_the_body_is_looked_at(client, problem):
    class Unread(io.BytesIO):
        def read(self, *_):
            raise AssertionError("somebody read the body")

        readinto = readline = read

    answer = client.post(
        URL, input_stream=Unread(), headers={"Sec-Fetch-Site": "cross-site"}, content_type="image/png"
    )
    problem(answer, 403)
