"""Headers that every answer carries: what a browser may do with it, and that nothing keeps a copy."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

HEADERS = {
    # Nothing is allowed but what the page needs: its own style, script and questions, and pictures that are
    # part of the page (data:), among them the visitor's own.
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # No Cross-Origin-Embedder-Policy: it lets a page measure time more finely, which this one need not.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A phone's camera takes a picture for the form by itself; that needs no permission of the page.
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # what frame-ancestors says, for browsers that are too old for it
    # Answers show somebody's picture or what was read from it. Static files say otherwise.
    "Cache-Control": "no-store",
}

# For a year; a browser goes on believing it for so long, so it says nothing about other hosts below.
TRANSPORT_SECURITY = "max-age=31536000"


_FIELDS = [(name.lower(), (name, value)) for name, value in HEADERS.items()]
_SECURE = [*_FIELDS, ("strict-transport-security", ("Strict-Transport-Security", TRANSPORT_SECURITY))]


def register(app: Flask) -> None:
    """Add the headers to every answer, errors included, where the answer does not set its own.

    They join the list that goes to the server: as headers of Flask's answer, each was looked for among all
    others, which took a quarter of the time of a short answer.
    """
    answer = app.wsgi_app

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # The service itself speaks plain HTTP, so it was a trusted proxy that said so. By plain HTTP
        # browsers ignore the header, and a service for the own network has no certificate to insist on.
        wanted = _SECURE if environ.get("wsgi.url_scheme") in ("https", "wss") else _FIELDS

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            own = {name.lower() for name, _ in headers}
            return start_response(status, headers + [one for name, one in wanted if name not in own], *more)

        return answer(environ, start)

    app.wsgi_app = guarded  # type: ignore[method-assign]  # how Flask wants it done
