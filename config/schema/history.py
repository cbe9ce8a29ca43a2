"""Every migration of every app with its state: applied when, pending, or without its file."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.database import kept, pending
from config.database.pending import BROKEN
from config.schema import own_sql
from config.schema.by_hand import ByHand


class State(StrEnum):
    PENDING = "pending"
    APPLIED = "applied"
    REPLACED = "replaced"  # by a squashed one: it will never be run
    MISSING = "missing"  # applied, and its file is gone


@dataclass(frozen=True)
class Migration:
    app: str
    name: str
    state: State
    applied: datetime | None  # of a squashed one the time of the last that it replaces
    is_edited: bool = False  # its file says something else than when it was applied

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"


@dataclass(frozen=True)
class History:
    """All migrations by app and name; what keeps `migrate` from working; SQL that has been run.

    There are none if nobody knows what was applied: then `problem` says why.
    """

    migrations: list[Migration]
    problem: str
    sql: list[str]
    python: str = ""  # the files in which more than SQL makes what models know nothing of
    left: set[tuple[str, ...]] = field(default_factory=set)  # in the database alone, for a while
    loader: MigrationLoader | None = field(default=None, compare=False)

    @cached_property
    def by_hand(self) -> ByHand:
        return ByHand(self.sql, self.python, self.left)

    @property
    def pending(self) -> list[Migration]:
        return [one for one in self.migrations if one.state == State.PENDING]

    @property
    def missing(self) -> list[Migration]:
        return [one for one in self.migrations if one.state == State.MISSING]

    @property
    def edited(self) -> list[Migration]:
        return [one for one in self.migrations if one.is_edited]


def read() -> History:
    """Return what Django's own loader says, and the rest of it where the loader gives up."""
    loader = MigrationLoader(connection, load=False)
    problem, waiting = "", None
    try:
        loader.build_graph()
        waiting = pending.of(loader)
        loader.check_consistent_history(connection)
    except BROKEN as error:
        problem = str(error)
    files, records = loader.disk_migrations, loader.applied_migrations
    if records is None:  # nobody knows what was applied
        return History([], problem, [])
    replaced = {key for migration in files.values() for key in migration.replaces}

    def state(key: tuple[str, str]) -> State:
        if key in records:
            return State.APPLIED if key in files or key in replaced else State.MISSING
        return State.PENDING if key in (files if waiting is None else waiting) else State.REPLACED

    applied = {key: _applied(records, key) for key in records}
    edited = kept.edited(files, applied)
    migrations = [
        Migration(*key, state(key), applied.get(key), key in edited)
        for key in sorted({*files, *records})
    ]
    in_order = sorted(applied, key=lambda key: (str(applied[key] or ""), key))
    run = [files[key] for key in in_order if key in files]
    said = own_sql.sql(run), own_sql.python(run), own_sql.left(run)
    return History(migrations, problem, *said, loader)


def _applied(records: dict[Any, Any], key: tuple[str, str]) -> datetime | None:
    """Return when it was; a squashed one is no record of its own once those before it are."""
    record = records.get(key)
    if record is None or hasattr(record, "applied"):
        return record and record.applied
    times = [_applied(records, replaced) for replaced in record.replaces]
    return max((time for time in times if time), default=None)
