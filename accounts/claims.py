"""Whose account it is: the mailbox decides.

Anybody can sign up with anybody's address. Until somebody proves that the mailbox is theirs, the
account is nobody's; then everything goes that others may have put into it: their password, their
name, their keys, their accounts elsewhere and their sessions.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef
from django.http import HttpRequest

from accounts.models import Avatar, User
from accounts.statements import Param, Statement

TYPED = "typed_at_sign_up"

# Each gives one row at most. A sign-in asks both.
PROVED = Statement(
    lambda: EmailAddress.objects.select_related("user").filter(
        email=Param("email", CharField()), verified=True
    )
)
UNCLAIMED = Statement(
    lambda: User.objects.filter(
        ~Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)),
        email=Param("email", CharField()),
    ).order_by()
)


def owner_of(email: str) -> User | None:
    """Return the active account that is entered through this mailbox, or None.

    An address that somebody else left unconfirmed in their own account does not count.
    """
    address = next(iter(PROVED(email=email)), None)
    nobodys = unclaimed(email)  # asked in any case: an account takes no longer than none
    user = address.user if address else nobodys
    return user if user and user.is_active else None


def unclaimed(email: str) -> User | None:
    """Return the account of this address if nobody has proved yet that its mailbox is theirs."""
    return next(iter(UNCLAIMED(email=email)), None)


def is_claimed(user: User) -> bool:
    """Whether somebody has proved that the mailbox is theirs."""
    return EmailAddress.objects.filter(user=user, verified=True).exists()


def remember_typed(request: HttpRequest, user: User, *, name: str = "") -> None:
    """Keep the name and the password, now in `user`, that this browser typed, for `claim`."""
    typed = {"user": str(user.pk), "name": name, "password": user.password}
    request.session[TYPED] = typed


def claim(user: User, request: HttpRequest) -> None:
    """Hand the account to this browser, which has just proved that the mailbox is theirs.

    What it typed to sign up, or signed in with, stays or takes effect; the rest goes. Call it
    before the address counts as confirmed: an account that has a confirmed one is left alone.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if is_claimed(user):
            return
        records = get_authentication_records(request, user)
        _forget_stranger(user, {record["method"] for record in records})
        typed = request.session.pop(TYPED, {})
        if typed.get("user") == str(user.pk):
            user.name, user.password = typed["name"] or user.name, typed["password"]
        user.save(update_fields=["name", "password"])
        _delete_keys(user, records)
        user.sign_out_everywhere()


def confirm_mailbox(user: User, request: HttpRequest) -> None:
    """Confirm the address of an unclaimed account, which claims it for this browser."""
    if not is_claimed(user):
        address, _ = EmailAddress.objects.get_or_create(user=user, email=user.email)
        address.user = user
        get_adapter().confirm_email(request, address)


def _forget_stranger(user: User, methods: set[str]) -> None:
    # Sign-up makes its address the primary one; a person made in the admin got their name there.
    signed_up = EmailAddress.objects.filter(user=user, primary=True).exists()
    if signed_up and not methods & {"password", "socialaccount"}:
        user.name = ""
        Avatar.objects.filter(user=user).delete()
    if "password" not in methods and user.has_usable_password():
        user.set_unusable_password()


def _delete_keys(user: User, records: list[dict[str, Any]]) -> None:
    Authenticator.objects.filter(user=user).delete()
    accounts = SocialAccount.objects.filter(user=user)
    for record in records:
        if record["method"] == "socialaccount":
            accounts = accounts.exclude(provider=record["provider"], uid=record["uid"])
    accounts.delete()
