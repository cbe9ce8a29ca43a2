from django.contrib import admin
from django.http import HttpRequest

from waitlist.models import Attempt, Entry


@admin.register(Entry)
class EntryAdmin(admin.ModelAdmin):
    list_display = ["email", "created"]
    list_filter = ["created"]
    search_fields = ["email"]
    readonly_fields = ["created"]
    show_full_result_count = False


@admin.register(Attempt)
class AttemptAdmin(admin.ModelAdmin):
    """Only to look at, and to delete: then that address may try again at once."""

    list_display = ["ip", "count", "until"]
    search_fields = ["ip"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Attempt | None = None) -> bool:
        return False
