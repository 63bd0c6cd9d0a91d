"""The one place that turns an error into an answer: problem+json (RFC 9457), or a sentence on the page."""

import json
import logging
from http import HTTPStatus

from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, ServiceUnavailable, default_exceptions
from werkzeug.wrappers import Response as BaseResponse

from digitnet.errors import EmptyImageError, ImageError, ImageTooLargeError, UnsupportedImageError
from service import metrics
from service.problems import PROBLEM

NO_MEMORY = (
    "The service has too little memory for this request at the moment. Try again in a few seconds, "
    "or send smaller pictures."
)
SECONDS_WITHOUT_MEMORY = 5  # the time of a large picture or two

log = logging.getLogger("service")

# Sentences for errors that nobody described: those that Flask and Werkzeug raise by themselves.
SENTENCES = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read: it is malformed, or the connection ended early.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address. The page is at /, and pictures go to "
    "/api/v1/predict by POST.",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "The file has no such range of bytes. "
    "Ask for it without Range.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on the server, and the error was logged there. "
    "Try again later.",
}


def problem(status: int, title: str, detail: str, **more: str) -> str:
    """The body of an error as problem+json; a status that has its own meaning needs no further type."""
    return json.dumps(
        {"type": "about:blank", "title": title, "status": int(status), "detail": detail, **more}
    )


def image_problem(error: ImageError, which: str = "") -> HTTPException:
    """The HTTP error for what is wrong with a picture; `which` names the picture among several."""
    if isinstance(error, EmptyImageError):
        status = HTTPStatus.BAD_REQUEST
    elif isinstance(error, UnsupportedImageError):
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    elif isinstance(error, ImageTooLargeError):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    else:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return default_exceptions[status](f"{which}{error}")


def register(app: Flask) -> None:
    """Make the application answer every error from here; unexpected ones arrive as 500, already logged."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(MemoryError, _answer_without_memory)


def _answer(error: HTTPException) -> BaseResponse:
    # Werkzeug's own answer carries the status and headers such as Allow; only its body is replaced.
    answer = error.get_response()
    if answer.status_code < HTTPStatus.BAD_REQUEST:
        return answer
    detail = _detail(error, answer.status_code)
    if _wants_page():
        page = render_template("page.html", error=detail, title=error.name)
        return Response(page, answer.status_code, _other_headers(answer), mimetype="text/html")
    # Clients of the Open Inference Protocol look for the sentence in `error`.
    more = {"error": detail} if request.path == "/v2" or request.path.startswith("/v2/") else {}
    body = problem(answer.status_code, error.name, detail, **more)
    return Response(body, answer.status_code, _other_headers(answer), mimetype=PROBLEM)


def _answer_without_memory(_error: MemoryError) -> BaseResponse:
    # The process goes on: what the request had taken is free again once it is answered.
    log.warning("out of memory")
    metrics.current().overloaded("memory")
    return _answer(ServiceUnavailable(NO_MEMORY, retry_after=SECONDS_WITHOUT_MEMORY))


def _detail(error: HTTPException, status: int) -> str:
    if isinstance(error, MethodNotAllowed):
        allowed = " or ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
        return f"{request.method} is not served at this address. Use {allowed}."
    described = error.description != type(error).description
    if status == HTTPStatus.NOT_FOUND and not described and not current_app.config["DIGITNET"].page:
        return "There is nothing at this address. Pictures go to /api/v1/predict by POST."
    return (error.description if described else SENTENCES.get(HTTPStatus(status))) or error.name


def _other_headers(answer: BaseResponse) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in answer.headers
        if name.lower() not in ("content-type", "content-length")
    ]


def _wants_page() -> bool:
    if not current_app.config["DIGITNET"].page:
        return False
    if request.path == "/" and request.method in ("GET", "HEAD", "POST"):
        return True
    if request.path.startswith(("/api/", "/health/", "/v2")):
        return False
    return request.accept_mimetypes.best_match([PROBLEM, "text/html"]) == "text/html"
