"""What the pages of organizations ask for while they are drawn."""

from typing import Any

from django import template
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F

from accounts.names import initials
from orgs.forms.organizations import SEARCH_FROM
from orgs.invitations import Invitation
from orgs.visits import by_visit

register = template.Library()
register.filter(initials)

SHOWN = 20  # organizations
WAITING = 3  # invitations


@register.inclusion_tag("orgs/_switcher.html", takes_context=True)
def switcher(context: dict[str, Any]) -> dict[str, Any]:
    """The person's organizations by last visit, from where they are now, and who invites them.

    One statement, that only a page with a switcher pays: PostgreSQL reads the invitations once,
    beside the rows. Whoever has no organization pays a second one.
    """
    request = context["request"]
    current = getattr(request, "organization", None)
    waiting = Invitation.objects.for_person(request.user).order_by("-pk")
    names = waiting.values_list("organization__name", flat=True)[: WAITING + 1]
    rows = by_visit(request.user, current and current.pk).values(
        name=F("organization__name"), slug=F("organization__slug"), waiting=ArraySubquery(names)
    )
    organizations = list(rows[: SHOWN + 1])
    invitations = organizations[0]["waiting"] if organizations else list(names)
    return {
        "request": request,
        "current": current,
        "organizations": organizations[:SHOWN],
        "more": len(organizations) > SHOWN,
        "search": len(organizations) >= SEARCH_FROM,
        "invitations": invitations[:WAITING],
        "more_invitations": len(invitations) > WAITING,
    }
