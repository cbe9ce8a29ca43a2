"""Codes that a person types as their second step: of an authenticator app, or a recovery code.

allauth checks them; here each code of an app is taken once. allauth keeps used ones in the cache
for one period, but a code is good for three, and whoever activated the app with one could use it
again.
"""

from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.base import forms as allauth_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django import forms
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User

NOT_ACCEPTED = (
    "This code was not accepted. Each one works once: wait for the next, and check that "
    "the clock of your device is right."
)
LAST_STEP = "last_step"


class CodeField(forms.CharField):
    def __init__(self, label: str, **attrs: str) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "one-time-code", **attrs})
        super().__init__(label=label, max_length=50, widget=widget)


class CodeForm(forms.Form):
    """What the forms below share with allauth's: a code, and words for one that is wrong."""

    def clean_code(self) -> str:
        try:
            return super().clean_code()  # type: ignore[misc]
        except forms.ValidationError as error:
            if error.code != "incorrect_code":
                raise
            raise forms.ValidationError(NOT_ACCEPTED, code=error.code) from None


class UseCodeForm(CodeForm):
    """A code of the app or a recovery code; a used one counts as any wrong one."""

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_app = Authenticator.objects.filter(
            user=self.user, type=Authenticator.Type.TOTP
        ).exists()
        self.fields["code"] = CodeField("Code" if self.has_app else "Recovery code")

    def clean_code(self) -> str:
        if not use_step(self.user, self.cleaned_data["code"]):
            self.cleaned_data["code"] = ""
        return super().clean_code()


class AuthenticateForm(UseCodeForm, allauth_forms.AuthenticateForm):
    pass


class ReauthenticateForm(UseCodeForm, allauth_forms.ReauthenticateForm):
    pass


class ActivateAppForm(CodeForm, totp_forms.ActivateTOTPForm):
    code = CodeField("Code from the app", inputmode="numeric")
    secret: str

    @property
    def secret_in_groups(self) -> str:
        """The secret as people type it: four characters, a space, four characters."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


@transaction.atomic
def use_step(user: User, code: str) -> bool:
    """Use up the time step of an app's code: False if it, or a later one, was used before.

    A code that is none of the app's uses nothing up. Of two at the same moment, the row's lock
    lets one pass.
    """
    app = (
        Authenticator.objects.select_for_update()
        .filter(user=user, type=Authenticator.Type.TOTP)
        .first()
    )
    step = app and _step_of(code, decrypt(app.data["secret"]))
    if app is None or step is None:
        return True
    if step <= app.data.get(LAST_STEP, 0):
        return False
    app.data[LAST_STEP] = step
    app.save(update_fields=["data"])
    return True


def _step_of(code: str, secret: str) -> int | None:
    for step in totp.yield_hotp_counters_from_time():
        expected = totp.format_hotp_value(totp.hotp_value(secret, step))
        if compare_user_code(actual=code, expected=expected):
            return step
    return None


@receiver(authenticator_added)
def _app_was_activated(request: HttpRequest, authenticator: Authenticator, **kwargs: Any) -> None:
    """The code that activated the app is used, too."""
    if authenticator.type == Authenticator.Type.TOTP:
        use_step(authenticator.user, request.POST["code"])
