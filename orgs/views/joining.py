"""The way in through an invitation's link, for people who are no members yet.

Mail scanners open links, so a GET never accepts.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.signup import admit
from orgs.invitations import CannotAccept, Invitation, Obstacle

# These two are about the person, who can do something about it; the others end the invitation.
PERSONAL = (Obstacle.OTHER_ADDRESS, Obstacle.UNVERIFIED)


def _of_link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the invitation of its link; say so where there is none or it is no use."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        try:
            invitation = Invitation.find(token)
            return view(request, token, invitation)
        except Invitation.DoesNotExist:
            return render(request, "orgs/invitation_closed.html", status=404)
        except CannotAccept as refusal:
            context = {"invitation": invitation, "obstacle": refusal.obstacle, "token": token}
            status = 403 if refusal.obstacle in PERSONAL else 410
            return render(request, "orgs/invitation_closed.html", context, status=status)

    return opened


@require_safe
@_of_link
def invitation_detail(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    if invitation.organization.has_member(request.user):
        return redirect(invitation.organization)
    _check(invitation, request)
    context = {"invitation": invitation, "token": token}
    return render(request, "orgs/invitation_detail.html", context)


@require_POST
@_of_link
def invitation_accept(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(_link(token))
    invitation.accept(by=request.user)
    messages.success(request, f"You are a member of {invitation.organization}.")
    return redirect(invitation.organization)


@require_POST
@_of_link
def invitation_sign_up(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    """Let a visitor sign up with the invited address, and lead them back here."""
    if request.user.is_authenticated:
        return redirect(_link(token))
    _check(invitation, request)
    admit(request, invitation.email)
    return redirect(reverse("account_signup", query={"next": _link(token)}))


@require_POST
@_of_link
def invitation_switch(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    """Sign out whoever is signed in, and lead back here as somebody else."""
    logout(request)
    return redirect_to_login(_link(token))


def _check(invitation: Invitation, request: HttpRequest) -> None:
    if obstacle := invitation.obstacle(request.user):
        raise CannotAccept(obstacle)


def _link(token: str) -> str:
    return reverse("orgs:invitation_detail", args=[token])
