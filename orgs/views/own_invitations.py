"""A person's own invitations: those that wait at an address which they have confirmed."""

from functools import cache
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F, QuerySet, StringAgg, UUIDField, Value
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.impersonation import theirs_alone
from accounts.models import User
from accounts.statements import Param, Statement
from orgs.access import MemberRequest
from orgs.invitations import Invitation
from orgs.views.joining import explained, join

SHOWN = 50  # the newest; whoever answers some sees further ones


@require_safe
@login_required
def own_invitation_list(request: MemberRequest) -> HttpResponse:
    context = {"invitations": waiting_for(request.user)}
    return render(request, "orgs/own_invitation_list.html", context)


@require_POST
@login_required
@theirs_alone
@explained
def own_invitation_accept(request: MemberRequest, pk: UUID) -> HttpResponse:
    return join(request, _own(request, pk))


@require_POST
@login_required
@theirs_alone
@explained
def own_invitation_decline(request: MemberRequest, pk: UUID) -> HttpResponse:
    invitation = _own(request, pk)
    invitation.decline(by=request.user)
    messages.success(request, f"You declined the invitation to {invitation.organization}.")
    return redirect("orgs:own_invitation_list")


def waiting_for(person: User, size: int = SHOWN) -> list[dict[str, Any]]:
    """Return the newest that wait for this person, as dicts: see templates/orgs/_waiting.html."""
    return _statement(size)(person=person.pk)


@cache
def _statement(size: int) -> Statement[dict[str, Any]]:
    return Statement(lambda: _waiting(size))


def _waiting(size: int) -> QuerySet[Invitation, dict[str, Any]]:
    person = Param("person", UUIDField())
    invitations = Invitation.objects.for_person(person).values(
        "id",
        "role",
        "message",
        "expires",
        organization_name=F("organization__name"),
        organization_logo=F("organization__logo_id"),
        inviter_name=F("invited_by__name"),
        inviter_email=F("invited_by__email"),
        team_names=StringAgg("teams__name", Value(", "), order_by="teams__name"),
    )
    return invitations.order_by("-id")[:size]


def _own(request: MemberRequest, pk: UUID) -> Invitation:
    mine = Invitation.objects.to(request.user)
    return mine.select_related("organization", "invited_by").get(pk=pk)
