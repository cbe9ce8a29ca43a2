"""How many rows a list has: counted as far as its pages go, beyond that as PostgreSQL estimates."""

import json
from collections.abc import Sequence
from functools import cached_property
from math import ceil
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet

MOST_COUNTED = 100_000  # rows, and those that pages lead to: see BoundedPaginator
MOST_SORTED = 20_000  # rows
DEAR = 20_000.0  # what PostgreSQL expects to pay for reading 20,000 pages: tenths of a second


class Estimate(int):
    """More rows than are counted: 'about 1.2 million' where a list says how many there are."""

    def __str__(self) -> str:
        if self < 1_000_000:
            return f"about {round(int(self), -4):,}"
        return f"about {self / 1_000_000:,.1f} million".replace(".0 ", " ")


def counted(rows: QuerySet[Any], *, even_if_dear: bool = False) -> int:
    """Return how many rows there are; an Estimate above MOST_COUNTED.

    Also below that if counting would take long, unless it is to be done `even_if_dear`.
    """
    keys = rows.order_by().values("pk")
    if keys.query.where and not even_if_dear:
        expected, cost = _expected(keys)
        if expected > MOST_SORTED and cost * min(1, MOST_COUNTED / expected) > DEAR:
            return Estimate(expected)
    number = keys[: MOST_COUNTED + 1].count()
    return number if number <= MOST_COUNTED else Estimate(max(number, _expected(keys)[0]))


def totals(lists: Sequence[QuerySet[Any]]) -> list[int]:
    """Return how many rows each of several lists has, in one statement, or two.

    Each is counted, however dear that is, and is an Estimate above MOST_COUNTED.
    """
    keys = [rows.order_by().values("pk") for rows in lists]
    some = [rows[: MOST_COUNTED + 1] for rows in keys]
    numbers = list(_ask("(SELECT count(*) FROM ({}) AS counted)", some))
    many = [i for i, number in enumerate(numbers) if number > MOST_COUNTED]
    if many:
        [plan] = _ask("ARRAY({})", [keys[i] for i in many], explain=True)[0]
        for i, part in zip(many, plan["Plan"]["Plans"], strict=True):
            numbers[i] = Estimate(max(numbers[i], part["Plan Rows"]))
    return numbers


class BoundedPaginator(Paginator):
    """Pages to the first MOST_COUNTED rows: nobody turns more, and far ones take ever longer.

    What is behind them a search, a filter or the reverse order brings to the front.
    """

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return counted(rows)

    @cached_property
    def num_pages(self) -> int:
        return ceil(max(1, min(self.count, MOST_COUNTED)) / self.per_page)


def _expected(rows: QuerySet[Any, Any]) -> tuple[int, float]:
    """Return how many rows the planner expects, and at what cost.

    It knows each table's size, analyzed or not.
    """
    text = rows.explain(format="json")
    if not text:  # the condition can hold for nothing, and PostgreSQL is not asked
        return 0, 0
    plan = json.loads(text)[0]["Plan"]
    return plan["Plan Rows"], plan["Total Cost"]


def _ask(template: str, lists: Sequence[QuerySet[Any, Any]], *, explain: bool = False) -> Any:
    """Return the one row of a statement that selects each list in such words, or of its plan."""
    written = [rows.query.sql_with_params() for rows in lists]
    parts = ", ".join(template.format(sql) for sql, _ in written)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{'EXPLAIN (FORMAT JSON) ' if explain else ''}SELECT {parts}",
            [value for _, values in written for value in values],
        )
        return cursor.fetchone()
