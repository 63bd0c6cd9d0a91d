"""The rate limit: how often a client may ask, counted by each process for itself."""

import time
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from service.access.addresses import is_health, is_metrics
from service.access.keys import name_of_sender

if TYPE_CHECKING:
    from flask_limiter import Limiter

NETWORK_BITS = 64  # of an IPv6 address: what one household or machine is given to choose from
MAX_ADDRESS_LENGTH = 64


def register(app: Flask) -> None:
    """Limit the rate of every client, if one is set; health, metrics and static files do not count.

    The window is fixed and begins with a client's first request. It takes one number for a client, where a
    moving one takes the time of each request; the price is that around its end twice the rate can pass.
    """
    rate = app.config["DIGITNET"].rate_limit
    if not rate:
        return
    # The library takes as long to import as a picture takes to read; who sets no limit does not wait for it.
    from flask_limiter import ApplicationLimit, Limiter

    from service.access.counters import SCHEME

    sentence = (
        f"Too many requests: of one client {rate} are taken. "
        "Try again after the seconds that Retry-After gives."
    )
    limiter = Limiter(
        client,
        application_limits=[ApplicationLimit(rate, error_message=sentence)],
        strategy="fixed-window",
        storage_uri=f"{SCHEME}://",
        # Without this, nobody would count requests to addresses at which there is nothing.
        request_identifier=lambda: request.endpoint or "nothing",
    )
    limiter.request_filter(lambda: is_health() or is_metrics())
    limiter.init_app(app)
    app.after_request(lambda response: _with_headers(response, limiter))


def client() -> str:
    """Who asks: the name of a valid key, else the address."""
    if name := name_of_sender():
        return f"key {name}"
    return f"address {network_of(request.remote_addr or '')}"


def network_of(address: str) -> str:
    """An address, of IPv6 its network: whoever has one address of that has all of them.

    >>> network_of("2001:db8:1:2:3:4:5:6"), network_of("::ffff:192.0.2.7"), network_of("192.0.2.7:4711")
    ('2001:db8:1:2::', '192.0.2.7', '192.0.2.7')
    """
    text = address.strip()
    # Some proxies write the port behind the address.
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        number = ip_address(text)
    except ValueError:
        return text[:MAX_ADDRESS_LENGTH] or "unknown"
    if not isinstance(number, IPv6Address):
        return str(number)
    if number.ipv4_mapped:
        return str(number.ipv4_mapped)
    host_bits = 128 - NETWORK_BITS
    return str(IPv6Address(int(number) >> host_bits << host_bits))


def _with_headers(response: Response, limiter: "Limiter") -> Response:
    limit = limiter.current_limit
    if limit is None:
        return response
    response.headers["X-RateLimit-Limit"] = str(limit.limit.amount)
    response.headers["X-RateLimit-Remaining"] = str(limit.remaining)
    response.headers["X-RateLimit-Reset"] = str(limit.reset_at)
    if limit.breached:
        response.headers["Retry-After"] = str(max(1, ceil(limit.reset_at - time.time())))
    return response
