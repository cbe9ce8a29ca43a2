"""Who belongs to an organization."""

from collections.abc import Mapping

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.pages import SIZE, Page, page_of
from orgs.access import MemberRequest, requires
from orgs.models import Membership, Organization
from orgs.roles import Permission


@require_safe
@requires(Permission.SEE_ORGANIZATION)
def member_list(request: MemberRequest, slug: str) -> HttpResponse:
    page = members_of(request.organization, request.GET)
    return render(request, "orgs/member_list.html", {"page": page})


def members_of(organization: Organization, query: Mapping[str, str], size: int = SIZE) -> Page:
    """Return a page of the members, as dicts: see templates/orgs/_members.html."""
    return page_of(
        Membership.objects.values(
            "id",
            "role",
            "created",
            name=F("user__name"),
            email=F("user__email"),
            avatar=F("user__avatar_id"),
        ),
        query,
        within=("organization_id", organization.pk),
        size=size,
    )
