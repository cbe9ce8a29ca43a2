"""Locks last until the end of a transaction: a moment's lock lasts as long as the steps after it.

Source: Explicit Locking (explicit-locking.html): 'Once acquired, a lock is normally held until the
end of the transaction.' An atomic migration is one.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from config.database.plan.locks import Lock
from config.database.plan.sizes import Size

if TYPE_CHECKING:
    from config.database.plan import Step

APART = "Give what comes before a migration of its own, so that its locks are gone by then."


def held(steps: Iterable["Step"]) -> list["Step"]:
    """Return the steps, the long ones with those who wait because of earlier ones, too."""
    return [
        step
        for _, migration in groupby(steps, lambda one: one.migration)
        for step in _held(migration)
    ]


def _held(migration: Iterable["Step"]) -> Iterable["Step"]:
    before: dict[str, tuple[Size, Lock]] = {}
    for step in migration:
        others = [each for name, each in before.items() if not _stops_more(step, name, each[1])]
        yield _longer(step, others) if step.is_long and step.is_atomic else step
        for size, lock in step.locks:
            if lock.stops and (size.table not in before or lock > before[size.table][1]):
                before[size.table] = (size, lock)


def _stops_more(step: "Step", table: str, lock: Lock) -> bool:
    """Whether the step itself keeps as many waiting for this table, and so says it."""
    return bool(step.blocks) and any(s.table == table and own >= lock for s, own in step.locks)


def _longer(step: "Step", others: list[tuple[Size, Lock]]) -> "Step":
    told = [
        f"{size.table}: {lock.stops} wait, as an earlier step locked it." for size, lock in others
    ]
    if not told:
        return step
    return replace(
        step,
        blocks=" ".join(filter(None, [step.blocks, *told])),
        instead=" ".join(filter(None, [step.instead, APART])),
    )
