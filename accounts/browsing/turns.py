"""One download at a time for each person: who reads slowly keeps one thread busy, and no more."""

import fcntl
from io import StringIO
from pathlib import Path
from tempfile import gettempdir
from typing import IO
from uuid import UUID


def take(person: UUID) -> IO[str] | None:
    """Return what holds this person's turn on this machine until it is closed; None if it is taken.

    The kernel ends the turn of a process that is killed. Where no file can be made, as on a full
    disk or one to read alone, a download is worth more than its turn.
    """
    try:
        turn = Path(gettempdir(), f"csv-{person}").open("a")  # noqa: SIM115 — its taker closes it
    except OSError:
        return StringIO()
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        turn.close()
        return None
    return turn
