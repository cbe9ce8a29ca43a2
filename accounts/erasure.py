"""What keeps an account from being deleted: rows that need their person, of whatever app.

A table of yours may say what its person can do about a row: `remedies`, pairs of a text and an
address. What those need is read by its classmethod `as_obstacles(rows)`, which returns the rows.
"""

from itertools import groupby
from typing import Any

from django.db import router
from django.db.models import Model, ProtectedError, QuerySet, RestrictedError
from django.db.models.deletion import Collector

from accounts.models import User

SHOWN = 20


def obstacles(person: User) -> list[Model]:
    """Return rows that somebody else has to take over first, at most SHOWN of each table.

    That is what points to the person, or to something of theirs, with RESTRICT or PROTECT.
    """
    collector = Collector(using=router.db_for_write(User, instance=person), origin=person)
    try:
        collector.collect([person])
    except RestrictedError as error:
        return _read(error.restricted_objects)
    except ProtectedError as error:
        return _read(error.protected_objects)
    return []


def with_what_they_name(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows with what they point to, and what that does, so that naming them is free."""
    keys = _keys(rows.model)
    beyond = [f"{name}__{further}" for name, table in keys.items() for further in _keys(table)]
    return rows.select_related(*keys, *beyond)


def _read(rows: set[Any]) -> list[Model]:
    by_table = groupby(sorted(rows, key=_table), _table)
    return [row for _, table in by_table for row in _some_of(list(table))]


def _table(row: Model) -> str:
    return row._meta.label


def _some_of(rows: list[Model]) -> Any:
    model = type(rows[0])
    some = model._base_manager.filter(pk__in=[row.pk for row in rows[:SHOWN]])
    as_obstacles = getattr(model, "as_obstacles", lambda rows: rows)
    return as_obstacles(with_what_they_name(some).order_by("pk"))


def _keys(model: type[Model]) -> dict[str, type[Model]]:
    """Return the foreign keys of a table, and where they lead."""
    fields: Any = model._meta.concrete_fields
    return {field.name: field.related_model for field in fields if field.related_model}
