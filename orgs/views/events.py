"""The audit trail of an organization: what its people did, and the platform's staff in it.

IP addresses are not shown. They tell where somebody lives or works, which is no business of the
people they work with; the platform's staff find them in the admin.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.events import Event, first_id, with_names
from accounts.models import User
from accounts.pages import Page, page_of, page_of_any
from accounts.verbs import Verb
from orgs.access import MemberRequest, requires
from orgs.forms.events import EventFilters
from orgs.models import Organization
from orgs.roles import Permission

SHOWN = [
    "id",
    "created",
    "verb",
    "actor_id",
    "impersonator_id",
    "request_id",
    "subject_kind",
    "subject_id",
    "subject_label",
    "data",
]
PEOPLE = ["actor_id", "subject_id", "impersonator_id"]
SUGGESTED = 100  # people


@require_safe
@requires(Permission.SEE_EVENTS)
def event_list(request: MemberRequest, slug: str) -> HttpResponse:
    filters = EventFilters(request.GET)
    context: dict[str, Any] = {"filters": filters, "people": _suggested(request.organization)}
    if not filters.is_valid():
        return render(request, "orgs/event_list.html", context, status=400)
    page = _page(request, filters)
    events = with_names(_event(row) for row in page.rows)
    context |= {"page": page, "events": events, "person": _name(filters, events)}
    return render(request, "orgs/event_list.html", context)


def _page(request: MemberRequest, filters: EventFilters) -> Page:
    person, verb = filters.cleaned_data["person"], filters.cleaned_data["verb"]
    organization = request.organization.pk
    events = _between(filters).values(*SHOWN)
    if person:
        here = events.filter(organization_id=organization, **({"verb": verb} if verb else {}))
        return page_of_any(_about(person, here), request.GET)
    return page_of(
        events,
        request.GET,
        within=("organization_id", organization),
        also={"verb": verb} if verb else {},
        newest_first=True,
    )


def _event(row: dict[str, Any]) -> Event:
    """Return the event; whoever declined an invitation is a visitor, with or without an account.

    Of somebody who stays outside nobody learns here that they have one, nor their name.
    """
    is_outside = row["verb"] == Verb.INVITATION_DECLINED
    return Event(**row | ({"actor_id": None, "request_id": "hidden"} if is_outside else {}))


def _between(filters: EventFilters) -> QuerySet[Event]:
    events = Event.objects.all()
    if filters.begins:
        events = events.filter(pk__gte=first_id(filters.begins))
    if filters.ends:
        events = events.filter(pk__lt=first_id(filters.ends))
    return events


def _about(person: UUID | str, events: Any) -> list[Any]:
    """Return what somebody did, and what was done to them or to an address; see page_of_any.

    An address is looked up among all people: who left is no member any more. That nobody has it
    looks the same as that they have nothing to do with this organization.
    """
    if isinstance(person, UUID):
        told = events.exclude(verb=Verb.INVITATION_DECLINED)  # see _event
        return [(told, (column, person)) for column in PEOPLE]
    pk = User.objects.filter(email=person).values_list("pk", flat=True).first()
    # What the index event_of_address holds.
    invited = events.filter(subject_label__contains="@")
    return [*(_about(pk, events) if pk else []), (invited, ("subject_label", person))]


def _suggested(organization: Organization) -> QuerySet[Any, Any]:
    members = organization.memberships.order_by("pk")
    return members.values(name=F("user__name"), email=F("user__email"))[:SUGGESTED]


def _name(filters: EventFilters, events: Iterable[Event]) -> str:
    """Return who the person of a link is, as far as the list names them."""
    person = filters.cleaned_data["person"]
    if not isinstance(person, UUID):
        return ""
    named = ((event.names or {}).get(person) for event in events)
    told = (event.subject_label for event in events if event.subject_id == person)
    return next(filter(None, [*named, *told]), "this person")
