"""What allauth and Django do to accounts, told to the audit trail.

Each line is written where the change is: in the transaction of the change, or, where allauth has
none, before it, since a line too many does less harm than one too few. Failures to sign in are as
many as the limits of sign-in let pass: what a limit stops is not looked at, and writes no line.
"""

from typing import Any

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import post_delete, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.claims import owner_of
from accounts.events import Event
from accounts.models import User
from accounts.verbs import Verb

RECOVERY_CODES = Authenticator.Type.RECOVERY_CODES


@receiver(account.user_logged_in)
def _signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    # The session's row comes later, with the answer.
    Event.record(Verb.SIGNED_IN, by=user, **_method(request, user))


@receiver(user_login_failed)
def _password_was_wrong(credentials: dict[str, Any], **kwargs: Any) -> None:
    """What was typed is told only if it is the address of an account."""
    _failed(owner_of(credentials.get("email") or ""), "password")


@receiver(account.login_code_rejected)
def _code_was_wrong(user: User, **kwargs: Any) -> None:
    _failed(user, "code")


@receiver(mfa.authentication_failed)
def _second_factor_was_wrong(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    _failed(user, authenticator.type)


@receiver(user_logged_out)
def _signed_out(user: User | None, **kwargs: Any) -> None:
    if user:
        Event.record(Verb.SIGNED_OUT, by=user)


@receiver(account.email_added)
def _email_added(email_address: EmailAddress, **kwargs: Any) -> None:
    _email(Verb.EMAIL_ADDED, email_address)


@receiver(account.email_confirmed)
def _email_confirmed(email_address: EmailAddress, **kwargs: Any) -> None:
    _email(Verb.EMAIL_CONFIRMED, email_address)


@receiver(account.email_changed)
def _email_changed(to_email_address: EmailAddress, **kwargs: Any) -> None:
    _email(Verb.EMAIL_CHANGED, to_email_address)


@receiver(post_delete, sender=EmailAddress)
def _email_removed(instance: EmailAddress, origin: Any, **kwargs: Any) -> None:
    if _is_meant(instance, origin):
        _email(Verb.EMAIL_REMOVED, instance)


@receiver(pre_save, sender=Authenticator)
def _factor_added(instance: Authenticator, **kwargs: Any) -> None:
    if instance._state.adding:
        is_codes = instance.type == RECOVERY_CODES
        verb = Verb.RECOVERY_CODES_MADE if is_codes else Verb.FACTOR_ADDED
        _about(instance.user, verb, type=instance.type)


@receiver(post_delete, sender=Authenticator)
def _factor_removed(instance: Authenticator, origin: Any, **kwargs: Any) -> None:
    """Recovery codes only ever go with the last other factor, or for new ones."""
    if _is_meant(instance, origin) and instance.type != RECOVERY_CODES:
        _about(instance.user, Verb.FACTOR_REMOVED, type=instance.type)


@receiver(pre_save, sender=SocialAccount)
def _provider_connected(instance: SocialAccount, **kwargs: Any) -> None:
    if instance._state.adding:
        _about(instance.user, Verb.PROVIDER_CONNECTED, provider=instance.provider)


@receiver(post_delete, sender=SocialAccount)
def _provider_removed(instance: SocialAccount, origin: Any, **kwargs: Any) -> None:
    if _is_meant(instance, origin):
        _about(instance.user, Verb.PROVIDER_REMOVED, provider=instance.provider)


def _about(owner: User, verb: Verb, **data: Any) -> None:
    """Record what happens to this person's account, whoever does it.

    That is who is signed in; else the owner, who has just proved to be it; or a command.
    """
    request = context.request
    by = owner if request else None
    if request and request.user.is_authenticated:
        by = request.user
    Event.record(verb, by=by, subject=None if by == owner else owner, **data)


def _email(verb: Verb, address: EmailAddress) -> None:
    _about(address.user, verb, personal={"email": address.email})


def _failed(person: User | None, method: str) -> None:
    Event.record(Verb.SIGN_IN_FAILED, by=None, subject=person, method=method)


def _is_meant(instance: Model, origin: Any) -> bool:
    """Whether this row was to be deleted, and does not merely go with its person."""
    return isinstance(instance, getattr(origin, "model", type(origin)))


def _method(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return how they signed in: by a password, code, passkey or provider, and a second factor."""
    told: dict[str, Any] = {}
    for record in get_authentication_records(request, user):
        if record["method"] == "mfa" and not record.get("passwordless"):
            told["second_factor"] = record["type"]
        else:
            told = {"method": "passkey" if record["method"] == "mfa" else record["method"]}
            told |= {"provider": record["provider"]} if "provider" in record else {}
    return told
