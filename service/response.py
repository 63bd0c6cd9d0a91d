"""gunicorn's answer in as few pieces as can be: its head goes out with the beginning of its body."""

import socket
from typing import Any

from gunicorn.http.wsgi import Response

from service.gate import Gate, send
from service.headers import HEADERS

KNOWN = frozenset(HEADERS.items())


class WholeResponse(Response):  # type: ignore[misc]  # gunicorn has no types
    """An answer of one piece is one call of the system, and one packet, in place of two."""

    headers_sent: bool

    def __init__(self, req: Any, sock: socket.socket, cfg: Any, gate: Gate) -> None:
        super().__init__(req, sock, cfg)
        self._gate = gate
        self._head = b""

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Check the header fields, but for those that are the same in every answer."""
        self.headers.extend(field for field in headers if field in KNOWN)
        super().process_headers([field for field in headers if field not in KNOWN])

    def send_headers(self) -> None:
        """Make the head, which waits for the body."""
        if not self.headers_sent:
            fields = [f"{name}: {value}\r\n" for name, value in self.headers]
            self._head = "".join([*self.default_headers(), *fields, "\r\n"]).encode("latin-1")
            self.headers_sent = True

    def can_sendfile(self) -> bool:
        """Never: files are small, and the head would have to go out before them."""
        return False

    def _emit_body(self, data: bytes) -> None:
        self._send(b"%X\r\n%s\r\n" % (len(data), data) if self.chunked else data)

    def close(self) -> None:
        """End the answer."""
        self.send_headers()
        self._send(b"0\r\n\r\n" if self.chunked else b"")

    def _send(self, data: bytes) -> None:
        data, self._head = self._head + data, b""
        if data:
            send(self.sock, data, self._gate)
