"""How the server ends: it first says 'not ready', and stops a few seconds later."""

import mmap
import os
import signal
from typing import Any

GRACE = 25  # seconds from SIGTERM to the end: less than the 30 after which most platforms kill

# One byte, made before gunicorn's master forks its workers, who then have the same one.
_shared = mmap.mmap(-1, 1)


def begin() -> None:
    """From now on /health/ready says no, in every process."""
    _shared[0] = 1


def has_begun() -> bool:
    """Return whether the server answers what still comes, and will then end."""
    return bool(_shared[0])


def seconds() -> int:
    """Return for how long the server still takes requests once it has announced its end."""
    return int(os.environ.get("DRAIN_SECONDS", "5"))


def graceful_seconds() -> int:
    """Return what is left after that for the requests that are under way."""
    return max(GRACE - seconds(), 5)


def announce(arbiter: Any) -> None:
    """Have SIGTERM announce the end, and stop gunicorn's arbiter a few seconds later.

    A load balancer goes on sending until its next check: stopping at once would turn away what
    comes meanwhile. A second SIGTERM stops at once, and SIGINT as ever.
    """
    stop, pause = arbiter.handle_term, seconds()

    def handle_term() -> None:
        if has_begun() or not pause:
            stop()
        begin()
        signal.signal(signal.SIGALRM, lambda *_: arbiter.signal(signal.SIGTERM, None))
        signal.alarm(pause)

    arbiter.handle_term = handle_term


def close_connections(_worker: object, request: Any) -> None:
    """Say with an answer that the connection ends with it: the next one leads to another server."""
    if has_begun():
        request.force_close()
