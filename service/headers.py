"""Headers that every answer carries: what a browser may load for it, and that nothing keeps a copy."""

from flask import Flask, Response

HEADERS = {
    # Nothing is allowed but what the page needs: its own style, script and questions, and pictures that are
    # part of the page (data:), among them the visitor's own.
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Answers show somebody's picture or what was read from it. Static files say otherwise.
    "Cache-Control": "no-store",
}


def register(app: Flask) -> None:
    """Add the headers to every answer, errors included, where the answer does not set its own."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
