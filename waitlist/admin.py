from django.contrib import admin

from accounts.browsing import Browsable
from accounts.verbs import Verb
from waitlist.models import Entry


@admin.register(Entry)
class EntryAdmin(Browsable):
    add_verb = Verb.WAITLIST_ADDED
    change_verb = Verb.WAITLIST_CHANGED
    delete_verb = Verb.WAITLIST_DELETED
    list_display = ["email", "created"]
    list_filter = ["created"]
    search_fields = ["email"]
    readonly_fields = ["created"]
    also_in_csv = ["source"]
