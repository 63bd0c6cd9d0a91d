"""Takes the pictures out of a request, within the limits and without ever touching the disk."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from flask import Flask, Request, Response, current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder
from werkzeug.utils import cached_property
from werkzeug.wsgi import get_input_stream

from service.config import Config
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
        # One byte more than allowed tells a body that is too long from one that is exactly as long as
        # allowed, also where the client sends chunks and announces no length.
        source = get_input_stream(self.environ, max_content_length=limit + 1)
        try:
            body = source.read()
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
        if self.content_length is not None and len(body) < self.content_length:
            raise BadRequest(
                f"The body ended after {len(body)} of the {self.content_length} bytes announced. "
                "Send it again."
            )
        return body


def take_images() -> list[Upload]:
    """The pictures of the current request in the order sent: at least one, at most as many as allowed."""
    config: Config = current_app.config["DIGITNET"]
    images = _images(config)
    if not images:
        raise BadRequest(f"The request holds no picture. {EXPECTED}")
    if len(images) > config.max_images:
        raise RequestEntityTooLarge(
            f"The request holds {len(images)} pictures, but at most {config.max_images} are taken. "
            "Send them in several requests."
        )
    return images


def _images(config: Config) -> list[Upload]:
    kind = request.mimetype
    if kind == "multipart/form-data":
        return _images_of_form(config)
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


def _images_of_form(config: Config) -> list[Upload]:
    body = request.get_data()
    try:
        uploads = [upload for name, upload in _parts(body, config.max_parts) if name == FIELD]
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


def _parts(body: bytes, most: int) -> Iterator[tuple[str | None, Upload]]:
    """Each part of the form with its name, as bytes whether it has a file name or not.

    Werkzeug's own form takes a part without a file name for text, which a picture does not survive, and
    writes a long part to the disk. Raises ValueError for a malformed form, RequestEntityTooLarge for parts
    beyond `most`.
    """
    decoder = MultipartDecoder(request.mimetype_params.get("boundary", "").encode("ascii"), max_parts=most)
    decoder.receive_data(body)
    decoder.receive_data(None)
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            name, filename, pieces = event.name, getattr(event, "filename", None), []
        elif isinstance(event, Data):
            pieces.append(event.data)
            if not event.more_data:
                yield name, Upload(readable_name(filename), b"".join(pieces))


def readable_name(name: str | None) -> str | None:
    """A client's file name without folders and control characters, shortened; None where nothing is left.

    >>> readable_name("../../etc/passwd")
    'passwd'
    """
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(_shown(sign) for sign in last).strip()
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
    # Without this mark a read could wait for bytes that never come.
    if not request.environ.get("wsgi.input_terminated"):
        return response
    source = request.environ["wsgi.input"]
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
