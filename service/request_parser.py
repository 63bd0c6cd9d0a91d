"""gunicorn's parser for HTTP/1.1, with rules about Host and codings, and the request kept for an error."""

import re
import socket
from functools import cache
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.http.errors import InvalidHeader, ParseException, UnsupportedTransferCoding
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

from service.gate import Bytes, Gate

# RFC 3986, section 3.2.2: an address in brackets, or a name, which may be empty; then perhaps a port.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:[0-9]{0,5})?")


class InvalidHostError(InvalidHeader):  # type: ignore[misc]  # gunicorn has no types
    """A request that does not say for which host it is."""


class KnownRequest(Request):  # type: ignore[misc]  # gunicorn has no types
    """A request that must say for which host it is, and that an error about it carries along."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(*args, **kwargs)
            self._check_host()
            self._check_coding()
        except ParseException as error:
            # An answer to HEAD has no body, also where the rest of the request was malformed.
            error.request = self
            raise

    def _peer_trusted_for_forwarded(self) -> tuple[dict[str, str], list[str]]:
        """Nothing: no proxy may set such a header here, so nobody's address has to be looked at."""
        return {}, []

    def _check_host(self) -> None:
        """RFC 9112, section 3.2: one valid Host, which only HTTP/1.0 may leave out, or else a 400.

        gunicorn itself refuses a second one.
        """
        hosts = [value for name, value in self.headers if name == "HOST"]
        if not hosts and self.version >= (1, 1):
            raise InvalidHostError("HOST is missing")
        if hosts and not HOST.fullmatch(hosts[0]):
            raise InvalidHostError("HOST")

    def _check_coding(self) -> None:
        """RFC 9112, section 6.1: a 501 for a transfer coding that is not undone here.

        gunicorn lets a compressed one pass below chunks, and the application would read it as it is.
        """
        codings = [value for name, value in self.headers if name == "TRANSFER-ENCODING"]
        if codings and ",".join(codings).strip().lower() != "chunked":
            raise UnsupportedTransferCoding(codings[0])


class Parser(RequestParser):  # type: ignore[misc]  # gunicorn has no types
    """Reads one request of a connection after the other."""

    mesg_class = KnownRequest

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, gate: Gate) -> None:
        super().__init__(_settled(cfg), sock, client)
        self.unreader = Bytes(sock, gate)

    def finish_body(self, deadline: float | None = None, max_bytes: int | None = None) -> bool:
        """Read the rest of a body. gunicorn asks twice a request, and takes 6 µs to see that none is left."""
        body: Any = getattr(self.mesg, "body", None)
        if body is not None and isinstance(body.reader, LengthReader) and not body.reader.length:
            return not getattr(body, "failed", False)
        return bool(super().finish_body(deadline, max_bytes))


class Settled:
    """gunicorn's settings, which do not change any more: each is looked up once, and not for each request."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._cfg, name)
        setattr(self, name, value)
        return value


_settled = cache(Settled)
