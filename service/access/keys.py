"""API keys: with a file of them, programs must send one."""

from typing import cast

from flask import Flask, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from service.access.addresses import is_for_programs
from service.access.key_file import KeyFile

_EXTENSION = "digitnet_keys"


def register(app: Flask) -> None:
    """Read the file of keys, if there is one; `check` is what refuses those without."""
    path = app.config["DIGITNET"].api_keys
    app.extensions[_EXTENSION] = KeyFile(path, app.logger) if path else None


def name_of_sender() -> str | None:
    """The name of the valid key that the current request sent, None where there is none."""
    file = cast(KeyFile | None, current_app.extensions[_EXTENSION])
    if file is None:
        return None
    if "key_name" not in g:
        sent = _sent()
        g.key_name = None if sent is None else file.name_of(sent)
    return cast(str | None, g.key_name)


def check() -> None:
    """Refuse who asks a program's address without a key, or with a wrong one, in the same words."""
    if not is_for_programs() or name_of_sender():
        return
    raise Unauthorized(
        "This address needs a valid API key. Send it as Authorization: Bearer KEY, or as X-API-Key: KEY; "
        "who runs the service hands keys out.",
        www_authenticate=WWWAuthenticate("bearer", {"realm": "digitnet"}),
    )


def _sent() -> str | None:
    if (key := request.headers.get("X-API-Key")) is not None:
        return key.strip()
    authorization = request.authorization
    return authorization.token if authorization is not None and authorization.type == "bearer" else None
