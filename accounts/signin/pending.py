"""A sign-in that waits for a code or a second factor ends when the account changes meanwhile.

Otherwise whoever knew an old password, reads the mailbox of an address that was removed, or signed
up with somebody else's, would walk in after the owner has locked the door. Two of allauth's stages:
the first and the last of a sign-in.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, clear_login
from allauth.account.models import EmailAddress
from allauth.account.stages import LoginStage
from allauth.account.utils import url_str_to_user_pk
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import STANDING, User
from accounts.sessions import vouches

BEGUN_WITH = "begun_with"


class Begin(LoginStage):
    """Notes with which password the account began to be signed in to; by an address of its own.

    To an address that was removed since its code was sent, allauth would add the account anew.
    """

    key = "begin"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user, email = self.login.user, self.login.email
        if user and email and not _has_address(user, email):
            return _refusal(self.request), False
        if user:
            self.login.state[BEGUN_WITH] = user.get_session_auth_hash()
        return None, True


class Finish(LoginStage):
    """Lets in only who began with the password that the account has now."""

    key = "finish"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        user.refresh_from_db(fields=["password", *STANDING])  # `login` asks about a ban
        if user.is_active and vouches(user, self.login.state.get(BEGUN_WITH, "")):
            return None, True
        return _refusal(self.request), False


def end_if_gone(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wrap a step of a sign-in, which ends when its person was deleted since the step before."""

    @wraps(view)
    def step(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        login = request.session.get(LOGIN_SESSION_KEY)
        if login and _is_gone(login["user_pk"]):
            clear_login(request)
            return _refusal(request)
        return view(request, *args, **kwargs)

    return step


def _is_gone(key: str | None) -> bool:
    """Whether this person was deleted; asked for nobody, too, so that it takes as long."""
    pk = url_str_to_user_pk(key) if key else UUID(int=0)
    return not User.objects.filter(pk=pk).exists() and key is not None


def _refusal(request: HttpRequest) -> HttpResponse:
    messages.error(request, "Your account changed while you signed in. Sign in again.")
    return redirect("account_login")


def _has_address(user: Any, email: str) -> bool:
    return email == user.email or EmailAddress.objects.filter(user=user, email=email).exists()
