"""How the admin shows rows, of every app: the newest first, and what is only to look at."""

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest

MOST_COUNTED = 10_000  # rows: nobody turns more pages than that, and a million take seconds


class MoreThan(int):
    """A count that stopped: '10,000+' where a list says how many there are."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class CappedPaginator(Paginator):
    """Counts no further than MOST_COUNTED rows, so that a list opens as fast with a million."""

    @cached_property
    def count(self) -> int:
        counted = self.object_list.order_by()[: MOST_COUNTED + 1].count()
        return counted if counted <= MOST_COUNTED else MoreThan(MOST_COUNTED)


class Browsable(admin.ModelAdmin):
    """In the order of the primary key, a hundred a page, counted as far as anybody reads."""

    ordering = ["-id"]
    paginator = CappedPaginator
    show_full_result_count = False


class NothingToAdd(Browsable):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class NothingToChange(NothingToAdd):
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
