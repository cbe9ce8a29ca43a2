"""The platform roles that PLATFORM_ROLES gives to an address, or to everybody of a domain.

Once: with the proof of the mailbox that ends a sign-up, and never where the role was changed
before. What a human decides later stays, whichever further address the person confirms.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_signed_up
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.events import Event
from accounts.models import User
from accounts.verbs import Verb


def role_for(email: str) -> str | None:
    """Return the role of this address, else of exactly its domain, else None."""
    roles: dict[str, str] = settings.PLATFORM_ROLES
    return roles.get(email) or roles.get(email.rpartition("@")[2])


def grant(person: User) -> None:
    """Give somebody who has just signed up the role of their only confirmed address."""
    confirmed = EmailAddress.objects.filter(user=person, verified=True).values_list("email")
    if not settings.PLATFORM_ROLES or len(confirmed) != 1 or _was_decided(person):
        return
    if role := role_for(confirmed[0][0]):
        person.change_role(role, by=None)


def _was_decided(person: User) -> bool:
    changes = Event.objects.filter(subject_id=person.pk, verb=Verb.ROLE_CHANGED)
    return person.is_staff or changes.exists()


@receiver(user_signed_up)
def _signed_up(user: User, sociallogin: SocialLogin | None = None, **_: Any) -> None:
    """A pass proved the address already; an account elsewhere if it could also open theirs here.

    Who left the company may still have an account at GitHub with the address they had there.
    """
    if not sociallogin or get_adapter().can_authenticate_by_email(sociallogin, user.email):
        grant(user)


@receiver(email_confirmed)
def _confirmed(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    # Who is signed in adds an address to an account, or confirms somebody else's in the admin.
    if not request.user.is_authenticated:
        grant(email_address.user)
