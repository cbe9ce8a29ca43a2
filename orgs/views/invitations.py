"""Inviting people: what the members who may do that see."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import CharField, OuterRef, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.pages import SIZE, Page, Values, page_of
from orgs.access import MemberRequest, requires
from orgs.forms.invitations import InvitationForm
from orgs.invitations import Invitation, InvitationQuerySet
from orgs.inviting import Answer
from orgs.limits import is_full
from orgs.models import Organization
from orgs.refusals import CannotInvite, InvitationClosed, NotAnAddress, TooManyMails
from orgs.roles import Permission, Role
from orgs.views.answers import form_page

CLOSED = "closed"  # ?show=closed: those that were answered or revoked


def _of_invitation(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the invitation of its address; say so if somebody else was faster."""

    @wraps(view)
    def opened(request: MemberRequest, slug: str, pk: UUID) -> HttpResponse:
        try:
            return view(request, request.organization.invitations.get(pk=pk))
        except ObjectDoesNotExist:
            raise Http404("No such invitation.") from None
        except InvitationClosed as refusal:
            messages.info(request, str(refusal))
            return redirect("orgs:invitation_list", slug)

    return opened


@require_safe
@requires(Permission.SEE_INVITATIONS)
def invitation_list(request: MemberRequest, slug: str) -> HttpResponse:
    closed = request.GET.get("show") == CLOSED
    page = (closed_of if closed else pending_of)(request.organization, request.GET)
    return render(request, "orgs/invitation_list.html", {"page": page, "closed": closed})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.INVITE)
def invitation_new(request: MemberRequest, slug: str) -> HttpResponse:
    """Invite one person or many; whoever was not invited stays in the form, with the reason."""
    teams = request.organization.teams.order_by("name").values_list("id", "name")
    offered = request.membership.invitable_roles
    form = InvitationForm(request.POST or None, offered=offered, teams=teams)
    outcomes = _invite(request, form) if form.is_valid() else {}
    refusals = {line: one for line, one in outcomes.items() if isinstance(one, CannotInvite)}
    if outcomes and not refusals:
        messages.success(request, _on_its_way([*outcomes.values()]))
        return redirect("orgs:invitation_list", slug)
    if refusals:
        form.keep(refusals)
    context = {
        "form": form,
        "outcomes": outcomes,
        "seats": settings.MAX_MEMBERS,
        "is_full": is_full(request.organization),
    }
    if len(refusals) < len(outcomes):
        return render(request, "orgs/invitation_new.html", context)
    _wait(request, refusals.values())
    return form_page(request, "orgs/invitation_new.html", context)


@require_POST
@requires(Permission.INVITE)
@_of_invitation
def invitation_resend(request: MemberRequest, invitation: Invitation) -> HttpResponse:
    try:
        invitation.renew(by=request.membership)
    except TooManyMails as refusal:
        _wait(request, [refusal])
        return render(request, "orgs/invitation_refused.html", {"refusal": refusal})
    messages.success(request, _on_its_way([invitation]))
    return redirect("orgs:invitation_list", request.organization.slug)


@require_POST
@requires(Permission.INVITE)
@_of_invitation
def invitation_revoke(request: MemberRequest, invitation: Invitation) -> HttpResponse:
    invitation.revoke(by=request.membership)
    messages.success(request, f"The invitation for {invitation.email} was revoked.")
    return redirect("orgs:invitation_list", request.organization.slug)


def pending_of(organization: Organization, query: Mapping[str, str], size: int = SIZE) -> Page:
    """Return a page of the pending invitations, as dicts: see templates/orgs/_invitations.html."""
    return _page(organization, _pending, query, size)


def closed_of(organization: Organization, query: Mapping[str, str]) -> Page:
    """Return a page of those that were answered or revoked, as dicts like the pending ones."""
    return _page(organization, _closed, query)


def _page(
    organization: Organization,
    values: Callable[[], Values],
    query: Mapping[str, str],
    size: int = SIZE,
) -> Page:
    return page_of(
        values,
        query,
        within=("organization_id", organization.pk),
        newest_first=True,
        size=size,
    )


def _pending() -> Values:
    return _shown(Invitation.objects.pending())


def _closed() -> Values:
    return _shown(Invitation.objects.closed())


def _shown(invitations: InvitationQuerySet) -> Values:
    teams = Invitation.teams.through.objects.filter(invitation=OuterRef("pk"))
    return invitations.with_state().values(
        *["id", "email", "role", "expires", "closed", "state"],
        inviter=Coalesce(
            NullIf("invited_by__name", Value("")),
            "invited_by__email",
            output_field=CharField(),
        ),
        team_names=ArraySubquery(teams.order_by("team__name").values("team__name")),
    )


def _invite(request: MemberRequest, form: InvitationForm) -> dict[str, Answer]:
    """Invite whom the form names; return the answer for each of its lines."""
    typed = form.cleaned_data["emails"]
    answers = request.organization.invite_all(
        filter(None, typed.values()),
        Role(form.cleaned_data["role"]),
        by=request.membership,
        teams=form.cleaned_data["teams"],
        message=form.cleaned_data["message"],
    )
    return {line: answers[email] if email else NotAnAddress() for line, email in typed.items()}


def _wait(request: MemberRequest, refusals: Iterable[CannotInvite]) -> None:
    """Answer 429 if it was tried too often; the page says what."""
    if waits := [refusal.wait for refusal in refusals if refusal.wait]:
        limits.refuse(request, min(waits))


def _on_its_way(invitations: list[Any]) -> str:
    if len(invitations) == 1:
        return f"The invitation for {invitations[0].email} is on its way."
    return f"{len(invitations)} invitations are on their way."
