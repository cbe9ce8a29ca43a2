"""Pictures in the admin."""

from uuid import UUID

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from accounts.browsing import NothingToChange
from accounts.models import Avatar


def picture_of(avatar: UUID) -> str:
    """Return the picture with this id, to look at."""
    return format_html(
        '<img src="{}" alt="" width="128" height="128">', reverse("avatar", args=[avatar])
    )


@admin.register(Avatar)
class AvatarAdmin(NothingToChange):
    """Of people and organizations. Deleting one takes it away from whom it shows."""

    list_display = ["id", "user", "created"]
    list_filter = ["created"]
    list_select_related = ["user"]
    search_fields = ["user__email__startswith"]
    fields = ["picture", "user", "created"]
    readonly_fields = ["picture", "user"]

    @admin.display
    def picture(self, avatar: Avatar) -> str:
        return picture_of(avatar.pk)
