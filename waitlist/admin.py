"""The waitlist in the admin: finding people, quickly also among a million. Letting them in:
waitlist/inviting_admin.py."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminEmailInputWidget
from django.db.models import QuerySet
from django.db.models.functions import Reverse
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join

from accounts.browsing import AgeFilter, address_of
from accounts.forms import EmailField
from accounts.models import User
from accounts.verbs import Verb
from waitlist.inviting_admin import Inviting
from waitlist.models import Entry
from waitlist.states import State, is_in, standing

SINCE = {
    State.INVITED: "invited",
    State.EXPIRED: "expires",
    State.JOINED: "joined",
    State.UNSUBSCRIBED: "unsubscribed",
}


class EntryForm(forms.ModelForm):
    """Takes an address as the public form does."""

    email = EmailField(
        label="Email address",
        widget=AdminEmailInputWidget,
        error_messages={"unique": "This address is on the waitlist already."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "email" in self.fields:
            why = "With another address the entry begins anew: not confirmed, invited or joined."
            self.fields["email"].help_text = why


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = settings.WAITLIST_CONFIRM
        return [(one.value, one.label) for one in State if asked or one != State.UNCONFIRMED]

    def queryset(self, request: HttpRequest, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        state = self.value()
        return entries.filter(is_in(State(state))) if state and state in State else entries


@admin.register(Entry)
class EntryAdmin(Inviting):
    add_verb = Verb.WAITLIST_ADDED
    change_verb = Verb.WAITLIST_CHANGED
    delete_verb = Verb.WAITLIST_DELETED
    list_display = ["email", "state", "created", "came_by"]
    list_filter = [StateFilter, AgeFilter]
    search_fields = ["email"]  # see get_search_results
    search_help_text = (
        "The beginning of an email address, a domain (@example.com), "
        "or how they came (utm_source=newsletter)"
    )
    readonly_fields = (
        "state",
        "created",
        "confirmed",
        "invited",
        "expires",
        "joined",
        "unsubscribed",
        "came_by",
    )
    also_in_csv = ("source",)
    form = EntryForm

    def get_fields(self, request: HttpRequest, obj: Entry | None = None) -> Any:
        return ["email", *(self.readonly_fields if obj else [])]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return super().get_queryset(request).annotate(state=standing())

    def get_search_results(
        self, request: HttpRequest, entries: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (_found(entries, search_term.strip()) if search_term else entries), False

    @admin.display
    def state(self, entry: Any) -> str:
        """How it stands, and since when."""
        state = State(entry.state)
        since = getattr(entry, SINCE.get(state, ""), None)
        if since is None:
            return state.label
        day = localize(timezone.localdate(since))
        return format_html('{}<br><span class="quiet">{}</span>', state.label, day)

    @admin.display(description="came by")
    def came_by(self, entry: Entry) -> str:
        """How they came; each leads to all who came so."""
        told = [
            (address_of(Entry, "changelist", query={"q": f"{key}={value}"}), value)
            for key, value in entry.source.items()
        ]
        return format_html_join(", ", '<a href="{}">{}</a>', told)


def _found(entries: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the entries of an address's beginning, of a domain, or with such a source."""
    key, is_source, value = term.partition("=")
    if is_source:
        return entries.filter(source__contains={key: value})
    address = User.objects.normalize_email(term)
    if not address.startswith("@"):
        return entries.filter(email__startswith=address)
    backwards = entries.alias(backwards=Reverse("email"))
    return backwards.filter(backwards__startswith=address[::-1])
