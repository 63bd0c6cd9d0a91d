"""Chooses the type of an answer among those that a client accepts (RFC 9110, section 12)."""

from collections.abc import Sequence

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable


def accepted(offers: Sequence[str], why: str = "") -> str:
    """The one of the offered types that the client likes best; the first for one that has no preference.

    Raises a 406 for a client that accepts none of them; `why` is a sentence that tells it more.
    """
    wanted = request.accept_mimetypes
    # A parameter such as charset=utf-8 asks for no other type: JSON and plain text are always UTF-8 here.
    plain = MIMEAccept([(value.split(";")[0].strip(), quality) for value, quality in wanted])
    if not wanted:
        return offers[0]
    if chosen := plain.best_match(offers):
        return chosen
    raise NotAcceptable(
        f"The answer can be {' or '.join(offers)}, but the request's Accept allows no such type.{why} "
        "Send another Accept, or none."
    )
