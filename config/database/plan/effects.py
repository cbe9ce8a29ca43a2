"""What one statement does to one table."""

from dataclasses import dataclass
from enum import IntEnum

from config.database.plan.locks import Lock
from config.database.plan.sizes import Size


class Work(IntEnum):
    """What is done to the rows while the lock is held; the greater includes the smaller."""

    NONE = 0  # over at once, however many rows there are
    READ = 1  # each row is read
    INDEX = 2  # each row is read and sorted
    REWRITE = 3  # each row and each index is written anew


@dataclass(frozen=True)
class Effect:
    size: Size | None = None  # of the table, before it; None if it touches none
    lock: Lock = Lock.NONE
    work: Work = Work.NONE
    others: tuple[tuple[Size, Lock], ...] = ()  # tables at the other end of foreign keys
    loses: str = ""  # what is destroyed; empty if nothing is
    instead: str = ""
    fails: str = ""  # when it would
    remark: str = ""  # what else to know
    is_known: bool = True

    @property
    def locks(self) -> list[tuple[Size, Lock]]:
        """Return the tables that are locked, but for those that nobody else can see yet."""
        own = [(self.size, self.lock)] if self.size else []
        return [(size, lock) for size, lock in (*own, *self.others) if lock and not size.is_new]

    @property
    def is_slow(self) -> bool:
        """Whether the rows are so many that somebody notices the work."""
        return bool(self.work and self.size and not self.size.is_new and not self.size.is_small)
