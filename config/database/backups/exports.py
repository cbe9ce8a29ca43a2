"""When the whole database was exported or restored: its own audit trail tells."""

import contextlib
from datetime import datetime, timedelta
from typing import Any

from django.db import ProgrammingError, connection
from django.db.models.functions import Now

from accounts.events import Event
from accounts.verbs import Verb


def latest() -> datetime | None:
    """Return when the last export of the whole database was complete, None without any.

    What was exported in part (some tables, the schema alone) counts not. A database that was
    restored knows of the exports made before the one it came from.
    """
    if Event._meta.db_table not in connection.introspection.table_names():
        return None  # nothing was migrated yet
    exports = Event.objects.filter(verb=Verb.DATABASE_EXPORTED).order_by("-id")
    return exports.values_list("created", flat=True).first()


def is_fresh(age: timedelta) -> bool:
    """Whether one was complete within this time, by the one clock that everybody has in common.

    It is the database's, which wrote the time of the export.
    """
    if latest() is None:
        return False
    exports = Event.objects.filter(verb=Verb.DATABASE_EXPORTED)
    return exports.filter(created__gt=Now() - age, created__lte=Now()).exists()


def record_exported(file: str, *, rows: int, size: int) -> None:
    """Write into the audit trail that this file has all of the database: rows, and bytes."""
    _record(Verb.DATABASE_EXPORTED, file=file, rows=rows, bytes=size)


def record_restored(file: str) -> None:
    """Write into the audit trail that all there is comes from this file."""
    _record(Verb.DATABASE_RESTORED, file=file)


def _record(verb: Verb, **data: Any) -> None:
    # It may have no trail, or an older one, which is to be migrated first.
    with contextlib.suppress(ProgrammingError):
        Event.record(verb, by=None, **data)
