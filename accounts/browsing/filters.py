"""Filters for the lists of any table."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.events import first_id


class AgeFilter(admin.SimpleListFilter):
    """By the time that is in the id (uuid7), which is what the list is ordered by.

    So an index answers it, however many rows there are.
    """

    title = "date"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "In the last 24 hours"), ("7", "In 7 days"), ("30", "In 30 days")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in dict(self.lookup_choices):
            return rows
        start = timezone.now() - timedelta(days=int(self.value() or 0))
        return rows.filter(pk__gte=first_id(start))


class YesNoFilter(admin.SimpleListFilter):
    """By whether a condition holds."""

    condition: Exists | Q

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "yes":
                return rows.filter(self.condition)
            case "no":
                return rows.filter(~self.condition)
        return rows
