from django.contrib import admin

from accounts.browsing import Browsable
from waitlist.models import Entry


@admin.register(Entry)
class EntryAdmin(Browsable):
    list_display = ["email", "created"]
    list_filter = ["created"]
    search_fields = ["email"]
    readonly_fields = ["created"]
