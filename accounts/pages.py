"""Lists are pages by key: the next page begins after a row, so every page costs the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import CharField, F, Func, OrderBy, QuerySet, TextField, UUIDField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, GreaterThan, LessThan
from django.http import Http404

from accounts.statements import Param, Statement

type Values = QuerySet[Any, Any]

SIZE = 50
CURSORS = ("after", "before")
UUID_LENGTH = 36  # characters


@dataclass(frozen=True)
class Page:
    """Rows as dicts, and the query strings of the pages beside it, empty where there is none."""

    rows: list[dict[str, Any]]
    previous_url: str
    next_url: str


NOTHING = Page([], previous_url="", next_url="")


def page_of(
    values: Values | Callable[[], Values],
    query: Mapping[str, str],
    *,
    within: tuple[str, UUID],
    also: Mapping[str, str] | None = None,
    by: str = "",
    key: str = "id",
    newest_first: bool = False,
    among: QuerySet[Any, Any] | None = None,
    size: int = SIZE,
) -> Page:
    """Return the page that `?after=` or `?before=` in the query asks for, else the first.

    `values` are dicts that hold `key`, a UUID that grows with time; `within` is the column that
    they have in common, and its value. `also` are further columns of text and the one value of
    each; `by` is a column of text that `values` hold, too, and that comes before the key in the
    order. An index of all of them, in this sequence, carries the order.

    Where `values` is a function of a module, whose values differ in nothing from call to call,
    Django writes the SQL of each kind of page once in a process: see accounts.statements.

    `among` are the rows of the same table, usually few, that a search by another index leaves:
    they are sorted, and `values` read for those of the page alone.

    The URLs keep whatever else is in the query: a filter, a search. Raises Http404 for a key that
    is none.
    """
    cursor, backwards = _cursor(query)
    moving = [by, key] if by else [key]
    fixed = dict([within], **also or {})
    start = None if cursor is None else _start(cursor, moving)
    descending = newest_first != backwards
    if callable(values) and among is None:
        written = _written(values, (*fixed,), (*moving,), start is None, descending, size)
        return _page(written(**fixed, **start or {}), query, moving, size)
    values = values() if callable(values) else values
    walk = _Walk(fixed, moving, start, descending=descending)
    if among is None:
        values = walk.along_the_index(values)
    else:
        found = walk.sorted(among.values(key))[: size + 1]
        values = walk.sorted(values.filter(**{f"{key}__in": found}))
    return _page(list(values[: size + 1]), query, moving, size)


@cache
def _written(
    values: Callable[[], Values],
    fixed: tuple[str, ...],
    moving: tuple[str, ...],
    is_first: bool,
    descending: bool,
    size: int,
) -> Statement[dict[str, Any]]:
    """Return the statement of a page, to be called with the values of these columns."""
    ids = (fixed[0], moving[-1])
    params = {
        name: Param(name, UUIDField() if name in ids else CharField()) for name in fixed + moving
    }
    here, start = ({name: params[name] for name in names} for names in (fixed, moving))
    walk = _Walk(here, [*moving], None if is_first else start, descending=descending)
    return Statement(lambda: walk.along_the_index(values())[: size + 1])


def page_of_any(
    parts: list[tuple[QuerySet[Any, Any], tuple[str, Any]]], query: Mapping[str, str]
) -> Page:
    """Return the page of several lists together, the newest first; see page_of.

    A part is its values, all of the same columns, and what they are `within`. A row that is in
    several parts counts once. Each part is read only as far as the page goes.
    """
    cursor, backwards = _cursor(query)
    start = None if cursor is None else _start(cursor, ["id"])
    walks = [
        (_Walk(dict([within]), ["id"], start, descending=not backwards), values)
        for values, within in parts
    ]
    first, *others = (walk.along_the_index(values)[: SIZE + 1] for walk, values in walks)
    values = first.union(*others).order_by("id" if backwards else "-id") if others else first
    return _page(list(values[: SIZE + 1]), query, ["id"], SIZE)


def _cursor(query: Mapping[str, str]) -> tuple[str | None, bool]:
    """Return the row that the page begins beside, if any, and whether it is the one before."""
    after, before = query.get("after"), query.get("before")
    return (after, False) if before is None else (before, True)


def _page(
    rows: list[dict[str, Any]], query: Mapping[str, str], moving: list[str], size: int
) -> Page:
    """Return the first of the rows; where they go back they were read away from the cursor."""
    cursor, backwards = _cursor(query)
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows, previous_url="" if cursor is None else _url(query), next_url="")
    first, last = (
        "".join(str(row[name]) for name in reversed(moving)) for row in (rows[0], rows[-1])
    )
    return Page(
        rows,
        previous_url=_url(query, before=first) if (more if backwards else cursor) else "",
        next_url=_url(query, after=last) if backwards or more else "",
    )


class _Walk:
    """From which row on, in which direction, and with which columns in the order."""

    def __init__(
        self,
        fixed: dict[str, Any],
        moving: list[str],
        start: dict[str, Any] | None,
        *,
        descending: bool,
    ) -> None:
        self.fixed, self.moving, self.start, self.descending = fixed, moving, start, descending

    def along_the_index(self, values: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Narrow and order the values so that only the index of all the columns can answer.

        With a plain `organization = … ORDER BY id` PostgreSQL may walk the primary key instead,
        past everybody else's rows (27 ms instead of 0.2 beside an organization of 100,000). So the
        last of the fixed columns is a range. Where there is a cursor the range has one end alone:
        at the other PostgreSQL would begin to read, not at the cursor (180 ms after a million).
        """
        *equal, ranged = self.fixed
        begin, end = ("lte", "gte") if self.descending else ("gte", "lte")
        ends = [end] if self.start else [begin, end]
        bounds = {f"{ranged}__{side}": self.fixed[ranged] for side in ends}
        values = values.filter(**{field: self.fixed[field] for field in equal}, **bounds)
        columns = [ranged, *self.moving]
        return self._ordered(values.filter(*self._rest(columns)), *map(F, columns))

    def sorted(self, values: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Narrow and order the values so that no index of these columns can answer."""
        for field, value in self.fixed.items():
            values = values.filter(Exact(Cast(F(field), TextField()), str(value)))
        columns = [*self.fixed, *self.moving]
        return self._ordered(values.filter(*self._rest(columns)), _row(*map(F, columns)))

    def _rest(self, columns: list[str]) -> list[LessThan | GreaterThan]:
        """Return what holds beyond the cursor, in the order of these columns."""
        if self.start is None:
            return []
        values = self.fixed | self.start
        beyond = LessThan if self.descending else GreaterThan
        start = (values[name] for name in columns)
        start = (one if isinstance(one, Param) else Value(one) for one in start)
        return [beyond(_row(*map(F, columns)), _row(*start))]

    def _ordered(self, values: QuerySet[Any, Any], *terms: F | Func) -> QuerySet[Any, Any]:
        return values.order_by(*(OrderBy(term, descending=self.descending) for term in terms))


def _start(cursor: str, moving: list[str]) -> dict[str, Any]:
    """Return the values of the moving columns: the cursor is the key, and the text before it."""
    key, text = cursor[:UUID_LENGTH], cursor[UUID_LENGTH:]
    if "\0" in text or (text and len(moving) == 1):
        raise Http404("No such page.")
    return dict(zip(reversed(moving), [_uuid(key), text], strict=False))


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
