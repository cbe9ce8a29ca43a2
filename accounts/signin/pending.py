"""A sign-in that waits for a code or a second factor ends when the password changes meanwhile.

Otherwise whoever knew an old password, or signed up with somebody else's address, would walk in
after the owner has locked the door. Two of allauth's stages: the first and the last of a sign-in.
"""

from typing import Any

from allauth.account.stages import LoginStage
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

BEGUN_WITH = "begun_with"


class Begin(LoginStage):
    """Notes with which password the account began to be signed in to."""

    key = "begin"

    def handle(self) -> tuple[None, bool]:
        if self.login.user:
            self.login.state[BEGUN_WITH] = _fingerprint(self.login.user)
        return None, True


class Finish(LoginStage):
    """Lets in only who began with the password that the account has now."""

    key = "finish"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        user.refresh_from_db(fields=["password", "is_active"])
        if user.is_active and self.login.state.get(BEGUN_WITH) == _fingerprint(user):
            return None, True
        messages.error(self.request, "Your account changed while you signed in. Sign in again.")
        return redirect("account_login"), False


def _fingerprint(user: Any) -> str:
    return user.get_session_auth_hash()
