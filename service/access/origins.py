"""Cross-site requests: what a page elsewhere makes a visitor's browser send is refused."""

from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import Forbidden

from service import current

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")  # change nothing, and other pages cannot read the answers
OWN_SITES = ("same-origin", "none")  # none: the visitor did it, as by a bookmark
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def register(app: Flask) -> None:
    """Check every request that could change something."""
    app.before_request(_check)


def _check() -> None:
    """Browsers say where a request comes from, and pages cannot change what they say.

    Programs say nothing and are served. A browser leaves Sec-Fetch-Site out when it is old, or when it got
    the page by plain HTTP from another machine.
    """
    request = current.request()
    if request.method in SAFE:
        return
    environ = request.environ
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    if site is not None:
        own = site in OWN_SITES
    else:
        own = origin is None or is_origin_of(origin, environ.get("HTTP_HOST", ""))
    if not own:
        raise Forbidden(
            "The request comes from a page of another site, and those are not served. "
            "Open this service's own page, or send the request from a program."
        )


def is_origin_of(origin: str, host: str) -> bool:
    """Whether pages of this origin are those of the host; the scheme does not count, as a proxy changes it.

    >>> [is_origin_of(origin, "example.com") for origin in ("https://example.com", "http://example.com:81")]
    [True, False]
    """
    try:
        scheme, authority = urlsplit(origin.lower())[:2]
    except ValueError:  # such as brackets that do not close
        return False
    if scheme not in DEFAULT_PORTS or not authority:
        return False
    port = DEFAULT_PORTS[scheme]
    return authority.removesuffix(port) == host.lower().removesuffix(port)
