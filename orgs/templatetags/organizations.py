"""What the pages of organizations ask for while they are drawn."""

from typing import Any
from uuid import UUID

from django import template
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, QuerySet, UUIDField

from accounts.names import initials
from accounts.statements import Param, Statement
from orgs.forms.organizations import SEARCH_FROM
from orgs.models import Invitation, Membership
from orgs.visits import by_visit

register = template.Library()
register.filter(initials)

SHOWN = 20  # organizations
WAITING = 3  # invitations


def _organizations() -> QuerySet[Membership, dict[str, Any]]:
    person = Param("person", UUIDField())
    rows = by_visit(person, Param("current", UUIDField())).values(
        name=F("organization__name"),
        slug=F("organization__slug"),
        waiting=ArraySubquery(_inviting(person)),
    )
    return rows[: SHOWN + 1]


def _inviting(person: UUID | Param) -> QuerySet[Invitation, str]:
    waiting = Invitation.objects.for_person(person).order_by("-pk")
    return waiting.values_list("organization__name", flat=True)[: WAITING + 1]


ORGANIZATIONS = Statement(_organizations)


@register.inclusion_tag("orgs/_switcher.html", takes_context=True)
def switcher(context: dict[str, Any]) -> dict[str, Any]:
    """The person's organizations by last visit, from where they are now, and who invites them.

    One statement, that only a page with a switcher pays: PostgreSQL reads the invitations once,
    beside the rows. Whoever has no organization pays a second one.
    """
    request = context["request"]
    current = getattr(request, "organization", None)
    person = request.user.pk
    organizations = ORGANIZATIONS(person=person, current=current and current.pk)
    invitations = organizations[0]["waiting"] if organizations else list(_inviting(person))
    return {
        "request": request,
        "current": current,
        "organizations": organizations[:SHOWN],
        "more": len(organizations) > SHOWN,
        "search": len(organizations) >= SEARCH_FROM,
        "invitations": invitations[:WAITING],
        "more_invitations": len(invitations) > WAITING,
    }
