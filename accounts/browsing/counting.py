"""How many rows a list has: counted as far as its pages go, beyond that as PostgreSQL estimates."""

import json
from functools import cached_property
from math import ceil
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import models

MOST_COUNTED = 100_000  # rows, and those that pages lead to: see BoundedPaginator
MOST_SUGGESTED = 200  # rows


class Estimate(int):
    """More rows than are counted: 'about 1.2 million' where a list says how many there are."""

    def __str__(self) -> str:
        if self < 1_000_000:
            return f"about {round(int(self), -4):,}"
        return f"about {self / 1_000_000:,.1f} million"


def counted(rows: models.QuerySet[Any]) -> int:
    """Return how many rows there are; above MOST_COUNTED an Estimate."""
    keys = rows.order_by().values("pk")
    number = keys[: MOST_COUNTED + 1].count()
    return number if number <= MOST_COUNTED else Estimate(max(number, _estimated(keys)))


def _estimated(rows: models.QuerySet[Any, Any]) -> int:
    """Return how many the planner expects. It knows each table's size, analyzed or not."""
    return json.loads(rows.explain(format="json"))[0]["Plan"]["Plan Rows"]


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

    def page(self, number: int | str) -> "Page[Any]":
        """Skip by the keys alone: whole rows would be read for all the pages before."""
        page = super().page(number)
        if page.number > 1:
            rows: Any = self.object_list
            shown: Any = page.object_list
            page.object_list = rows.filter(pk__in=shown.values("pk"))
        return page


class Suggestions(Paginator):
    """The pages of an autocompletion, which says nowhere how many there are."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by().values("pk")[:MOST_SUGGESTED].count()
