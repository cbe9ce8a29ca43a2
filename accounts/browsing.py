"""How the admin shows rows, of every app: the newest first, and what is only to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class Browsable(admin.ModelAdmin):
    """In the order of the primary key, and without counting a million rows a second time."""

    ordering = ["-id"]
    show_full_result_count = False


class NothingToAdd(Browsable):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class NothingToChange(NothingToAdd):
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
