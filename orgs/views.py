"""An organization's pages. What a member needs for each stands in its @requires, nowhere else."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.pages import SIZE, Page, page_of
from orgs.access import MemberRequest, requires
from orgs.forms import InvitationForm, OrganizationForm
from orgs.invitations import AlreadyInvited, CannotInvite, InvitationClosed
from orgs.models import Invitation, Membership, Organization
from orgs.roles import Permission, Role

FIRST_FEW = 6


@require_safe
@login_required
def organization_list(request: MemberRequest) -> HttpResponse:
    """Where sign-in leads: a person's organizations, or straight into the only one."""
    page = page_of(
        Membership.objects.filter(organization__is_active=True).values(
            "organization_id",
            "role",
            name=F("organization__name"),
            slug=F("organization__slug"),
        ),
        request.GET,
        within=("user_id", request.user.pk),
        key="organization_id",
        newest_first=True,
    )
    if len(page.rows) == 1 and not request.GET:
        return redirect("orgs:organization_detail", page.rows[0]["slug"])
    return render(request, "orgs/organization_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def organization_new(request: MemberRequest) -> HttpResponse:
    form = OrganizationForm(request.POST or None)
    if form.is_valid():
        try:
            return redirect(Organization.create(**form.cleaned_data, by=request.user))
        except IntegrityError:  # somebody took it since the form looked
            form.add_error("slug", "This web address was taken a moment ago. Choose another.")
    if form.errors and (made := _made_by_the_same_form(request.user, form)):
        return redirect(made)
    return _form_page(request, "orgs/organization_new.html", {"form": form})


@require_safe
@requires(Permission.SEE_ORGANIZATION)
def organization_detail(request: MemberRequest, slug: str) -> HttpResponse:
    """The dashboard: the first few people, and what is pending for those who may see it."""
    context = {"members": _members(request.organization, {}, FIRST_FEW).rows}
    if request.membership.can(Permission.SEE_INVITATIONS):
        context["invitations"] = _pending(request.organization, {}, FIRST_FEW).rows
    return render(request, "orgs/organization_detail.html", context)


@require_safe
@requires(Permission.SEE_ORGANIZATION)
def member_list(request: MemberRequest, slug: str) -> HttpResponse:
    page = _members(request.organization, request.GET)
    return render(request, "orgs/member_list.html", {"page": page})


@require_safe
@requires(Permission.SEE_INVITATIONS)
def invitation_list(request: MemberRequest, slug: str) -> HttpResponse:
    page = _pending(request.organization, request.GET)
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
    return _form_page(request, "orgs/invitation_new.html", context)


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


def _made_by_the_same_form(user: User, form: OrganizationForm) -> Organization | None:
    """Return what this form made when it was sent a moment ago: a double click is no mistake."""
    return Organization.objects.filter(
        name=form.instance.name, slug=form.instance.slug, owner__organization_user__user=user
    ).first()


def _members(organization: Organization, query: Mapping[str, str], size: int = SIZE) -> Page:
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


def _pending(organization: Organization, query: Mapping[str, str], size: int = SIZE) -> Page:
    return page_of(
        Invitation.objects.pending()
        .with_status()
        .values("id", "email", "role", "created", "expires", "status"),
        query,
        within=("organization_id", organization.pk),
        newest_first=True,
        size=size,
    )


def _sent(request: MemberRequest, invitation: Invitation) -> HttpResponse:
    if invitation.sent:
        messages.success(request, f"The invitation for {invitation.email} is on its way.")
    else:
        messages.warning(
            request,
            f"The invitation for {invitation.email} is kept, but its email could not be delivered."
            " Send it again in a while.",
        )
    return redirect("orgs:invitation_list", request.organization.slug)


def _form_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Show the form; one that was refused says so with status 400."""
    return render(request, template, context, status=400 if request.method == "POST" else 200)
