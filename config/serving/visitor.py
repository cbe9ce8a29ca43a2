"""A connection on which nobody keeps a thread for longer than they need."""

import errno
import select
import socket
import struct
import time
from typing import Any

SILENCE = 20  # seconds in which nothing comes of a body, or goes of an answer
BODY_SECONDS = 120  # in which all of a body has to come
USUAL_ANSWER = 262_144  # bytes that the kernel takes from a thread, however slowly they are read


class Visitor(socket.socket):
    """One that gives up whoever sends nothing more, or does not read."""

    ends = float("inf")  # by time.monotonic, for a body

    @classmethod
    def on(cls, connection: socket.socket) -> "Visitor":
        """Return the same connection with these limits."""
        visitor = cls(fileno=connection.detach())
        silence = struct.pack("@ll", SILENCE, 0)
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, silence)
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, silence)
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, USUAL_ANSWER)
        return visitor

    def has_room(self) -> bool:
        """Whether the kernel takes another usual answer now."""
        room = select.poll()
        room.register(self, select.POLLOUT)
        return bool(room.poll(0))

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Read on. The form is refused as one that was cut off if it takes too long."""
        if not flags and time.monotonic() > self.ends:
            raise TimeoutError(errno.ETIMEDOUT, "the body took too long")
        return super().recv(size, flags)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send an answer. Who stops reading it is taken for gone."""
        try:
            super().sendall(data, flags)
        except BlockingIOError:
            raise BrokenPipeError(errno.EPIPE, "nobody reads the answer") from None
