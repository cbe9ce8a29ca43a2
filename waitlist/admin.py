from django.contrib import admin

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
    list_display = ["ip", "count", "until"]
    search_fields = ["ip"]
    show_full_result_count = False
