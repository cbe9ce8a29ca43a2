"""Lists are pages by key: the next page begins after a row, so every page costs the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F, Func, QuerySet, UUIDField, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.http import Http404

SIZE = 50
CURSORS = ("after", "before")
UUID_LENGTH = 36  # characters


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
    also: Mapping[str, str] | None = None,
    by: str = "",
    key: str = "id",
    newest_first: bool = False,
    size: int = SIZE,
) -> Page:
    """Return the page that `?after=` or `?before=` in the query asks for, else the first.

    `values` are dicts that hold `key`, a UUID that grows with time; `within` is the column that
    they have in common, and its value. `also` are further columns of text and the one value of
    each; `by` is a column of text that `values` hold, too, and that comes before the key in the
    order. An index of all of them, in this sequence, carries the order.

    The URLs keep whatever else is in the query: a filter, a search. Raises Http404 for a key that
    is none.
    """
    after, before = query.get("after"), query.get("before")
    # To go back, read away from the key in the other direction, then turn the rows around.
    backwards = before is not None
    cursor = before if backwards else after
    fixed = dict([within], **also or {})
    moving = [by, key] if by else [key]
    values = _read(values, fixed, moving, cursor, descending=newest_first != backwards)
    rows = list(values[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows, previous_url="" if cursor is None else _url(query), next_url="")
    first, last = (f"{row[key]}{row[by] if by else ''}" for row in (rows[0], rows[-1]))
    return Page(
        rows,
        previous_url=_url(query, before=first) if (more if backwards else after) else "",
        next_url=_url(query, after=last) if backwards or more else "",
    )


def _read(
    values: QuerySet[Any, Any],
    fixed: dict[str, Any],
    moving: list[str],
    cursor: str | None,
    *,
    descending: bool,
) -> QuerySet[Any, Any]:
    """Narrow and order the values so that only the index of all the columns can answer.

    With a plain `organization = … ORDER BY id` PostgreSQL may walk the primary key instead, past
    everybody else's rows (27 ms instead of 0.2 beside an organization of 100,000).
    """
    for field, value in fixed.items():
        values = values.filter(**{f"{field}__gte": value, f"{field}__lte": value})
    columns = [*fixed, *moving]
    if cursor is not None:
        beyond = LessThan if descending else GreaterThan
        start = [*fixed.values(), *_start(cursor, moving)]
        values = values.filter(beyond(_row(*map(F, columns)), _row(*map(Value, start))))
    return values.order_by(*(f"-{name}" if descending else name for name in columns))


def _start(cursor: str, moving: list[str]) -> list[Any]:
    """Return the values of the moving columns: the cursor is the key, and the text before it."""
    key, text = cursor[:UUID_LENGTH], cursor[UUID_LENGTH:]
    if "\0" in text or (text and len(moving) == 1):
        raise Http404("No such page.")
    return [*([text] if len(moving) > 1 else []), _uuid(key)]


def _row(*columns: F | Value) -> Func:
    return Func(*columns, function="ROW", output_field=UUIDField())


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404("No such page.") from None


def _url(query: Mapping[str, str], **cursor: str) -> str:
    rest = {name: value for name, value in query.items() if name not in CURSORS}
    return f"?{urlencode(rest | cursor)}"
