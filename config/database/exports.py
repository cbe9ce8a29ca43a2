"""When the whole database was exported last: its own audit trail tells."""

from datetime import datetime

from django.db import connection

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


def record(file: str, *, rows: int, size: int) -> None:
    """Write into the audit trail that this file has all of the database: rows, and bytes."""
    Event.record(Verb.DATABASE_EXPORTED, by=None, file=file, rows=rows, bytes=size)
