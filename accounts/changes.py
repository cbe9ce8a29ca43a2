"""What follows a change of how somebody signs in: other devices are out, and the owner is told.

allauth mails most of what it changes.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import signals as account
from allauth.account.adapter import get_adapter
from allauth.mfa import signals as mfa
from allauth.socialaccount import signals as social
from django.contrib import messages
from django.contrib.auth import logout
from django.db import IntegrityError, transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.claims import confirm_mailbox, is_claimed, remember_typed
from accounts.models import User


def one_at_a_time(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the database settle two changes at once; whoever comes second looks again.

    A change is made with its line in the audit trail, or not at all.
    """

    @wraps(view)
    def settled(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except IntegrityError:
            messages.error(request, "This changed at the same moment elsewhere. Look again.")
            return redirect(request.path)

    return settled


@receiver(
    [
        account.password_changed,
        account.password_set,
        account.email_added,
        account.email_changed,
        account.email_removed,
        mfa.authenticator_added,
        mfa.authenticator_removed,
        mfa.authenticator_reset,
        social.social_account_added,
        social.social_account_removed,
    ]
)
def _sign_other_devices_out(request: HttpRequest, **kwargs: Any) -> None:
    if request.user.is_authenticated:
        request.user.sign_out_everywhere(but=request.session)


@receiver(account.password_reset)
def _sign_every_device_out(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """The link came by email, so it also proves whose mailbox the address is."""
    if not is_claimed(user):
        remember_typed(request, user)
        confirm_mailbox(user, request)
    if request.user == user:
        logout(request)
    user.sign_out_everywhere()


@receiver(account.authentication_step_completed)
def _confirm_by_sign_in_code(request: HttpRequest, user: User, method: str, **kwargs: Any) -> None:
    """A code to sign in came by email, too."""
    if method == "code":
        confirm_mailbox(user, request)


@receiver(account.email_changed)
def _tell_the_new_address(
    user: User, from_email_address: Any, to_email_address: Any, **kwargs: Any
) -> None:
    """allauth tells the old one."""
    if from_email_address:
        get_adapter().send_notification_mail(
            "account/email/email_changed",
            user,
            {"from_email": from_email_address.email, "to_email": to_email_address.email},
            email=to_email_address.email,
        )
