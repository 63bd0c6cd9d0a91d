"""Trusted hosts: who is named by another name does not answer, except for those who watch it."""

import pytest

URL = "/api/v1/predict"


@pytest.fixture
def ask(app_with):
    """Ask for the page of a service that trusts these hosts, by the name in Host."""

    def ask_it(trusted, host, address="/api/v1/predict"):
        client = app_with(trusted_hosts=trusted).test_client()
        return client.get(address, headers={"Host": host}, buffered=True)

    return ask_it


@pytest.mark.parametrize(
    ("trusted", "host"),
    [
        ("digits.example.com", "digits.example.com"),
        ("digits.example.com", "Digits.EXAMPLE.com:8443"),
        ("Digits.example.com", "digits.example.com"),
        ("a.example, digits.example.com", "digits.example.com"),
        (".example.com", "digits.example.com"),
        (".example.com", "example.com"),
        ("192.0.2.7", "192.0.2.7:8000"),
        ("[::1]", "[::1]:8000"),
        ("[2001:DB8::1],a.example", "[2001:db8::1]"),
    ],
)
def test_a_host_that_is_named_is_answered_for(ask, trusted, host):
    assert ask(trusted, host).status_code == 405  # the address takes POST, and so it was reached


@pytest.mark.parametrize(
    ("trusted", "host"),
    [
        ("digits.example.com", "evil.example"),
        ("digits.example.com", "digits.example.com.evil.example"),
        ("digits.example.com", "evildigits.example.com"),
        ("digits.example.com", "example.com"),
        (".example.com", "evilexample.com"),
        ("digits.example.com", "digits.example.com@evil.example"),
        ("digits.example.com", "127.0.0.1:8000"),
        ("[::1]", "evil.example."),
        ("[::1]", "::1"),
        ("[::1]", "[::2]"),
        ("a.example", "[::1]"),
    ],
)
def test_another_host_is_refused(ask, problem, trusted, host):
    detail = problem(ask(trusted, host), 400)
    assert "does not answer for" in detail
    assert host not in detail


def test_without_trusted_hosts_any_will_do(ask):
    assert ask("", "whatever.example").status_code == 405


@pytest.mark.parametrize("address", ["/", "/static/style.css", "/nowhere", URL])
def test_the_check_is_for_every_address_but_health(ask, address):
    assert ask("a.example", "10.0.0.7:8000", address).status_code == 400
    assert ask("a.example", "a.example:8000", address).status_code != 400
    assert ask("a.example", "10.0.0.7:8000", "/health/live").status_code == 200
    assert ask("a.example", "10.0.0.7:8000", "/health/ready").status_code in (200, 503)


def test_a_request_without_a_host_is_refused_by_the_server_too(run_server, model):
    with run_server("--model", str(model), "--workers", "1", DIGITNET_TRUSTED_HOSTS="a.example") as server:
        for line, status in (
            (b"GET / HTTP/1.0\r\n", b"400"),
            (b"GET / HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n", b"400"),
            (
                b"GET / HTTP/1.1\r\nHost: b.example\r\nX-Forwarded-Host: a.example\r\nConnection: close\r\n",
                b"400",
            ),
            (b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n", b"200"),
        ):
            assert server.talk(line + b"\r\n").split()[1] == status, line
        assert server.is_alive()  # asks by number
