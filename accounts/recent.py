"""Reads that may be a minute old: they cost one look into the cache that all processes share."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache

MINUTE = 60  # seconds

_NOT_KNOWN = object()


def recent[Answer](key: str, read: Callable[[], Answer], seconds: int = MINUTE) -> Answer:
    """Return what `read` answered less than `seconds` ago, in whichever process, or ask it now.

    The key names everything that the answer depends on, also whose it is. Only for what may be
    told late: never whether somebody may do something. A cache that is away knows nothing.
    """
    answer: Any = cache.get(key, _NOT_KNOWN)
    if answer is _NOT_KNOWN:
        cache.set(key, answer := read(), seconds)
    return answer
