"""Filters that an index answers, however many rows there are."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.events import first_id


class AgeFilter(admin.SimpleListFilter):
    """By the time that is in the id (uuid7), which is what the list is ordered by."""

    title = "when"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "In the last 24 hours"), ("7", "In 7 days"), ("30", "In 30 days")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in dict(self.lookup_choices):
            return rows
        start = timezone.now() - timedelta(days=int(self.value() or 0))
        return rows.filter(pk__gte=first_id(start))
