"""The framework's own tables in the admin, to look at. Groups are not used: accounts/roles.py."""

from typing import Any

import django.contrib.auth.admin  # noqa: F401, for it registers Group
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from accounts.browsing import NothingToChange
from config import events_admin  # noqa: F401, for it registers Event

admin.site.unregister(Group)


class ReadOnlyAdmin(NothingToChange):
    """Rows that the framework writes."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Permission)
class PermissionAdmin(ReadOnlyAdmin):
    list_display = ["name", "content_type", "codename"]
    list_select_related = ["content_type"]
    list_filter = ["content_type__app_label"]
    search_fields = ["name", "codename", "content_type__app_label", "content_type__model"]

    def get_queryset(self, request: HttpRequest) -> Any:
        # Its name in lists and autocompletion begins with its content type's.
        return super().get_queryset(request).select_related("content_type")


@admin.register(ContentType)
class ContentTypeAdmin(ReadOnlyAdmin):
    list_display = ["id", "app_label", "model"]
    list_filter = ["app_label"]
    search_fields = ["app_label", "model"]


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    list_display = ["action_time", "user", "action_flag", "content_type", "object_repr"]
    list_select_related = ["user", "content_type"]
    list_filter = ["action_time", "action_flag"]
    search_fields = ["user__email", "object_repr", "object_id"]
