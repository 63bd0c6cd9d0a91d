"""The rate limit: so often and no oftener, each client for itself, in memory that is bounded."""

import subprocess
import sys
import time
import tracemalloc

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from service.access.counters import BoundedMemory
from service.access.rates import network_of

URL = "/api/v1/predict"
MIB = 1024 * 1024


@pytest.fixture
def limited(app_with):
    """A client of a service with a rate limit, which asks from the address that it is given."""

    def build(rate="3/hour", **settings):
        client = app_with(rate_limit=rate, **settings).test_client()

        def ask(address="/", sender="192.0.2.1", **options):
            return client.get(address, environ_overrides={"REMOTE_ADDR": sender}, **options)

        return ask

    return build


def test_the_most_requests_of_a_client(limited, problem):
    ask = limited("3/hour")
    for left in (2, 1, 0):
        answer = ask(URL)
        assert answer.status_code == 405
        assert answer.headers["X-RateLimit-Limit"] == "3"
        assert answer.headers["X-RateLimit-Remaining"] == str(left)
        assert "Retry-After" not in answer.headers
    answer = ask(URL)
    detail = problem(answer, 429)
    assert "3/hour" in detail
    assert 3595 <= int(answer.headers["Retry-After"]) <= 3601
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert abs(int(answer.headers["X-RateLimit-Reset"]) - time.time() - 3600) < 10


def test_all_addresses_count_together(limited):
    ask = limited("3/hour")
    assert [ask(address).status_code for address in ("/", URL, "/nowhere", "/", "/other", URL)] == [
        *(200, 405, 404),
        *(429, 429, 429),
    ]


def test_each_client_counts_for_itself(limited):
    ask = limited("1/hour")
    assert [ask(sender=f"192.0.2.{number}").status_code for number in (1, 2, 1, 2, 3)] == [
        *(200, 200),
        *(429, 429, 200),
    ]


def test_all_addresses_of_a_network_of_ipv6_are_one_client(limited):
    ask = limited("1/hour")
    assert ask(sender="2001:db8:0:1::1").status_code == 200
    assert ask(sender="2001:db8:0:1:ffff:1:2:3").status_code == 429
    assert ask(sender="2001:db8:0:2::1").status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "::"),
        ("[2001:db8::5]:443", "2001:db8::"),
        ("fe80::1%eth0", "fe80::"),
        ("", "unknown"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_what_an_address_counts_as(address, network):
    assert network_of(address) == network


def test_who_waits_may_ask_again(limited):
    ask = limited("2/second")
    assert [ask(URL).status_code for _ in range(3)] == [405, 405, 429]
    time.sleep(float(ask(URL).headers["Retry-After"]) + 0.05)
    assert ask(URL).status_code == 405


def test_several_rates_hold_together(limited):
    ask = limited("2/second;3/hour")
    assert [ask(URL).status_code for _ in range(3)] == [405, 405, 429]
    time.sleep(1.05)
    # What the shorter limit refused was not counted by the longer one.
    assert ask(URL).status_code == 405
    answer = ask(URL)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 60


def test_those_who_watch_and_static_files_do_not_count(limited):
    ask = limited("1/hour")
    assert ask().status_code == 200
    for address in ("/health/live", "/static/style.css"):
        for _ in range(3):
            assert ask(address, buffered=True).status_code == 200
    for address in ("/metrics", "/v2/health/live"):
        assert ask(address).status_code != 429
    assert ask().status_code == 429


def test_a_browser_reads_it_on_the_page(limited):
    ask = limited("1/hour")
    ask()
    answer = ask()
    assert (answer.status_code, answer.mimetype) == (429, "text/html")
    assert "Too many requests" in answer.text


def test_a_header_from_anywhere_changes_nothing(limited):
    ask = limited("1/hour")
    assert ask().status_code == 200
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP"):
        assert ask(headers={name: "203.0.113.9"}).status_code == 429


def test_counters_of_a_hundred_thousand_addresses_take_bounded_memory(limited):
    counters = BoundedMemory(most=20_000)
    limiter, rate = FixedWindowRateLimiter(counters), parse("10/hour")
    sizes = []
    tracemalloc.start()
    try:
        for number in range(100_000):
            assert limiter.hit(
                rate, f"address 10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "global"
            )
            if number % 20_000 == 19_999:
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert counters.reset() == 20_000
    assert max(sizes) < 10 * MIB
    assert sizes[-1] < 1.2 * sizes[0]
    ask = limited("10/hour")
    for number in range(1000):
        assert ask(URL, sender=f"10.0.{number >> 8}.{number & 255}").status_code == 405


def test_counters_that_have_ended_are_dropped():
    counters = BoundedMemory()
    for number in range(1000):
        counters.incr(f"client {number}", 0.05)
    time.sleep(0.06)
    counters.incr("another", 60)
    assert counters.reset() == 1


def test_the_oldest_counter_is_the_first_to_be_forgotten():
    counters = BoundedMemory(most=3)
    for name in "abcb":
        counters.incr(name, 60)
    counters.incr("d", 60)
    assert [counters.get(name) for name in "abcd"] == [0, 2, 1, 1]
    counters.clear("b")
    assert counters.get("b") == 0


def test_without_a_rate_nobody_waits_for_the_library(root):
    program = (
        "import sys; from service import create_app; from service.config import Config; create_app(Config());"
        "print([name for name in ('flask_limiter', 'limits') if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"


def test_many_threads_are_counted_one_by_one():
    from concurrent.futures import ThreadPoolExecutor

    counters = BoundedMemory()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counters.incr("a", 60), range(20_000)))
    assert counters.get("a") == 20_000


def test_each_process_counts_for_itself(run_server, model):
    """So that two of them take up to twice as many of a client, as the documentation says."""

    def status():
        return server.talk(b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").split()[1]

    with run_server("--model", str(model), "--workers", "1", DIGITNET_RATE_LIMIT="5/hour") as server:
        assert [status() for _ in range(7)] == [b"404"] * 5 + [b"429"] * 2
    with run_server("--model", str(model), "--workers", "2", DIGITNET_RATE_LIMIT="5/hour") as server:
        taken = [status() for _ in range(30)].count(b"404")
        assert 5 <= taken <= 10
        assert server.is_alive()
