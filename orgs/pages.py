"""Lists are pages by key: the next page begins after a row, so every page costs the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

SIZE = 50


@dataclass(frozen=True)
class Page:
    """Rows as dicts, and the query strings of the pages beside it, empty where there is none."""

    rows: list[dict[str, Any]]
    previous_url: str
    next_url: str


def page_of(
    values: QuerySet[Any, dict[str, Any]],
    query: Mapping[str, str],
    *,
    key: str = "id",
    newest_first: bool = False,
) -> Page:
    """Return the page that `?after=` or `?before=` in the query asks for, else the first.

    `values` is a queryset of dicts holding `key`, a UUID that grows with time and ends the index
    the list is read by. Raises Http404 for a key that is none.
    """
    after, before = query.get("after"), query.get("before")
    # To go back, read away from the key in the other direction, then turn the rows around.
    backwards = before is not None
    descending = newest_first != backwards
    cursor = before if backwards else after
    if cursor is not None:
        values = values.filter(**{f"{key}__{'lt' if descending else 'gt'}": _uuid(cursor)})
    rows = list(values.order_by(f"-{key}" if descending else key)[: SIZE + 1])
    more = len(rows) > SIZE
    rows = rows[:SIZE]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows, previous_url="" if cursor is None else "?", next_url="")
    return Page(
        rows,
        previous_url=f"?before={rows[0][key]}" if (more if backwards else after) else "",
        next_url=f"?after={rows[-1][key]}" if backwards or more else "",
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404("No such page.") from None
