"""The audit trail in the admin: to look at. It stands here because it knows people and
organizations."""

import ipaddress
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from accounts.browsing import AgeFilter, ReadOnly, Rows, YesNoFilter, address_of
from accounts.events import Event, with_names
from accounts.models import User
from accounts.verbs import Verb, alone, as_text
from orgs.models import Organization

MOST_FOUND = 100  # people or organizations whose beginning is searched for


class VerbFilter(admin.SimpleListFilter):
    title = "what"
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(verb.value, alone(verb)) for verb in Verb]

    def queryset(self, request: HttpRequest, events: QuerySet[Event]) -> QuerySet[Event]:
        return events.filter(verb=self.value()) if self.value() else events


class ImpersonatedFilter(YesNoFilter):
    title = "acting as somebody else"
    parameter_name = "impersonated"
    condition = Q(impersonator_id__isnull=False)


class EventList(Rows):
    """Reads the names of a page's people and organizations in one statement each."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = _with_all_names(self.result_list)


@admin.register(Event)
class EventAdmin(ReadOnly):
    """Who did it, to whom and where lead to everything of that person or organization."""

    list_display = ["created", "what", "where", "details", "ip"]
    list_filter = [AgeFilter, ImpersonatedFilter, VerbFilter]
    filtered_by = ["actor_id", "subject_id", "organization_id"]
    search_fields = ["request_id"]  # see get_search_results
    search_help_text = (
        "The beginning of an email address or of an organization’s web address, "
        "or a whole IP address, or the id of a request or a row"
    )
    fields = ["created", "what", "where", "details", "ip", "request_id"]
    readonly_fields = ["what", "where", "details"]
    also_in_csv = ["data"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventList

    def get_object(self, *args: Any, **kwargs: Any) -> Any:
        event = super().get_object(*args, **kwargs)
        return event and _with_all_names([event])[0]

    def get_search_results(
        self, request: HttpRequest, events: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (events.filter(_matches(term)) if term else events), False

    @admin.display
    def what(self, event: Event) -> str:
        who, whom = _link("actor_id", event.actor_id, event.who), event.whom
        if whom:
            whom = _link("subject_id", event.subject_id, whom)
        return format_html("{} {} {} {}", who, event.did, whom, event.more)

    @admin.display(description="organization")
    def where(self, event: Any) -> str:
        if not event.organization_id:
            return ""
        name = event.organizations.get(event.organization_id, "a deleted organization")
        return _link("organization_id", event.organization_id, name)

    @admin.display
    def details(self, event: Event) -> str:
        told = {key: value for key, value in event.data.items() if key != "personal"}
        told |= event.data.get("personal", {})
        return "; ".join(
            f"{key}: {as_text(value)}" for key, value in told.items() if value is not None
        )


def _with_all_names(events: Any) -> list[Any]:
    named: list[Any] = with_names(events)
    ids = {event.organization_id for event in named} - {None}
    names = dict(Organization.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    for event in named:
        event.organizations = names
    return named


def _matches(term: str) -> Q:
    """Return what finds the events of an IP address, or of a request, people and organizations."""
    try:
        return Q(ip=str(ipaddress.ip_address(term)))
    except ValueError:
        pass
    if about := _row(term):
        return about
    address = User.objects.normalize_email(term)
    # Read first: for a subquery PostgreSQL would rather go through all events.
    people = _first(User.objects.filter(email__startswith=address))
    organizations = _first(Organization.objects.filter(slug__startswith=term.lower()))
    return (
        Q(actor_id__in=people)
        | Q(subject_id__in=people)
        | Q(impersonator_id__in=people)
        | Q(organization_id__in=organizations)
        | Q(request_id=term)
        | Q(subject_label=address, subject_label__contains="@")
    )


def _row(term: str) -> Q | None:
    """Return what finds the events of whatever has this id, which may be a request."""
    try:
        pk = UUID(term)
    except ValueError:
        return None
    columns = ("actor_id", "subject_id", "impersonator_id", "organization_id")
    return Q(*((column, pk) for column in columns), request_id=term, _connector=Q.OR)


def _first(rows: QuerySet[Any]) -> list[UUID]:
    return list(rows.order_by().values_list("pk", flat=True)[:MOST_FOUND])


def _link(field: str, pk: UUID | None, text: str) -> str:
    """Return the text, leading to all events with this value."""
    if not pk:
        return text
    url = address_of(Event, "changelist", query={field: pk})
    return format_html('<a href="{}">{}</a>', url, text)
