from django.contrib import admin

from accounts.browsing import Browsable, NothingToChange
from waitlist.models import Attempt, Entry


@admin.register(Entry)
class EntryAdmin(Browsable):
    list_display = ["email", "created"]
    list_filter = ["created"]
    search_fields = ["email"]
    readonly_fields = ["created"]


@admin.register(Attempt)
class AttemptAdmin(NothingToChange):
    """Only to look at, and to delete: then that address may try again at once."""

    list_display = ["ip", "count", "until"]
    search_fields = ["ip"]
    ordering = ["-until"]
