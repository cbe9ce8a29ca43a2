"""A sign-in that waits for a code or a second factor ends when the account changes meanwhile.

Otherwise whoever knew an old password, reads the mailbox of an address that was removed, or signed
up with somebody else's, would walk in after the owner has locked the door. Two of allauth's stages:
the first and the last of a sign-in.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import LoginStage
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import STANDING

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
            self.login.state[BEGUN_WITH] = _fingerprint(user)
        return None, True


class Finish(LoginStage):
    """Lets in only who began with the password that the account has now."""

    key = "finish"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        user.refresh_from_db(fields=["password", *STANDING])  # `login` asks about a ban
        if user.is_active and self.login.state.get(BEGUN_WITH) == _fingerprint(user):
            return None, True
        return _refusal(self.request), False


def _refusal(request: HttpRequest) -> HttpResponse:
    messages.error(request, "Your account changed while you signed in. Sign in again.")
    return redirect("account_login")


def _has_address(user: Any, email: str) -> bool:
    return email == user.email or EmailAddress.objects.filter(user=user, email=email).exists()


def _fingerprint(user: Any) -> str:
    return user.get_session_auth_hash()
