"""Whether this server has been told to end: one byte that gunicorn's master shares with workers."""

import mmap

_shared = mmap.mmap(-1, 1)  # made before workers are forked, who then have the same one


def begin() -> None:
    """From now on /health/ready says no, in every process."""
    _shared[0] = 1


def has_begun() -> bool:
    """Return whether the server answers what still comes, and will then end."""
    return bool(_shared[0])
