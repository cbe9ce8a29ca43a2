"""What is done once the answer is out, so that its time tells nobody that there was more."""

from collections.abc import Callable
from threading import Timer

from django.db import connection

SECONDS = 1.0  # later than any answer: a thread that began at once would hold it up


def later(work: Callable[[], object]) -> None:
    """Do the work in a moment, in a thread; a process that stops before that does it not."""
    timer = Timer(SECONDS, _do, [work])
    timer.daemon = True
    timer.start()


def _do(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()
