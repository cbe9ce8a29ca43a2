"""PostgreSQL's locks on tables, weakest first, and whom each keeps waiting.

Source: Explicit Locking, table 13.2 (explicit-locking.html).
"""

from enum import IntEnum


class Lock(IntEnum):
    """A mode; the greater one stops all that the smaller one stops, and more."""

    NONE = 0
    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @property
    def stops(self) -> str:
        """Return whom it keeps waiting: 'reads and writes', 'writes' or nobody of a site."""
        if self == Lock.ACCESS_EXCLUSIVE:
            return "reads and writes"
        return "writes" if self >= Lock.SHARE else ""

    def __str__(self) -> str:
        return self.name.replace("_", " ")
