"""Lists are pages by key: the next page begins after a row, so every page costs the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Func, QuerySet, UUIDField, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.http import Http404

SIZE = 50


@dataclass(frozen=True)
class Page:
    """Rows as dicts, and the query strings of the pages beside it, empty where there is none."""

    rows: list[dict[str, Any]]
    previous_url: str
    next_url: str


def page_of(
    values: QuerySet[Any, Any],
    query: Mapping[str, str],
    *,
    within: tuple[str, UUID],
    key: str = "id",
    newest_first: bool = False,
    size: int = SIZE,
) -> Page:
    """Return the page that `?after=` or `?before=` in the query asks for, else the first.

    `values` are dicts that hold `key`, a UUID that grows with time; `within` is the column that
    they have in common, and its value. An index of the two carries the order. Raises Http404 for
    a key that is none.
    """
    after, before = query.get("after"), query.get("before")
    # To go back, read away from the key in the other direction, then turn the rows around.
    backwards = before is not None
    cursor = before if backwards else after
    values = _read(values, within, key, cursor, descending=newest_first != backwards)
    rows = list(values[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows, previous_url="" if cursor is None else "?", next_url="")
    return Page(
        rows,
        previous_url=f"?before={rows[0][key]}" if (more if backwards else after) else "",
        next_url=f"?after={rows[-1][key]}" if backwards or more else "",
    )


def _read(
    values: QuerySet[Any, Any],
    within: tuple[str, UUID],
    key: str,
    cursor: str | None,
    *,
    descending: bool,
) -> QuerySet[Any, Any]:
    """Narrow and order the values so that only the index of both columns can answer.

    With a plain `organization = … ORDER BY id` PostgreSQL may walk the primary key instead, past
    everybody else's rows (27 ms instead of 0.2 beside an organization of 100,000).
    """
    field, value = within
    values = values.filter(**{f"{field}__gte": value, f"{field}__lte": value})
    if cursor is not None:
        beyond = LessThan if descending else GreaterThan
        start = _row(Value(value), Value(_uuid(cursor)))
        values = values.filter(beyond(_row(F(field), F(key)), start))
    return values.order_by(*(f"-{name}" if descending else name for name in (field, key)))


def _row(*columns: F | Value) -> Func:
    return Func(*columns, function="ROW", output_field=UUIDField())


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404("No such page.") from None
