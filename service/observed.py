"""What is known of every request, whatever becomes of it: its id, how long it took and how it ended."""

import re
import time
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from flask import Flask

from service import current, request_context

if TYPE_CHECKING:
    from service.metrics import Metrics

HEADER = "X-Request-Id"
SANE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
RULE = "digitnet.rule"  # where a request's environment says which address it is for

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Observed:
    """The application with an id for each request, in its answer and in its lines of the log, and counted."""

    def __init__(self, application: Wsgi, metrics: "Metrics") -> None:
        self._application, self._metrics = application, metrics

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        started = time.monotonic()
        identity = begin(environ.get("HTTP_X_REQUEST_ID"))
        ended = 500  # what the server answers for an application that raises

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal ended
            ended = int(status[:3])
            return start_response(status, [*headers, (HEADER, identity)], *more)

        try:
            return self._application(environ, start)
        finally:
            self._metrics.answered(
                environ.get(RULE, ""), environ["REQUEST_METHOD"], ended, time.monotonic() - started
            )


def begin(proposed: str | None) -> str:
    """Begin a request's context with an id: the one it came with, if that is sane, or else a new one."""
    identity = proposed if proposed and SANE.fullmatch(proposed) else token_hex(8)
    request_context.begin(request_id=identity)
    return identity


def register(app: Flask, metrics: "Metrics") -> None:
    """Observe the requests of an application."""
    app.before_request(_note_rule)
    app.wsgi_app = Observed(app.wsgi_app, metrics)  # type: ignore[method-assign]


def _note_rule() -> None:
    # The rule, such as /v2/models/<name>, and not the address: anybody can think up addresses without end.
    request = current.request()
    if request.url_rule is not None:
        request.environ[RULE] = request.url_rule.rule
