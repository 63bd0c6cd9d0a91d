"""What the server answers in place of the application: to what is no valid HTTP, or where it failed."""

from http import HTTPStatus

from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    InvalidHTTPVersion,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)

from service.errors import NO_MEMORY, SECONDS_WITHOUT_MEMORY, SENTENCES, problem
from service.headers import HEADERS
from service.observed import HEADER
from service.problems import PROBLEM
from service.request_parser import InvalidHostError


def refusal(error: Exception) -> tuple[HTTPStatus, str]:
    """The status and the sentence for what gunicorn raised in place of calling the application.

    >>> refusal(LimitRequestLine(9000, 2048))[0]
    <HTTPStatus.REQUEST_URI_TOO_LONG: 414>
    """
    if isinstance(error, LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long. No address of this service is."
    if isinstance(error, LimitRequestHeaders):
        return (
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The header fields are too many or too long. Send fewer, such as fewer cookies.",
        )
    if isinstance(error, UnsupportedTransferCoding):
        return HTTPStatus.NOT_IMPLEMENTED, "Of transfer codings only chunked is understood."
    if isinstance(error, ExpectationFailed):
        return HTTPStatus.EXPECTATION_FAILED, "Of expectations only 100-continue is understood."
    # gunicorn keeps a version that it could read as a pair of numbers.
    if isinstance(error, InvalidHTTPVersion) and isinstance(error.version, tuple):
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This version of HTTP is not served. Use HTTP/1.1."
    if isinstance(error, InvalidHostError):
        return HTTPStatus.BAD_REQUEST, "The request names no host, or no valid one, in the header field Host."
    own = (ConfigurationProblem, InvalidResponseHeader, InvalidResponseHeaderName)
    if isinstance(error, ParseException) and not isinstance(error, own):
        return (
            HTTPStatus.BAD_REQUEST,
            "The request is not valid HTTP: its first line, a header field or its length is malformed.",
        )
    if isinstance(error, MemoryError):
        return HTTPStatus.SERVICE_UNAVAILABLE, NO_MEMORY
    return HTTPStatus.INTERNAL_SERVER_ERROR, SENTENCES[HTTPStatus.INTERNAL_SERVER_ERROR]


def answer_to(error: Exception, request_id: str) -> tuple[HTTPStatus, bytes, bytes]:
    """The status, the head and the body of the answer for what gunicorn raised."""
    status, detail = refusal(error)
    body = problem(status, status.phrase, detail).encode()
    headers = {
        **HEADERS,
        HEADER: request_id,
        "Connection": "close",
        "Content-Type": PROBLEM,
        "Content-Length": str(len(body)),
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(SECONDS_WITHOUT_MEMORY)
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return status, f"HTTP/1.1 {status} {status.phrase}\r\n{fields}\r\n".encode("latin-1"), body
