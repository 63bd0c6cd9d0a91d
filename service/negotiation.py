"""Chooses the type of an answer among those that a client accepts (RFC 9110, section 12)."""

from collections.abc import Sequence
from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable
from werkzeug.http import parse_accept_header

from service import current


def accepted(offers: Sequence[str], why: str = "") -> str:
    """The one of the offered types that the client likes best; the first for one that has no preference.

    Raises a 406 for a client that accepts none of them; `why` is a sentence that tells it more.
    """
    if chosen := _liked(current.request().headers.get("Accept", ""), tuple(offers)):
        return chosen
    raise NotAcceptable(
        f"The answer can be {' or '.join(offers)}, but the request's Accept allows no such type.{why} "
        "Send another Accept, or none."
    )


@lru_cache(maxsize=64)  # clients have few, and each took 15 µs to read
def _liked(header: str, offers: tuple[str, ...]) -> str | None:
    wanted = parse_accept_header(header, MIMEAccept)
    # A parameter such as charset=utf-8 asks for no other type: JSON and plain text are always UTF-8 here.
    plain = MIMEAccept([(value.split(";")[0].strip(), quality) for value, quality in wanted])
    return plain.best_match(offers) if wanted else offers[0]
