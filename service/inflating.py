"""Undoes the Content-Encoding of a body, and never writes out more than the body may be long."""

import zlib
from io import BytesIO
from typing import Any

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

# What zlib calls the containers of RFC 1952 and RFC 1950. "deflate" is the latter (RFC 9110, section
# 8.4.1.2): the bare data that some clients send under that name is not taken.
CONTAINERS = {
    "gzip": 16 + zlib.MAX_WBITS,
    "x-gzip": 16 + zlib.MAX_WBITS,
    "deflate": zlib.MAX_WBITS,
}
ACCEPTED = "gzip, deflate"
MAX_MEMBERS = 1024  # of a gzip body; empty ones of 20 bytes each would take time and add nothing
PIECE_IN = 16 * 1024
PIECE_OUT = 256 * 1024


class UnsupportedCodingError(UnsupportedMediaType):
    """A 415 that says which codings are taken (RFC 9110, section 15.5.16)."""

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """The headers of any error, and Accept-Encoding."""
        return [*super().get_headers(*args, **kwargs), ("Accept-Encoding", ACCEPTED)]


def coding_of(header: str) -> str | None:
    """The coding that a Content-Encoding names, None for a body that is sent as it is.

    Raises a 415 for one that is not served, and for several on top of each other.

    >>> coding_of("GZip"), coding_of("identity"), coding_of("")
    ('gzip', None, None)
    """
    names = [name.strip().lower() for name in header.split(",")]
    codings = [name for name in names if name not in ("", "identity")]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in CONTAINERS:
        raise UnsupportedCodingError(
            "The body's Content-Encoding is not served here. Send the body as it is, "
            "or in one layer of gzip or deflate."
        )
    return codings[0]


def inflate(body: bytes, coding: str, most: int) -> BytesIO:
    """What `body` holds, which may be `most` bytes long; no more than a piece beyond that is ever inflated.

    Raises a 413 without a sentence for a longer one, and a 400 for one that is damaged, cut off or
    followed by other bytes.

    >>> inflate(zlib.compress(b"4" * 1000), "deflate", 1000).read(3)
    b'444'
    """
    inflated, place, members = BytesIO(), 0, 0
    while place < len(body) or not members:
        if members and coding == "deflate":
            raise _damaged(coding)
        # A gzip body may be several files one after the other (RFC 1952, section 2.2).
        if members == MAX_MEMBERS:
            raise RequestEntityTooLarge(
                f"The body is made of more than {MAX_MEMBERS} gzip members. Compress it as a whole."
            )
        try:
            place = _inflate_member(body, place, CONTAINERS[coding], inflated, most)
        except zlib.error as error:
            raise _damaged(coding) from error
        members += 1
    inflated.seek(0)
    return inflated


def _inflate_member(body: bytes, place: int, container: int, inflated: BytesIO, most: int) -> int:
    """Append what begins at `place`, and return where it ends."""
    member = zlib.decompressobj(container)
    while not member.eof:
        piece = body[place : place + PIECE_IN]
        if not piece:
            raise zlib.error("the end is missing")
        place += len(piece)
        full = True
        # zlib can have taken all of a piece and still owe some of what it stands for.
        while full and not member.eof:
            data = member.decompress(piece, PIECE_OUT)
            if inflated.tell() + len(data) > most:
                raise RequestEntityTooLarge
            inflated.write(data)
            piece, full = member.unconsumed_tail, len(data) == PIECE_OUT
    return place - len(member.unused_data)


def _damaged(coding: str) -> BadRequest:
    return BadRequest(
        f"The body is not valid {coding}: it is damaged, cut off, or followed by something else. "
        "Compress it again, or send it as it is."
    )
