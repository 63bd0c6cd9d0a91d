"""Takes the pictures out of a request, within the limits and without ever touching the disk."""

import time
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any, cast

from flask import Flask, Request, Response
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.utils import cached_property
from werkzeug.wsgi import get_input_stream

from service import current
from service.config import Config
from service.forms import parts_of
from service.inflating import coding_of, inflate
from service.json_images import images_in

FIELD = "image"
EXPECTED = (
    f'Send one or more files in multipart/form-data parts named "{FIELD}", '
    "or one picture as the body itself with a Content-Type such as image/png, "
    "or several in base64 as application/json."
)
MAX_NAME_LENGTH = 120
DRAIN_SECONDS = 5.0
DRAIN_BYTES_PER_STEP = 64 * 1024


@dataclass(frozen=True)
class Upload:
    """One picture as it was sent; `filename` is None where the client gave no name."""

    filename: str | None
    data: bytes


class UploadRequest(Request):
    """A request whose body is read into memory as a whole, never beyond the limit, and never onto disk."""

    is_read = False  # to the end

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, inflated. It fits in memory by the limit, and so there is one place that can fail."""
        limit = self.max_content_length or 0
        coding = coding_of(self.headers.get("Content-Encoding", ""))
        try:
            body = self._sent(limit)
            return inflate(body, coding, limit) if coding else BytesIO(body)
        except RequestEntityTooLarge as error:
            if error.description != RequestEntityTooLarge.description:
                raise
            raise RequestEntityTooLarge(
                f"The request is too large: at most {readable_size(limit)} are taken"
                f"{', which is also the most it may hold once inflated' if coding else ''}. "
                "Send a smaller picture, or fewer at once."
            ) from error

    def _sent(self, limit: int) -> bytes:
        """The body as it was sent."""
        length = self.content_length
        if length is not None and length > limit:
            raise RequestEntityTooLarge
        try:
            # One byte more than allowed tells a body that is too long from one that is exactly as long as
            # allowed, also where the client sends chunks and announces no length.
            if self.environ.get("wsgi.input_terminated"):  # by the server: no stream around it for 15 µs
                body = cast(bytes, self.environ["wsgi.input"].read(limit + 1))
            else:
                body = get_input_stream(self.environ, max_content_length=limit + 1).read()
        except MemoryError:
            raise
        except Exception as error:  # each server has its own for malformed chunks and clients gone silent
            self.environ["wsgi.input"] = BytesIO()  # what is left cannot be read: nobody shall wait for it
            raise BadRequest(
                "The body cannot be read: it stopped arriving, or its transfer encoding is malformed. "
                "Send it again."
            ) from error
        if len(body) > limit:
            raise RequestEntityTooLarge
        if length is not None and len(body) < length:
            raise BadRequest(
                f"The body ended after {len(body)} of the {length} bytes announced. Send it again."
            )
        self.is_read = True
        return body


def take_images() -> list[Upload]:
    """The pictures of the current request in the order sent: at least one, at most as many as allowed."""
    config: Config = current.app().config["DIGITNET"]
    images = _images(current.request(), config)
    if not images:
        raise BadRequest(f"The request holds no picture. {EXPECTED}")
    if len(images) > config.max_images:
        raise RequestEntityTooLarge(
            f"The request holds {len(images)} pictures, but at most {config.max_images} are taken. "
            "Send them in several requests."
        )
    return images


def _images(request: Request, config: Config) -> list[Upload]:
    kind = request.mimetype
    if kind == "multipart/form-data":
        boundary = request.mimetype_params.get("boundary", "")
        return _images_of_form(request.get_data(), boundary, config)
    if kind.startswith("image/") or kind == "application/octet-stream":
        data = request.get_data(cache=False)
        return [Upload(None, data)] if data else []
    if kind == "application/json":
        images = images_in(request.get_data(cache=False), config.max_images)
        return [Upload(readable_name(name), data) for name, data in images]
    if not kind and not request.get_data():
        return []
    raise UnsupportedMediaType(
        f"The request's Content-Type, {kind[:MAX_NAME_LENGTH] or 'not given'}, is not served here. {EXPECTED}"
    )


def _images_of_form(body: bytes, boundary: str, config: Config) -> list[Upload]:
    try:
        parts = parts_of(body, boundary.encode("ascii"), config.max_parts)
        uploads = [Upload(readable_name(file), data) for name, file, data in parts if name == FIELD]
    except RequestEntityTooLarge as error:
        raise RequestEntityTooLarge(
            f"The form has more than {config.max_parts} parts, which is the most that are taken. "
            "Send the pictures in several requests."
        ) from error
    except ValueError as error:
        raise BadRequest(
            "The multipart body is malformed: its boundary is missing or wrong, or it was cut off. "
            "Let the HTTP client build the form and its Content-Type."
        ) from error
    # A browser sends a part without a name and without content where no file was chosen.
    return [upload for upload in uploads if upload.filename or upload.data]


def readable_name(name: str | None) -> str | None:
    """A client's file name without folders and control characters, shortened; None where nothing is left.

    >>> readable_name("../../etc/passwd")
    'passwd'
    """
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    shown = (last if last.isprintable() else "".join(_shown(sign) for sign in last)).strip()
    return (shown if len(shown) <= MAX_NAME_LENGTH else shown[: MAX_NAME_LENGTH - 1] + "…") or None


def _shown(sign: str) -> str:
    if sign.isprintable():
        return sign
    return " " if sign.isspace() else ""


def readable_size(size: int) -> str:
    """A number of bytes in the largest unit that divides it.

    >>> readable_size(10 * 1024 * 1024), readable_size(1500)
    ('10 MiB', '1500 bytes')
    """
    for unit, factor in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} bytes"


def register(app: Flask) -> None:
    """Make the application read what a client still sends before it answers."""
    app.after_request(_drain)


def _drain(response: Response) -> Response:
    """Read the rest of a body that was refused, within bounds, and throw it away.

    A server that closes a connection with bytes unread resets it, and a client that is still sending
    then sees "connection reset" in place of the sentence that tells it what was wrong.
    """
    request = cast(UploadRequest, current.request())
    environ = request.environ
    # Without the server's mark a read could wait for bytes that never come.
    if request.is_read or not (_has_body(environ) and environ.get("wsgi.input_terminated")):
        return response
    source = environ["wsgi.input"]
    remaining = 4 * (request.max_content_length or 0)
    deadline = time.monotonic() + DRAIN_SECONDS
    while remaining > 0 and time.monotonic() < deadline:
        try:
            piece = source.read(DRAIN_BYTES_PER_STEP)
        except Exception:  # the connection broke or its chunks are malformed: nothing is left to read
            break
        if not piece:
            break
        remaining -= len(piece)
    return response


def _has_body(environ: dict[str, Any]) -> bool:
    """Whether a body comes with the request (RFC 9112, section 6.3)."""
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
