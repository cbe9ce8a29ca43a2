"""The framework's own tables in the admin, and the project's, to look at.

Groups are not used: accounts/roles.py.
"""

import django.contrib.auth.admin  # noqa: F401, for it registers Group
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.browsing import AgeFilter, ReadOnly
from config import events_admin  # noqa: F401, for it registers Event
from config.models import MigrationFile

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ReadOnly):
    list_display = ["name"]
    search_fields = ["name__startswith"]
    fields = ["name"]


@admin.register(Permission)
class PermissionAdmin(ReadOnly):
    list_display = ["name", "content_type", "codename"]
    list_select_related = ["content_type"]
    list_filter = ["content_type__app_label"]
    sortable_by = ["name", "codename"]  # there are few
    search_fields = ["name", "codename", "content_type__app_label", "content_type__model"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Permission]:
        # Its name in lists and autocompletion begins with its content type's.
        return super().get_queryset(request).select_related("content_type")


@admin.register(ContentType)
class ContentTypeAdmin(ReadOnly):
    list_display = ["id", "app_label", "model"]
    list_filter = ["app_label"]
    sortable_by = ["id", "app_label", "model"]  # there are few
    search_fields = ["app_label", "model"]


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnly):
    list_display = ["action_time", "user", "action_flag", "content_type", "object_id"]
    list_select_related = ["user", "content_type"]
    list_filter = ["action_flag"]
    search_fields = ["user__email__startswith", "object_id__exact"]
    search_help_text = "The beginning of an email address, or the whole id of a row"


@admin.register(MigrationFile)
class MigrationFileAdmin(ReadOnly):
    list_display = ["name", "app", "applied", "environment"]
    list_filter = [AgeFilter]
    search_fields = ["app__startswith"]
    search_help_text = "The beginning of an app’s name"
