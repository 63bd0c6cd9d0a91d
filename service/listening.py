"""How a listening socket ends without losing a client that has connected already."""

import ctypes
import socket
import struct
import sys
from contextlib import suppress

SO_ATTACH_FILTER = 26  # of Linux

# A classic packet filter: load the byte of TCP's flags, drop what has SYN set, take the rest.
FLAGS, SYN = 13, 2
LOAD_BYTE, JUMP_IF_SET, RETURN = 0x30, 0x45, 0x06
FILTER = (
    (LOAD_BYTE, 0, 0, FLAGS),
    (JUMP_IF_SET, 0, 1, SYN),
    (RETURN, 0, 0, 0),
    (RETURN, 0, 0, 0xFFFFFFFF),
)


def take_no_newcomers(listener: socket.socket) -> None:
    """Let nobody begin to connect from now on, where the system can; who has begun is still let in.

    That is so in every process that has the socket.

    Closing the socket alone would reset those who connect between the last `accept` and `close`. A client
    that begins now hears nothing, asks again after a second, and is refused since the socket is closed then.
    """
    if not sys.platform.startswith("linux"):
        return
    code = b"".join(struct.pack("=HBBI", *step) for step in FILTER)
    memory = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(FILTER), ctypes.addressof(memory))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
