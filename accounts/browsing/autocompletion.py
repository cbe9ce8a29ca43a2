"""What the fields of the admin's forms suggest while somebody types."""

from functools import cached_property
from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.paginator import Page, Paginator

MOST_SUGGESTED = 200  # rows


class Suggestions(Paginator):
    """The pages of an autocompletion, which says nowhere how many there are."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by().values("pk")[:MOST_SUGGESTED].count()

    def page(self, number: int | str) -> "Page[Any]":
        """Find the keys first: see Rows."""
        page = super().page(number)
        rows: Any = self.object_list
        shown: Any = page.object_list
        page.object_list = rows.filter(pk__in=shown.values("pk"))
        return page


class Autocompletion(AutocompleteJsonView):
    """Counts nothing: no more than the first suggestions are ever read."""

    def get_paginator(self, *args: Any, **kwargs: Any) -> "Paginator[Any]":
        return Suggestions(*args, **kwargs)
