"""When the whole database was exported or restored: its own audit trail tells."""

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import ProgrammingError, connection
from django.db.models import DateTimeField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now

from accounts.events import Event
from accounts.verbs import Verb

TAKEN = Cast(KT("data__taken"), DateTimeField())


def latest() -> datetime | None:
    """Return of which moment the last export of the whole database is, None without any.

    That is when it was begun, by the database's clock: it has nothing of what came while it was
    written.

    What was exported in part (some tables, the schema alone) counts not. A database that was
    restored knows of the exports made before the one it came from.
    """
    if Event._meta.db_table not in connection.introspection.table_names():
        return None  # nothing was migrated yet
    return _exports().order_by("-id").values_list("taken", flat=True).first()


def is_fresh(age: timedelta) -> bool:
    """Whether one is of a moment within this time, by the one clock that all have in common."""
    if latest() is None:
        return False
    return _exports().filter(taken__gt=Now() - age, taken__lte=Now()).exists()


def record_exported(file: str, *, taken: str, rows: int, size: int) -> None:
    """Write into the audit trail that this file has all of the database: rows, and bytes.

    `taken` is when, by the database's clock, in ISO 8601.
    """
    _record(Verb.DATABASE_EXPORTED, file=file, taken=taken, rows=rows, bytes=size)


def record_restored(file: str) -> None:
    """Write into the audit trail that all there is comes from this file, and where that was."""
    _record(Verb.DATABASE_RESTORED, file=file, environment=settings.ENVIRONMENT)


def was_restored_in(environments: Iterable[str]) -> bool:
    """Whether what there is was restored by `db restore` in one of these."""
    restored = Event.objects.filter(verb=Verb.DATABASE_RESTORED)
    return restored.filter(data__environment__in=[*environments]).exists()


def _exports() -> QuerySet[Any, Any]:
    return Event.objects.filter(verb=Verb.DATABASE_EXPORTED).annotate(taken=TAKEN)


def _record(verb: Verb, **data: Any) -> None:
    # It may have no trail, or an older one, which is to be migrated first.
    with contextlib.suppress(ProgrammingError):
        Event.record(verb, by=None, **data)
