"""What keeps an account from being deleted: rows that need their person, of whatever app.

A table of yours may say what its person can do about a row: `remedies`, pairs of a text and an
address. What those need is read by its classmethod `as_obstacles(rows)`, which returns the rows.
"""

from itertools import groupby
from typing import Any

from django.db import router
from django.db.models import Model, ProtectedError, RestrictedError
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


def _read(rows: set[Any]) -> list[Model]:
    """Return the rows with what they point to, so that saying their names costs no statements."""
    by_table = groupby(sorted(rows, key=_table), _table)
    return [row for _, table in by_table for row in _some_of(list(table))]


def _table(row: Model) -> str:
    return row._meta.label


def _some_of(rows: list[Model]) -> Any:
    model = type(rows[0])
    related = [*_keys(model), *(f"{a}__{b}" for a, to in _keys(model).items() for b in _keys(to))]
    some = model._base_manager.filter(pk__in=[row.pk for row in rows[:SHOWN]])
    as_obstacles = getattr(model, "as_obstacles", lambda rows: rows)
    return as_obstacles(some.select_related(*related).order_by("pk"))


def _keys(model: type[Model]) -> dict[str, type[Model]]:
    """Return the foreign keys of a table, and where they lead."""
    fields: Any = model._meta.concrete_fields
    return {field.name: field.related_model for field in fields if field.related_model}
