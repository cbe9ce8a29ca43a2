"""What the pages of organizations ask for while they are drawn."""

from typing import Any

from django import template
from django.db.models import F

from accounts.names import initials

register = template.Library()
register.filter(initials)

SHOWN = 20


@register.inclusion_tag("orgs/_switcher.html", takes_context=True)
def switcher(context: dict[str, Any]) -> dict[str, Any]:
    """The person's newest organizations, in one statement that only a page with a switcher pays."""
    request = context["request"]
    memberships = request.user.memberships.filter(organization__is_active=True)
    rows = memberships.order_by("-organization_id").values(
        name=F("organization__name"), slug=F("organization__slug")
    )[: SHOWN + 1]
    organizations = list(rows)
    return {
        "request": request,
        "current": getattr(request, "organization", None),
        "organizations": organizations[:SHOWN],
        "more": len(organizations) > SHOWN,
    }
