"""Ctrl-C, `kill` and a closed terminal: what a command began is put away before it ends."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from django.core.management.base import CommandError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ends_with(sentence: str) -> Iterator[None]:
    """Raise CommandError with this sentence when somebody ends the process in this block.

    Whatever `finally` then puts away is not interrupted again.
    """
    before = {number: signal.signal(number, _interrupt) for number in ENDING}
    try:
        yield
    except KeyboardInterrupt:
        raise CommandError(sentence) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
