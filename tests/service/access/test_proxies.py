"""Proxies in front: believed as far as they are counted, and not at all where there are none."""

import http.client

import pytest

ADDRESS = "/api/v1/predict"


def ask(server, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request("GET", ADDRESS, headers={n.replace("_", "-"): v for n, v in headers.items()})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


@pytest.fixture
def serve(run_server, model):
    """A server of one process that takes one request of a client."""

    def serve_it(**environment):
        return run_server(
            "--model", str(model), "--workers", "1", DIGITNET_RATE_LIMIT="1/hour", **environment
        )

    return serve_it


def test_without_proxies_what_a_client_says_of_its_address_means_nothing(serve):
    with serve() as server:
        assert ask(server).status == 405
        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP", "True-Client-IP"):
            assert ask(server, **{header: "203.0.113.5"}).status == 429, header
        answer = ask(server, X_Forwarded_Proto="https")
        assert answer.status == 429
        assert answer.headers["Strict-Transport-Security"] is None


def test_behind_one_proxy_the_last_address_counts_and_no_earlier_one(serve):
    with serve(DIGITNET_PROXIES="1") as server:
        assert ask(server, X_Forwarded_For="203.0.113.5").status == 405
        # What the client itself wrote stands before what the proxy appended.
        assert ask(server, X_Forwarded_For="198.51.100.1, 203.0.113.5").status == 429
        assert ask(server, X_Forwarded_For="203.0.113.5, 198.51.100.1").status == 405
        assert ask(server, X_Forwarded_For="2001:db8::1").status == 405
        assert ask(server, X_Forwarded_For="2001:db8::2").status == 429
        assert ask(server, X_Forwarded_For="no address").status == 405
        assert ask(server).status == 405  # the proxy itself
        assert ask(server, X_Forwarded_Host="evil.example").status == 429


def test_behind_two_proxies_the_last_but_one_counts(serve):
    with serve(DIGITNET_PROXIES="2") as server:
        assert ask(server, X_Forwarded_For="203.0.113.5, 10.0.0.1").status == 405
        assert ask(server, X_Forwarded_For="198.51.100.1, 203.0.113.5, 10.0.0.2").status == 429
        assert ask(server, X_Forwarded_For="198.51.100.1, 10.0.0.1").status == 405


def test_a_proxy_that_speaks_https_makes_browsers_stay_with_it(serve):
    with serve(DIGITNET_PROXIES="1") as server:
        secure = ask(server, X_Forwarded_Proto="https").headers["Strict-Transport-Security"]
        assert secure == "max-age=31536000"
        assert ask(server, X_Forwarded_Proto="http").headers["Strict-Transport-Security"] is None
        assert ask(server).headers["Strict-Transport-Security"] is None


def test_a_page_behind_a_proxy_may_post_to_its_own_host(app_with, draw):
    client = app_with(proxies=1).test_client()
    headers = {"Host": "digits.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5"}

    def post(origin, **more):
        return client.post(
            "/", data=draw("1"), content_type="image/png", headers={**headers, "Origin": origin, **more}
        )

    assert post("https://digits.example").status_code == 200
    # A header that a client can write does not make its page the own one.
    assert post("https://evil.example", **{"X-Forwarded-Host": "evil.example"}).status_code == 403
