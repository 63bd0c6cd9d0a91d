"""Headers that every answer carries: what a browser may do with it, and that nothing keeps a copy."""

from flask import Flask, Response, request

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


def register(app: Flask) -> None:
    """Add the headers to every answer, errors included, where the answer does not set its own."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        # The service itself speaks plain HTTP, so it was a trusted proxy that said so. By plain HTTP
        # browsers ignore the header, and a service for the own network has no certificate to insist on.
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", TRANSPORT_SECURITY)
        return response
