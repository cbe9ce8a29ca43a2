"""The way in through an invitation's link, for people who are no members yet.

Mail scanners open links, so a GET never answers. What a visitor wants waits while they sign in or
up, and then goes on by itself.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.impersonation import theirs_alone
from accounts.signin.email_codes import send_confirmation
from accounts.signin.reauthentication import suspend
from accounts.signup import admit
from orgs.invitations import CannotAnswer, Invitation, Obstacle

# Somebody can do something about these; the others end the invitation, which is 410.
STATUS = {Obstacle.OTHER_ADDRESS: 403, Obstacle.UNVERIFIED: 403, Obstacle.FULL: 409}


def explained(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say what happened, and whom to ask, where an invitation leads no further."""

    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, **route: Any) -> HttpResponse:
        try:
            return view(request, **route)
        except ObjectDoesNotExist:  # the invitation, its organization or this person is gone
            return render(request, "orgs/invitation_closed.html", status=404)
        except CannotAnswer as refusal:
            status = STATUS.get(refusal.obstacle, 410)
            context = {
                "invitation": refusal.invitation,
                "obstacle": refusal.obstacle,
                "seats": settings.MAX_MEMBERS,
                **route,
            }
            return render(request, "orgs/invitation_closed.html", context, status=status)

    return answered


@require_safe
@explained
def invitation_detail(request: HttpRequest, token: str) -> HttpResponse:
    invitation = Invitation.find(token)
    if invitation.organization.has_member(request.user):
        return redirect(invitation.organization)
    _check(invitation, request)
    names = list(invitation.teams.order_by("name").values_list("name", flat=True))
    context = {"invitation": invitation, "token": token, "teams": teams_in_words(names)}
    return render(request, "orgs/invitation_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@theirs_alone
@explained
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Make the person a member; send a visitor to sign in first."""
    invitation = Invitation.find(token)
    if request.method != "POST":  # the address at which an acceptance went on, opened anew
        return redirect(_link(token))
    if not request.user.is_authenticated:
        return _enter(request, token, invitation, "account_login")
    return join(request, invitation)


@require_POST
@explained
def invitation_sign_up(request: HttpRequest, token: str) -> HttpResponse:
    """Let a visitor sign up with the invited address; somebody who has an account signs in."""
    invitation = Invitation.find(token)
    if request.user.is_authenticated:
        return redirect(_link(token))
    if EmailAddress.objects.filter(email=invitation.email, verified=True).exists():
        messages.info(request, f"{invitation.email} has an account already. Sign in to join.")
        return _enter(request, token, invitation, "account_login")
    return _enter(request, token, invitation, "account_signup")


@require_POST
@theirs_alone
@explained
def invitation_decline(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link may decline, unless they are signed in as somebody else."""
    by = request.user if request.user.is_authenticated else None
    Invitation.find(token).decline(by=by)
    return redirect(_link(token))


@require_POST
@theirs_alone
@explained
def invitation_switch(request: HttpRequest, token: str) -> HttpResponse:
    """Sign out whoever is signed in, so that the invited person finds both ways in."""
    Invitation.find(token)
    logout(request)
    return redirect(_link(token))


@require_POST
@theirs_alone
@explained
def invitation_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Send the code that confirms the person's address, after which they join."""
    invitation = Invitation.find(token)
    if not request.user.is_authenticated:
        return redirect(_link(token))
    mine = EmailAddress.objects.filter(user=request.user, email=invitation.email, verified=False)
    if address := mine.first():
        return send_confirmation(request, address, then=suspend(request, _acceptance(token)))
    return redirect(_link(token))


def join(request: Any, invitation: Invitation) -> HttpResponse:
    """Accept in the name of who is signed in, and lead them into the organization."""
    organization = invitation.accept(by=request.user).organization
    messages.success(request, f"You are a member of {organization}.")
    if full := teams_in_words(invitation.full_teams):
        most = f"There can be at most {settings.MAX_TEAM_MEMBERS} people in a team."
        messages.warning(
            request, f"There was no room for you in the {full}. {most} Ask who invited you."
        )
    return redirect(organization)


def teams_in_words(names: list[str]) -> str:
    """Return 'team Garden', 'teams Garden and Shed', or nothing for no team."""
    return f"team{'s' if len(names) > 1 else ''} {get_text_list(names, 'and')}" if names else ""


def _check(invitation: Invitation, request: HttpRequest) -> None:
    if obstacle := invitation.obstacle(request.user):
        raise CannotAnswer(invitation, obstacle)


def _enter(request: HttpRequest, token: str, invitation: Invitation, entrance: str) -> HttpResponse:
    """Lead a visitor to sign in or up, with a pass for their address, after which they join."""
    _check(invitation, request)
    admit(request, invitation.email)
    return redirect(reverse(entrance, query={"next": suspend(request, _acceptance(token))}))


def _link(token: str) -> str:
    return reverse("orgs:invitation_detail", args=[token])


def _acceptance(token: str) -> str:
    return reverse("orgs:invitation_accept", args=[token])
