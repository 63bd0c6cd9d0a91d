"""Trusted hosts: a request must name one of the hosts that the service is known by."""

from flask import Flask, current_app, request
from werkzeug.exceptions import BadRequest
from werkzeug.sansio.utils import host_is_trusted

from service.access.addresses import is_health
from service.config import Config


def register(app: Flask) -> None:
    """Check the Host of every request where trusted hosts are set."""
    if app.config["DIGITNET"].hosts:
        app.before_request(_check)


def _check() -> None:
    """A page elsewhere can make a browser take this service for its own by pointing a name at its address.

    Only the name tells: it is the other page's.
    """
    # Those who watch a service ask each machine by its number. The answer says "live" and no more.
    if is_health():
        return
    config: Config = current_app.config["DIGITNET"]
    if not is_trusted(request.headers.get("Host", ""), config.hosts):
        raise BadRequest(
            "The request names a host that this service does not answer for. Use the address it is known by; "
            "who runs it lists that in trusted_hosts."
        )


def is_trusted(host: str, trusted: list[str]) -> bool:
    """Whether one of the trusted names stands for a Host; capitals and the port do not count.

    >>> is_trusted("Digits.example.com:8000", [".example.com"]), is_trusted("[::1]:8000", ["[::1]"])
    (True, True)
    """
    host, names = host.lower(), {name.lower() for name in trusted}
    # Werkzeug takes the first colon of a trusted name for the one before a port.
    address, bracket, _ = host.partition("]")
    if bracket:
        return host_is_trusted(host) and address + bracket in names
    names = {name for name in names if not name.startswith("[")}
    return bool(names) and host_is_trusted(host, names)
