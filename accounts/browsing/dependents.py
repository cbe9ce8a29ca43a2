"""What else goes when rows are deleted, and what keeps them: told by the foreign keys.

Django's own pages read and list all of it, row by row.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import CASCADE, PROTECT, RESTRICT, ManyToOneRel, Model, Q, QuerySet

from accounts.browsing.counting import counted
from accounts.erasure import SHOWN, with_what_they_name


def goes_along(rows: QuerySet[Any]) -> dict[str, int]:
    """Return how many rows of which tables go with these, counted as far as anybody reads."""
    found = {
        str(table._meta.verbose_name_plural): counted(
            _leading_to(table, paths[:1], rows), even_if_dear=True
        )
        for table, paths in _paths(rows.model, {CASCADE}).items()
    }
    return {name: count for name, count in found.items() if count}


def needs(rows: QuerySet[Any]) -> list[Model]:
    """Return rows which need these to stay, and do not go with them; of each table some."""
    going = _paths(rows.model, {CASCADE})
    keeping = _paths(rows.model, {PROTECT, RESTRICT})
    found = []
    for table, paths in keeping.items():
        held = _leading_to(table, paths, rows)
        if table in going:
            held = held.exclude(pk__in=_leading_to(table, going[table], rows).values("pk"))
        found += list(with_what_they_name(held).order_by("pk")[:SHOWN])
    return found


def _leading_to(table: type[Model], levels: list[list[str]], rows: QuerySet[Any]) -> QuerySet[Any]:
    leads = Q()
    for path in (path for level in levels for path in level):
        leads |= Q(**{f"{path}__in": rows})
    return table._base_manager.filter(leads)


def _paths(root: type[Model], kinds: set[Any]) -> dict[type[Model], list[list[str]]]:
    """Return the tables that point at this one with such a key, or at what goes with it.

    With each the lookups that lead there, the shortest first: those of one length together.
    """
    found: dict[type[Model], list[list[str]]] = defaultdict(list)
    seen, level = {root}, [(root, "")]
    while level:
        pointing = [
            (key, f"{key.field.name}{way}") for table, way in level for key in _keys_to(table)
        ]
        here = defaultdict(list)
        for key, path in pointing:
            if key.on_delete in kinds and key.related_model != root:
                here[key.related_model].append(path)
        for table, paths in here.items():
            found[table].append(paths)
        level = [
            (key.related_model, f"__{path}")
            for key, path in pointing
            if key.on_delete is CASCADE and key.related_model not in seen
        ]
        seen |= {table for table, _ in level}
    return found


def _keys_to(table: type[Model]) -> Iterator[Any]:
    for relation in table._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel):
            yield relation
