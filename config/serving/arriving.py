"""What has come of a request, looked at without taking it: a thread is for one that is whole.

It waits where it has come to, in the kernel's buffer, which costs this process nothing.
"""

import re
import socket
from typing import Any

LONGEST = 65_536  # bytes of a request that is waited for

# With nothing to come after it: who sends a body slowly keeps no spare thread busy.
HEALTH_CHECK = re.compile(
    rb"(?:GET|HEAD) /health/(?:live|ready)(?:\?\S*)? HTTP/1\.[01]\r\n"
    rb"(?:(?!content-length|transfer-encoding)[^\r\n]+\r\n)*\r\n",
    re.IGNORECASE,
)
LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,9})[ \t]*(?=\r|\Z)")
OTHERWISE = (b"\ntransfer-encoding", b"\nexpect")  # comes in chunks, or once we have asked for it


def begun(conn: Any) -> bytes | None:
    """Return what has come, up to about LONGEST bytes; None if that is nothing yet.

    What is in the parser's buffer has come behind the request before.
    """
    before = conn.parser.unreader.buf.getvalue() if conn.parser else b""
    try:
        return before + conn.sock.recv(LONGEST, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return before or None
    except OSError:
        return before  # whoever reads will see


def length(begun: bytes) -> int | None:
    """Return of how many bytes the request is, at the least; None where only a thread can tell.

    That is one whose body is long, comes in chunks, or comes once we have asked for it. A request
    that gunicorn will refuse is whole as it is.
    """
    head, end, _ = begun.partition(b"\r\n\r\n")
    if not end:
        return len(begun) + 1 if begun and b"\n\n" not in begun else 0
    head = head.lower()
    if OTHERWISE[0] in head or OTHERWISE[1] in head:
        return None
    if b"\ncontent-length" not in head:
        return 0
    lengths = LENGTH.findall(head)
    whole = len(head) + len(end) + int(lengths[0]) if len(lengths) == 1 else LONGEST + 1
    return whole if whole <= LONGEST else None


def is_whole(begun: bytes) -> bool:
    """Whether a thread can read the request without waiting for more of it."""
    needed = length(begun)
    return needed is not None and len(begun) >= needed


def call_at(conn: Any, size: int) -> None:
    """Have the poller call when so much of the request is there, or no more will come."""
    read = len(conn.parser.unreader.buf.getvalue()) if conn.parser else 0
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, max(size - read, 1))
