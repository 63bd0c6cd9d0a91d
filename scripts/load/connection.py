"""One connection to a server, fast enough to load it, and exact about what was not answered."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

PIECE = 65_536

Address = tuple[str, int]


class LostError(ConnectionError):
    """A request was sent, or begun, and no complete answer came."""


@dataclass(frozen=True)
class Answer:
    """What a server answered; the names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this answer."""
        return self.headers.get("connection", "").lower() == "close"


def request(method: str, address: str, body: bytes = b"", kind: str = "", *headers: str) -> bytes:
    """The bytes of a request; the connection stays open unless a header says otherwise.

    >>> request("GET", "/health/live")
    b'GET /health/live HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'
    """
    lines = [f"{method} {address} HTTP/1.1", "Host: localhost", *headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    if kind:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """Asks one question after the other; raises OSError where nobody listens.

    Attributes:
        port: of this end, by which the server's process can be told.
    """

    def __init__(self, server: Address, seconds: float = 30.0) -> None:
        self._socket = socket.create_connection(server, timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def ask(self, message: bytes) -> Answer:
        """Send a request and wait for the whole of its answer; raises `LostError` where none comes."""
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # an answer may come all the same
                self._socket.sendall(message)
            return self._answer()
        except OSError as error:
            raise LostError(f"No complete answer came: {error}.") from error

    def _answer(self) -> Answer:
        head = self._until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.split("\r\n")
        status = int(first.split()[1])
        if 100 <= status < 200:
            return self._answer()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b"".join(iter(self._chunk, b""))
        elif "content-length" in headers:
            body = self._take(int(headers["content-length"]))
        elif status in (204, 304):
            body = b""
        else:
            body = self._everything()
        return Answer(status, headers, body)

    def _chunk(self) -> bytes:
        length = int(self._until(b"\r\n").partition(b";")[0], 16)
        return self._take(length + 2)[:-2]

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            self._receive()
        found, _, self._rest = self._rest.partition(end)
        return found

    def _take(self, length: int) -> bytes:
        while len(self._rest) < length:
            self._receive()
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken

    def _everything(self) -> bytes:
        with suppress(ConnectionResetError):
            while True:
                self._receive()
        return self._rest

    def _receive(self) -> None:
        piece = self._socket.recv(PIECE)
        if not piece:
            raise ConnectionResetError("the server closed the connection")
        self._rest += piece


def ask_once(server: Address, message: bytes, seconds: float = 30.0) -> Answer:
    """Ask on a connection of its own."""
    with Connection(server, seconds) as connection:
        return connection.ask(message)
