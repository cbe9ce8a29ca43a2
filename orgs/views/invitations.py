"""Inviting people: what the members who may do that see."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages import SIZE, Page, page_of
from orgs.access import MemberRequest, requires
from orgs.forms.invitations import InvitationForm
from orgs.invitations import AlreadyInvited, CannotInvite, Invitation, InvitationClosed
from orgs.models import Organization
from orgs.roles import Permission, Role
from orgs.views.answers import form_page


@require_safe
@requires(Permission.SEE_INVITATIONS)
def invitation_list(request: MemberRequest, slug: str) -> HttpResponse:
    page = pending_of(request.organization, request.GET)
    return render(request, "orgs/invitation_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.INVITE)
def invitation_new(request: MemberRequest, slug: str) -> HttpResponse:
    form = InvitationForm(request.POST or None, offered=request.membership.invitable_roles)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            invitation = request.organization.invite(email, role, by=request.membership)
        except AlreadyInvited as refusal:
            context["pending"] = refusal.invitation
            form.add_error("email", str(refusal))
        except CannotInvite as refusal:
            form.add_error("email", str(refusal))
        else:
            return _sent(request, invitation)
    return form_page(request, "orgs/invitation_new.html", context)


@require_POST
@requires(Permission.INVITE)
def invitation_resend(request: MemberRequest, slug: str, pk: UUID) -> HttpResponse:
    invitation = get_object_or_404(request.organization.invitations, pk=pk)
    try:
        invitation.renew(by=request.membership)
    except InvitationClosed as refusal:
        messages.info(request, str(refusal))
        return redirect("orgs:invitation_list", slug)
    return _sent(request, invitation)


@require_POST
@requires(Permission.INVITE)
def invitation_revoke(request: MemberRequest, slug: str, pk: UUID) -> HttpResponse:
    invitation = get_object_or_404(request.organization.invitations, pk=pk)
    try:
        invitation.revoke(by=request.membership)
    except InvitationClosed as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, f"The invitation for {invitation.email} was revoked.")
    return redirect("orgs:invitation_list", slug)


def pending_of(organization: Organization, query: Mapping[str, str], size: int = SIZE) -> Page:
    """Return a page of the pending invitations, as dicts: see templates/orgs/_invitations.html."""
    return page_of(
        Invitation.objects.pending()
        .with_state()
        .values("id", "email", "role", "created", "expires", "state"),
        query,
        within=("organization_id", organization.pk),
        newest_first=True,
        size=size,
    )


def _sent(request: MemberRequest, invitation: Invitation) -> HttpResponse:
    messages.success(request, f"The invitation for {invitation.email} is on its way.")
    return redirect("orgs:invitation_list", request.organization.slug)
